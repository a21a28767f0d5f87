"""The numbered stream of what happened, and how far each client has seen it.

Numbers rise in the order of the commits: whoever appends holds the stream until the transaction
ends, so append last. A client that confirms what it has shown (``acknowledge``) and asks for what
follows (``pending``) sees every event exactly once, also after it was away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Event:
    """``facts`` is a JSON object as text."""

    number: int
    run_id: str | None
    workspace_id: int | None
    kind: str
    facts: str
    at: int


_COLUMNS = rows.columns(Event, schema.Event)


async def append(
    s: AsyncSession,
    kind: str,
    facts: str = "{}",
    *,
    run_id: str | None = None,
    workspace_id: int | None = None,
) -> int:
    """Add one event; its number."""
    await dialect.serialise(s, "events")
    statement = (
        insert(schema.Event)
        .values(run_id=run_id, workspace_id=workspace_id, kind=kind, facts=facts, at=clock.now_ms())
        .returning(schema.Event.number)
    )
    return (await s.execute(statement)).scalar_one()


async def after(
    s: AsyncSession,
    number: int,
    *,
    run_id: str | None = None,
    workspace_id: int | None = None,
    limit: int = 500,
) -> tuple[Event, ...]:
    """Events after this number, in order; of one run or workspace where given."""
    statement = select(*_COLUMNS).where(schema.Event.number > number)
    if run_id is not None:
        statement = statement.where(schema.Event.run_id == run_id)
    if workspace_id is not None:
        statement = statement.where(schema.Event.workspace_id == workspace_id)
    statement = statement.order_by(schema.Event.number).limit(limit)
    return tuple(Event(*row) for row in await s.execute(statement))


async def last(s: AsyncSession) -> int:
    """The number of the newest event, 0 when there is none."""
    return (await s.execute(select(func.max(schema.Event.number)))).scalar() or 0


async def subscribe(s: AsyncSession, client: str) -> int:
    """The client's place in the stream; a new client's is the end of it."""
    statement = (
        dialect.insert(s, schema.Cursor)
        .values(client=client, number=await last(s), updated_at=clock.now_ms())
        .on_conflict_do_update(index_elements=["client"], set_={"updated_at": clock.now_ms()})
        .returning(schema.Cursor.number)
    )
    number: int = (await s.execute(statement)).scalar_one()
    return number


async def pending(
    s: AsyncSession, client: str, *, workspace_id: int | None = None, limit: int = 500
) -> tuple[Event, ...]:
    """What the client has not confirmed yet; nothing for a client that never subscribed."""
    statement = select(*_COLUMNS).join(schema.Cursor, schema.Cursor.client == client)
    statement = statement.where(schema.Event.number > schema.Cursor.number)
    if workspace_id is not None:
        none = schema.Event.workspace_id.is_(None)
        statement = statement.where(or_(none, schema.Event.workspace_id == workspace_id))
    statement = statement.order_by(schema.Event.number).limit(limit)
    return tuple(Event(*row) for row in await s.execute(statement))


async def acknowledge(s: AsyncSession, client: str, number: int) -> bool:
    """Everything up to ``number`` has been shown; False when that was known. Never goes back."""
    statement = (
        update(schema.Cursor)
        .where(schema.Cursor.client == client, schema.Cursor.number < number)
        .values(number=number, updated_at=clock.now_ms())
        .returning(schema.Cursor.number)
    )
    return (await s.execute(statement)).first() is not None


async def acknowledge_all(s: AsyncSession, places: Mapping[str, int]) -> None:
    """As :func:`acknowledge`, for many clients at once."""
    table, now = cast("Table", schema.Cursor.__table__), clock.now_ms()
    statement = (
        update(table)
        .where(table.c.client == bindparam("name"), table.c.number < bindparam("place"))
        .values(number=bindparam("place"), updated_at=now)
    )
    rows = [{"name": name, "place": place} for name, place in places.items()]
    if rows:
        await (await s.connection()).execute(statement, rows)
