"""The usage ledger: every attempt of every model call, failed ones included."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, rows, schema, usage


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
    call = Call(*(await s.execute(statement)).one())
    await usage.add(s, call.id, calls=1, unpriced=1)
    return call


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
    lost = (await s.execute(statement)).scalars().all()
    for call_id in lost:
        await usage.add(s, call_id, unknown=1)
    return len(lost)


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
    """Sums per group, the busiest first (days: the newest first).

    Without a run they come from the daily sums, which outlive the runs; ``since`` is then rounded
    down to its UTC day.
    """
    if run_id is not None or by == "run":
        found = await usage.of_calls(s, by, run_id, workspace_id, since)
    else:
        found = await usage.of_days(s, by, workspace_id, since)
    return tuple(Total(str(name), *(int(value) for value in sums)) for name, *sums in found)


async def _finish(s: AsyncSession, call_id: int, state: CallState, **values: Any) -> None:
    table = schema.ModelCall
    open_states = (CallState.IN_FLIGHT.value, CallState.UNKNOWN.value)
    held = select(table.state).where(table.id == call_id, table.state.in_(open_states))
    before = (await s.execute(held.with_for_update())).scalar()
    if before is None:  # settled already
        return
    await s.execute(
        update(table)
        .where(table.id == call_id)
        .values(state=state.value, finished_at=clock.now_ms(), **values)
    )
    priced = values["micros"] is not None
    await usage.add(
        s,
        call_id,
        failed=int(state is CallState.FAILED),
        unknown=-int(before == CallState.UNKNOWN),
        tokens_in=values["tokens_in"],
        tokens_out=values["tokens_out"],
        tokens_cached=values["tokens_cached"],
        micros=values["micros"] or 0,
        unpriced=-int(priced),
    )
