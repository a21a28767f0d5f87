"""Runs: created once, moved by compare-and-set, never by looking first and writing later."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, rows, schema


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """For the user's answer."""
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LIMITED = "limited"
    """Stopped at a limit; may be resumed with more."""
    CANCELLED = "cancelled"
    UNDONE = "undone"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
"""States in which a process must be working for the run."""
OPEN = ACTIVE | {RunState.PAUSED}
FINISHED = frozenset(RunState) - OPEN


@dataclass(frozen=True, slots=True)
class Run:
    """``arguments`` and ``result`` are the engine's own encoding."""

    id: str
    workspace_id: int
    parent_id: str | None
    kind: str
    title: str
    state: RunState
    reason: str
    client: str
    arguments: bytes
    result: bytes | None
    base_snapshot_id: int | None
    owner_id: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    cancel_at: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RunState(self.state))


_COLUMNS = rows.columns(Run, schema.Run)


async def create(
    s: AsyncSession,
    *,
    workspace_id: int,
    kind: str,
    title: str = "",
    arguments: bytes = b"",
    client: str = "",
    parent_id: str | None = None,
    owner_id: str | None = None,
) -> Run:
    """A queued run. ``kind`` is the command's verb, ``client`` who asked for it."""
    run = Run(
        id=clock.new_id(),
        workspace_id=workspace_id,
        parent_id=parent_id,
        kind=kind,
        title=title,
        state=RunState.QUEUED,
        reason="",
        client=client,
        arguments=arguments,
        result=None,
        base_snapshot_id=None,
        owner_id=owner_id,
        created_at=clock.now_ms(),
        started_at=None,
        finished_at=None,
        cancel_at=None,
    )
    values = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    await s.execute(insert(schema.Run).values(values))
    return run


async def get(s: AsyncSession, run_id: str) -> Run | None:
    row = (await s.execute(select(*_COLUMNS).where(schema.Run.id == run_id))).one_or_none()
    return Run(*row) if row else None


async def matching(s: AsyncSession, prefix: str, *, limit: int = 10) -> tuple[Run, ...]:
    """Runs whose id begins so, oldest first: what a person types is often cut short."""
    statement = (
        select(*_COLUMNS)
        .where(schema.Run.id >= prefix, schema.Run.id < prefix + "~")
        .order_by(schema.Run.id)
        .limit(limit)
    )
    return tuple(Run(*row) for row in await s.execute(statement))


