"""What models said about hunks, by the hash of everything the answer depends on."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Reviewed:
    """``answer`` is as the reviewer encoded it; ``tokens`` what it cost."""

    key: bytes
    answer: bytes
    tokens: int


_COLUMNS = rows.columns(Reviewed, schema.Reviewed)


async def known(s: AsyncSession, keys: Collection[bytes]) -> dict[bytes, Reviewed]:
    """The answers that are there, by key."""
    found: dict[bytes, Reviewed] = {}
    for batch in rows.batches(keys):
        for row in await s.execute(select(*_COLUMNS).where(schema.Reviewed.key.in_(batch))):
            found[row[0]] = Reviewed(*row)
    return found


async def remember(s: AsyncSession, workspace_id: int, said: Collection[Reviewed]) -> None:
    """Keep answers; a newer one replaces an older."""
    now = clock.now_ms()
    for batch in rows.batches(said, 100):
        values = [
            {"key": one.key, "workspace_id": workspace_id, "answer": one.answer,
             "tokens": one.tokens, "used_at": now}
            for one in {one.key: one for one in batch}.values()
        ]  # fmt: skip
        statement = dialect.insert(s, schema.Reviewed).values(values)
        renewed = {name: statement.excluded[name] for name in ("answer", "tokens", "used_at")}
        await s.execute(statement.on_conflict_do_update(index_elements=["key"], set_=renewed))


async def touch(s: AsyncSession, keys: Collection[bytes]) -> None:
    """They were of use: keep them longer."""
    now = clock.now_ms()
    for batch in rows.batches(keys):
        table = schema.Reviewed
        await s.execute(update(table).where(table.key.in_(batch)).values(used_at=now))
