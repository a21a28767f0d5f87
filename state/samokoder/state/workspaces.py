"""Workspaces: one row per folder an engine has worked in."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Workspace:
    id: int
    root: str
    created_at: int
    seen_at: int


_COLUMNS = rows.columns(Workspace, schema.Workspace)


async def ensure(s: AsyncSession, root: str) -> Workspace:
    """The workspace of this absolute path, made when it is new."""
    now = clock.now_ms()
    statement = (
        dialect.insert(s, schema.Workspace)
        .values(root=root, created_at=now, seen_at=now)
        .on_conflict_do_update(index_elements=["root"], set_={"seen_at": now})
        .returning(*_COLUMNS)
    )
    return Workspace(*(await s.execute(statement)).one())


async def get(s: AsyncSession, workspace_id: int) -> Workspace | None:
    statement = select(*_COLUMNS).where(schema.Workspace.id == workspace_id)
    row = (await s.execute(statement)).one_or_none()
    return Workspace(*row) if row else None


async def find(s: AsyncSession, root: str) -> Workspace | None:
    """The workspace of this absolute path, if anything was ever done there."""
    row = (await s.execute(select(*_COLUMNS).where(schema.Workspace.root == root))).one_or_none()
    return Workspace(*row) if row else None


async def listing(s: AsyncSession) -> tuple[Workspace, ...]:
    """All workspaces, the most recently used first."""
    order = schema.Workspace.seen_at.desc(), schema.Workspace.id.desc()
    found = await s.execute(select(*_COLUMNS).order_by(*order))
    return tuple(Workspace(*row) for row in found)