async def newest(
    s: AsyncSession,
    *,
    workspace_id: int | None = None,
    states: Collection[RunState] = (),
    kind: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> tuple[Run, ...]:
    """Newest first. ``before`` is the id of the last run of the previous page."""
    statement = select(*_COLUMNS).order_by(schema.Run.id.desc()).limit(limit)
    if workspace_id is not None:
        statement = statement.where(schema.Run.workspace_id == workspace_id)
    if states:
        statement = statement.where(schema.Run.state.in_([str(state) for state in states]))
    if kind is not None:
        statement = statement.where(schema.Run.kind == kind)
    if before is not None:
        statement = statement.where(schema.Run.id < before)
    return tuple(Run(*row) for row in await s.execute(statement))


async def count(s: AsyncSession, *, workspace_id: int | None = None) -> dict[RunState, int]:
    """How many runs are in each state; states without one are left out."""
    statement = select(schema.Run.state, func.count()).group_by(schema.Run.state)
    if workspace_id is not None:
        statement = statement.where(schema.Run.workspace_id == workspace_id)
    return {RunState(state): number for state, number in await s.execute(statement)}


async def move(
    s: AsyncSession,
    run_id: str,
    *,
    to: RunState,
    expect: Collection[RunState],
    reason: str = "",
    owner_id: str | None = None,
) -> bool:
    """Go to ``to`` if the run is in one of ``expect``; False, and nothing changed, if it is not.

    With ``owner_id`` also only if that owner still has the run. Finished runs lose their owner.
    """
    now = clock.now_ms()
    values: dict[str, object] = {"state": str(to), "reason": reason, "finished_at": None}
    if to in FINISHED:
        values |= {"finished_at": now, "owner_id": None}
    if to is RunState.RUNNING:
        values["started_at"] = func.coalesce(schema.Run.started_at, now)
    statement = update(schema.Run).where(
        schema.Run.id == run_id, schema.Run.state.in_([str(state) for state in expect])
    )
    if owner_id is not None:
        statement = statement.where(schema.Run.owner_id == owner_id)
    result = await s.execute(statement.values(values).returning(schema.Run.id))
    return result.first() is not None


async def claim(
    s: AsyncSession, run_id: str, owner_id: str, *, instead_of: str | None = None
) -> bool:
    """Own an open run that belongs to ``instead_of`` (None: to nobody); False if it does not."""
    statement = (
        update(schema.Run)
        .where(schema.Run.id == run_id, schema.Run.state.in_([str(state) for state in OPEN]))
        .where(schema.Run.owner_id.is_not_distinct_from(instead_of))
        .values(owner_id=owner_id)
        .returning(schema.Run.id)
    )
    return (await s.execute(statement)).first() is not None


async def orphans(s: AsyncSession) -> tuple[Run, ...]:
    """Active runs nobody owns, oldest first. Bury dead owners before (``owners.dead``)."""
    statement = (
        select(*_COLUMNS)
        .where(schema.Run.owner_id.is_(None))
        .where(schema.Run.state.in_([str(state) for state in ACTIVE]))
        .order_by(schema.Run.id)
    )
    return tuple(Run(*row) for row in await s.execute(statement))


async def owned(s: AsyncSession, owner_id: str) -> tuple[str, ...]:
    """Ids of the open runs this owner has."""
    statement = select(schema.Run.id).where(
        schema.Run.owner_id == owner_id, schema.Run.state.in_([str(state) for state in OPEN])
    )
    return tuple((await s.execute(statement)).scalars())


async def set_arguments(s: AsyncSession, run_id: str, arguments: bytes) -> None:
    """Change what an ended or paused run is to do when it is taken up again."""
    statement = update(schema.Run).where(schema.Run.id == run_id)
    await s.execute(statement.values(arguments=arguments))


async def finish(s: AsyncSession, run_id: str, result: bytes) -> None:
    """Record the run's result; its state is moved separately, in the same transaction."""
    await s.execute(update(schema.Run).where(schema.Run.id == run_id).values(result=result))


async def set_base(s: AsyncSession, run_id: str, snapshot_id: int) -> None:
    """Record the snapshot the run began with."""
    statement = update(schema.Run).where(schema.Run.id == run_id)
    await s.execute(statement.values(base_snapshot_id=snapshot_id))


async def request_cancel(s: AsyncSession, run_id: str) -> bool:
    """Ask an open run to end, from any process; False when it has ended already."""
    statement = (
        update(schema.Run)
        .where(schema.Run.id == run_id, schema.Run.state.in_([str(state) for state in OPEN]))
        .values(cancel_at=func.coalesce(schema.Run.cancel_at, clock.now_ms()))
        .returning(schema.Run.id)
    )
    return (await s.execute(statement)).first() is not None


async def to_cancel(s: AsyncSession, owner_id: str) -> tuple[str, ...]:
    """Ids of this owner's open runs somebody asked to end."""
    statement = select(schema.Run.id).where(
        schema.Run.owner_id == owner_id,
        schema.Run.cancel_at.is_not(None),
        schema.Run.state.in_([str(state) for state in OPEN]),
    )
    return tuple((await s.execute(statement)).scalars())


async def cancel_requested(s: AsyncSession, run_id: str) -> bool:
    """Whether somebody asked the run to end."""
    statement = select(schema.Run.cancel_at).where(schema.Run.id == run_id)
    return (await s.execute(statement)).scalar() is not None
