"""Notices: what the user should read once, kept until it was."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, rows, schema


@dataclass(frozen=True, slots=True)
class Notice:
    """``level`` is info, warning or error."""

    id: int
    run_id: str | None
    workspace_id: int | None
    level: str
    text: str
    created_at: int
    read_at: int | None


_COLUMNS = rows.columns(Notice, schema.Notice)


async def add(
    s: AsyncSession,
    level: str,
    text: str,
    *,
    run_id: str | None = None,
    workspace_id: int | None = None,
) -> Notice:
    """An unread notice."""
    values = {"run_id": run_id, "workspace_id": workspace_id, "created_at": clock.now_ms()}
    statement = insert(schema.Notice).values(level=level, text=text, **values).returning(*_COLUMNS)
    return Notice(*(await s.execute(statement)).one())


async def unread(s: AsyncSession, *, workspace_id: int | None = None) -> tuple[Notice, ...]:
    """Unread notices, the oldest first; with a workspace its own and those of none."""
    statement = select(*_COLUMNS).where(schema.Notice.read_at.is_(None))
    if workspace_id is not None:
        none = schema.Notice.workspace_id.is_(None)
        statement = statement.where(or_(none, schema.Notice.workspace_id == workspace_id))
    return tuple(Notice(*row) for row in await s.execute(statement.order_by(schema.Notice.id)))


async def mark_read(s: AsyncSession, ids: Iterable[int]) -> int:
    """Mark notices as read; how many were not."""
    changed = 0
    for batch in rows.batches(ids):
        statement = (
            update(schema.Notice)
            .where(schema.Notice.id.in_(batch), schema.Notice.read_at.is_(None))
            .values(read_at=clock.now_ms())
            .returning(schema.Notice.id)
        )
        changed += len((await s.execute(statement)).all())
    return changed
