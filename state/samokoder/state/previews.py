"""Previews as rows: the intent before a container is made, the deadline, and how it ended."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema

STARTING, RUNNING, FAILED, STOPPED = "starting", "running", "failed", "stopped"
LIVE = (STARTING, RUNNING)
"""Phases in which containers may exist."""


@dataclass(frozen=True, slots=True)
class Preview:
    """See the table; ``spec`` is the engine's own encoding. Times are milliseconds."""

    id: str
    workspace_id: int
    owner_id: str | None
    title: str
    stack: str
    phase: str
    cause: str
    reason: str
    spec: bytes
    image: str
    command: str
    runtime: str
    engine: str
    code: str
    folder: str
    port: int
    created_at: int
    ready_at: int | None
    used_at: int
    deadline_at: int
    latest_at: int
    ended_at: int | None
    output: bytes | None


_COLUMNS = rows.columns(Preview, schema.Preview)


async def create(s: AsyncSession, preview: Preview, *, limit: int) -> bool:
    """Record the intent to start; False, and nothing recorded, when ``limit`` are live already.

    Counting and recording are one: two processes cannot both take the last place.
    """
    await dialect.serialise(s, "previews")
    if await count(s) >= limit:
        return False
    values = {name: getattr(preview, name) for name in Preview.__dataclass_fields__}
    await s.execute(insert(schema.Preview).values(values))
    return True


async def count(s: AsyncSession) -> int:
    """How many previews are live."""
    statement = select(func.count()).where(schema.Preview.phase.in_(LIVE))
    return (await s.execute(statement)).scalar_one()


async def get(s: AsyncSession, preview_id: str) -> Preview | None:
    row = (await s.execute(select(*_COLUMNS).where(schema.Preview.id == preview_id))).one_or_none()
    return Preview(*row) if row else None


async def matching(s: AsyncSession, prefix: str, *, limit: int = 10) -> tuple[Preview, ...]:
    """Previews whose id begins so, oldest first."""
    statement = (
        select(*_COLUMNS)
        .where(schema.Preview.id >= prefix, schema.Preview.id < prefix + "~")
        .order_by(schema.Preview.id)
        .limit(limit)
    )
    return tuple(Preview(*row) for row in await s.execute(statement))


async def listing(
    s: AsyncSession,
    *,
    workspace_id: int | None = None,
    phases: Collection[str] = (),
    limit: int = 50,
) -> tuple[Preview, ...]:
    """The newest first."""
    statement = select(*_COLUMNS).order_by(schema.Preview.id.desc()).limit(limit)
    if workspace_id is not None:
        statement = statement.where(schema.Preview.workspace_id == workspace_id)
    if phases:
        statement = statement.where(schema.Preview.phase.in_(tuple(phases)))
    return tuple(Preview(*row) for row in await s.execute(statement))


async def update_live(s: AsyncSession, preview_id: str, values: Mapping[str, object]) -> bool:
    """Change a live preview; False when it has ended meanwhile."""
    statement = (
        update(schema.Preview)
        .where(schema.Preview.id == preview_id, schema.Preview.phase.in_(LIVE))
        .values(dict(values))
        .returning(schema.Preview.id)
    )
    return (await s.execute(statement)).first() is not None


async def end(
    s: AsyncSession, preview_id: str, *, phase: str, cause: str = "", reason: str = ""
) -> bool:
    """Record how it ended; False when that was recorded before."""
    values = {"phase": phase, "cause": cause, "reason": reason, "ended_at": clock.now_ms()}
    return await update_live(s, preview_id, {**values, "owner_id": None, "port": 0})


async def keep_output(s: AsyncSession, preview_id: str, output: bytes) -> None:
    """Keep the end of what it printed."""
    statement = update(schema.Preview).where(schema.Preview.id == preview_id)
    await s.execute(statement.values(output=output))


async def use(s: AsyncSession, preview_id: str, at: int, lifetime: int) -> int:
    """It was used at ``at``: the deadline moves, up to its latest; the deadline that holds now."""
    preview = await get(s, preview_id)
    if preview is None:
        return 0
    deadline = max(preview.deadline_at, min(at + lifetime, preview.latest_at))
    values = {"used_at": max(preview.used_at, at), "deadline_at": deadline}
    await update_live(s, preview_id, values)
    return deadline


async def forget(s: AsyncSession, before: int) -> int:
    """Remove the rows of previews that ended before this time; how many."""
    statement = (
        delete(schema.Preview).where(schema.Preview.ended_at < before).returning(schema.Preview.id)
    )
    return len((await s.execute(statement)).all())


async def state_facts(s: AsyncSession, preview_id: str, kind: str, texts: Iterable[str]) -> None:
    """Replace what is recorded of one kind."""
    table = schema.PreviewFact
    await s.execute(delete(table).where(table.preview_id == preview_id, table.kind == kind))
    found = [
        {"preview_id": preview_id, "kind": kind, "position": i, "text": text}
        for i, text in enumerate(texts)
    ]
    if found:
        await s.execute(insert(table), found)


async def facts(s: AsyncSession, ids: Iterable[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What is recorded of these previews, by id and kind."""
    table = schema.PreviewFact
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for batch in rows.batches(ids):
        statement = (
            select(table.preview_id, table.kind, table.text)
            .where(table.preview_id.in_(batch))
            .order_by(table.preview_id, table.kind, table.position)
        )
        for preview_id, kind, text in await s.execute(statement):
            key = (preview_id, kind)
            found[key] = (*found.get(key, ()), text)
    return found
