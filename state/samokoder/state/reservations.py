"""Budgets: the worst case of a call is reserved before it and replaced by the truth after it.

Sums over reservations decide, not counters, so nothing can drift. A day is a UTC day.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, schema

HELD = "held"
SETTLED = "settled"
RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used in all, reserved included; None means no limit."""

    tokens: int | None = None
    micros: int | None = None
    calls: int | None = None
    tokens_per_day: int | None = None
    micros_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Held and settled together. ``unpriced`` counts reservations without a known price."""

    tokens: int
    micros: int
    calls: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """Go ahead; settle or release this number."""

    id: int


@dataclass(frozen=True, slots=True)
class Broken:
    """``limit`` is a field of :class:`Limits`; ``used`` and ``asked`` exceed ``allowed``."""

    limit: str
    used: int
    asked: int
    allowed: int


async def reserve(
    s: AsyncSession,
    run_id: str,
    limits: Limits,
    *,
    tokens: int,
    micros: int | None,
    calls: int = 1,
    now: int | None = None,
) -> Reserved | Broken:
    """Hold the worst case, or name the first limit it would break; then nothing is held.

    ``micros`` None: the price is unknown, the call counts in tokens only.
    """
    at = clock.now_ms() if now is None else now
    await dialect.serialise(s, "budgets")
    run, day = await _both(s, run_id, clock.midnight(at))
    checks = [
        ("tokens", run.tokens, tokens, limits.tokens),
        ("micros", run.micros, micros or 0, limits.micros),
        ("calls", run.calls, calls, limits.calls),
    ]
    if limits.tokens_per_day is not None or limits.micros_per_day is not None:
        checks.append(("tokens_per_day", day.tokens, tokens, limits.tokens_per_day))
        checks.append(("micros_per_day", day.micros, micros or 0, limits.micros_per_day))
    for limit, spent, asked, allowed in checks:
        if allowed is not None and asked and spent + asked > allowed:
            return Broken(limit, spent, asked, allowed)
    values: dict[str, Any] = {"tokens": tokens, "micros": micros, "calls": calls}
    statement = (
        insert(schema.Reservation)
        .values(run_id=run_id, state=HELD, created_at=at, **values)
        .returning(schema.Reservation.id)
    )
    return Reserved((await s.execute(statement)).scalar_one())


async def used(s: AsyncSession, *, run_id: str | None = None, since: int | None = None) -> Used:
    """What a run, or everything since a moment, holds and has spent."""
    table = schema.Reservation
    live = table.state != RELEASED
    statement = select(
        func.coalesce(func.sum(table.tokens), 0),
        func.coalesce(func.sum(table.micros), 0),
        func.coalesce(func.sum(table.calls), 0),
        func.count() - func.count(table.micros),
    ).where(live)
    if run_id is not None:
        statement = statement.where(table.run_id == run_id)
    if since is not None:
        statement = statement.where(table.created_at >= since)
    row = (await s.execute(statement)).one()
    return Used(*(int(value) for value in row))


async def _both(s: AsyncSession, run_id: str, since: int) -> tuple[Used, Used]:
    """What a run, and everything since a moment, holds and has spent: one look for both."""
    table = schema.Reservation
    mine, late = table.run_id == run_id, table.created_at >= since
    columns = [
        expression
        for which in (mine, late)
        for expression in (
            func.coalesce(func.sum(table.tokens).filter(which), 0),
            func.coalesce(func.sum(table.micros).filter(which), 0),
            func.coalesce(func.sum(table.calls).filter(which), 0),
            func.count().filter(which) - func.count(table.micros).filter(which),
        )
    ]
    live = table.state != RELEASED
    row = (await s.execute(select(*columns).where(live, or_(mine, late)))).one()
    values = [int(value) for value in row]
    return Used(*values[:4]), Used(*values[4:])


async def settle(s: AsyncSession, reservation_id: int, *, tokens: int, micros: int | None) -> bool:
    """Replace the worst case by what it took; False when that was done before."""
    return await _close(s, reservation_id, SETTLED, tokens=tokens, micros=micros)


async def release(s: AsyncSession, reservation_id: int) -> bool:
    """Give it back: the call was never sent."""
    return await _close(s, reservation_id, RELEASED)


async def recover(s: AsyncSession, run_id: str) -> int:
    """After a crash: what was held for a call that was sent stays spent at its worst case, the
    rest is given back. How many were still held."""
    table = schema.Reservation
    sent = select(schema.ModelCall.reservation_id).where(
        schema.ModelCall.reservation_id.is_not(None)
    )
    held = update(table).where(table.run_id == run_id, table.state == HELD)
    now = clock.now_ms()
    kept = held.where(table.id.in_(sent)).values(state=SETTLED, settled_at=now)
    given = held.where(table.id.not_in(sent)).values(state=RELEASED, settled_at=now)
    count = 0
    for statement in (kept, given):
        count += len((await s.execute(statement.returning(table.id))).all())
    return count


async def _close(s: AsyncSession, reservation_id: int, state: str, **values: int | None) -> bool:
    statement = (
        update(schema.Reservation)
        .where(schema.Reservation.id == reservation_id, schema.Reservation.state == HELD)
        .values(state=state, settled_at=clock.now_ms(), **values)
        .returning(schema.Reservation.id)
    )
    return (await s.execute(statement)).first() is not None
