"""The usage ledger: every attempt of every model call, failed ones included."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, rows, schema


class CallState(StrEnum):
    IN_FLIGHT = "in_flight"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """In flight when the process died: it may have been answered, and paid."""


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt. Token counts are None until it ended; ``micros`` also when no price is known."""

    id: int
    run_id: str
    step_id: int | None
    reservation_id: int | None
    key: str
    request_hash: bytes
    attempt: int
    role: str
    agent: str
    provider: str
    model: str
    state: CallState
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    estimated: bool
    micros: int | None
    error_code: str
    error: str
    started_at: int
    finished_at: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", CallState(self.state))


@dataclass(frozen=True, slots=True)
class Total:
    """Sums of one group (``name`` is the run, agent, model … or, for days, midnight UTC in ms).

    ``unpriced`` counts attempts whose price is unknown, ``failed`` and ``unknown`` those states.
    """

    name: str
    calls: int
    failed: int
    unknown: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    micros: int
    unpriced: int


_COLUMNS = rows.columns(Call, schema.ModelCall)


async def start(
    s: AsyncSession,
    run_id: str,
    *,
    request_hash: str,
    provider: str,
    model: str,
    role: str,
    key: str = "",
    agent: str = "",
    step_id: int | None = None,
    reservation_id: int | None = None,
) -> Call:
    """An attempt is about to be sent. Attempts of one key and request are numbered from 1."""
    name = bytes.fromhex(request_hash)
    earlier = (
        select(func.count() + 1)
        .where(schema.ModelCall.run_id == run_id, schema.ModelCall.request_hash == name)
        .where(schema.ModelCall.key == key)
    )
    statement = (
        insert(schema.ModelCall)
        .values(
            run_id=run_id,
            step_id=step_id,
            reservation_id=reservation_id,
            key=key,
            request_hash=name,
            attempt=earlier.scalar_subquery(),
            role=role,
            agent=agent,
            provider=provider,
            model=model,
            state=CallState.IN_FLIGHT.value,
            estimated=False,
            error_code="",
            error="",
            started_at=clock.now_ms(),
        )
        .returning(*_COLUMNS)
    )
    return Call(*(await s.execute(statement)).one())


async def succeed(
    s: AsyncSession,
    call_id: int,
    answer: bytes,
    *,
    tokens_in: int,
    tokens_out: int,
    tokens_cached: int = 0,
    estimated: bool = False,
    micros: int | None = None,
) -> None:
    """It was answered. Do this in a durable session: the answer was paid for."""
    await _finish(
        s,
        call_id,
        CallState.OK,
        answer_id=await blobs.number(s, answer),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=tokens_cached,
        estimated=estimated,
        micros=micros,
    )


async def fail(
    s: AsyncSession,
    call_id: int,
    code: str,
    error: str,
    *,
    tokens_in: int = 0,
    tokens_out: int = 0,
    estimated: bool = False,
    micros: int | None = None,
) -> None:
    """It was not; what it used nevertheless is counted."""
    await _finish(
        s,
        call_id,
        CallState.FAILED,
        error_code=code,
        error=error.replace("\0", ""),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cached=0,
        estimated=estimated,
        micros=micros,
    )


async def answered(
    s: AsyncSession, run_id: str, request_hash: str, *, key: str | None = None
) -> bytes | None:
    """The journalled answer to this request in this run; with ``key`` only to that question."""
    statement = (
        select(schema.Blob.hash)
        .join(schema.ModelCall, schema.ModelCall.answer_id == schema.Blob.id)
        .where(schema.ModelCall.run_id == run_id)
        .where(schema.ModelCall.request_hash == bytes.fromhex(request_hash))
        .order_by(schema.ModelCall.id)
    )
    if key is not None:
        statement = statement.where(schema.ModelCall.key == key)
    found = (await s.execute(statement)).scalars().first()
    return await blobs.get(s, found.hex()) if found else None


async def abandon(s: AsyncSession, run_id: str) -> int:
    """After a crash: what was in flight is of unknown outcome. How many there were."""
    statement = (
        update(schema.ModelCall)
        .where(schema.ModelCall.run_id == run_id)
        .where(schema.ModelCall.state == CallState.IN_FLIGHT.value)
        .values(state=CallState.UNKNOWN.value, finished_at=clock.now_ms())
        .returning(schema.ModelCall.id)
    )
    return len((await s.execute(statement)).all())


async def listing(s: AsyncSession, run_id: str) -> tuple[Call, ...]:
    """Every attempt of the run, the oldest first."""
    statement = select(*_COLUMNS).where(schema.ModelCall.run_id == run_id)
    return tuple(Call(*row) for row in await s.execute(statement.order_by(schema.ModelCall.id)))


async def totals(
    s: AsyncSession,
    by: Literal["all", "run", "agent", "role", "model", "provider", "day"] = "all",
    *,
    run_id: str | None = None,
    workspace_id: int | None = None,
    since: int | None = None,
) -> tuple[Total, ...]:
    """Sums per group, the busiest first (days: the newest first)."""
    call = schema.ModelCall
    groups: dict[str, Any] = {
        "run": call.run_id,
        "agent": call.agent,
        "role": call.role,
        "model": call.provider + ":" + call.model,
        "provider": call.provider,
        "day": call.started_at - call.started_at % clock.DAY_MS,
    }
    group = groups.get(by)
    columns = (
        func.count(),
        func.count().filter(call.state == CallState.FAILED.value),
        func.count().filter(call.state == CallState.UNKNOWN.value),
        func.coalesce(func.sum(call.tokens_in), 0),
        func.coalesce(func.sum(call.tokens_out), 0),
        func.coalesce(func.sum(call.tokens_cached), 0),
        func.coalesce(func.sum(call.micros), 0),
        func.count() - func.count(call.micros),
    )
    statement: Any = select(*columns) if group is None else select(group.label("name"), *columns)
    if run_id is not None:
        statement = statement.where(call.run_id == run_id)
    if workspace_id is not None:
        runs = select(schema.Run.id).where(schema.Run.workspace_id == workspace_id)
        statement = statement.where(call.run_id.in_(runs))
    if since is not None:
        statement = statement.where(call.started_at >= since)
    if group is not None:
        order = group.desc() if by == "day" else func.count().desc()
        statement = statement.group_by("name").order_by(order)
    found = (await s.execute(statement)).all()
    if group is None:
        return tuple(Total("", *(int(value) for value in row)) for row in found)
    return tuple(Total(str(row[0]), *(int(value) for value in row[1:])) for row in found)


async def _finish(s: AsyncSession, call_id: int, state: CallState, **values: Any) -> None:
    await s.execute(
        update(schema.ModelCall)
        .where(schema.ModelCall.id == call_id)
        .values(state=state.value, finished_at=clock.now_ms(), **values)
    )
