"""Contents by their SHA-256, stored once, compressed where that makes them smaller."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema
from samokoder.state.errors import StateDamaged

FRESH_MS = 3_600_000
"""A blob named again after this long is marked as used; collection spares what was used lately."""
_INLINE = 64 << 10
"""Bytes hashed and packed right here (about 1 ms); more goes to a thread."""


def name(data: bytes) -> str:
    """The content's name: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


async def put(s: AsyncSession, data: bytes) -> str:
    """Store one content; its name."""
    (found,) = await put_many(s, [data])
    return found


async def put_many(s: AsyncSession, contents: Iterable[bytes]) -> tuple[str, ...]:
    """Store contents, each once; their names in the order given."""
    given = list(contents)
    small = sum(len(data) for data in given) <= _INLINE
    hashes = _hashes(given) if small else await run_sync(_hashes, given)
    known = await _look(s, hashes)
    new = {
        key: data
        for key, data in zip(hashes, given, strict=True)
        if key not in known or not known[key].stored
    }
    packed = _packed(new) if small else await run_sync(_packed, new)
    for batch in rows.batches(packed, 100):
        await s.execute(_insertion(s), batch)
    return tuple(key.hex() for key in hashes)


async def number(s: AsyncSession, data: bytes) -> int:
    """Store one content; its row number, for other tables to point to."""
    (key,) = await run_sync(_hashes, [data]) if len(data) > _INLINE else _hashes([data])
    known = (await _look(s, [key])).get(key)
    if known is not None and known.stored:
        return known.id
    new = {key: data}
    packed = _packed(new) if len(data) <= _INLINE else await run_sync(_packed, new)
    await s.execute(_insertion(s), packed)
    return (await _look(s, [key]))[key].id


async def get(s: AsyncSession, hash: str) -> bytes:
    """One content; KeyError when it is not stored, :class:`StateDamaged` when it was altered."""
    return (await get_many(s, [hash]))[hash]


async def get_many(s: AsyncSession, hashes: Iterable[str]) -> dict[str, bytes]:
    """Contents by name; KeyError names the first that is not stored."""
    wanted = list(dict.fromkeys(hashes))
    found: dict[str, bytes] = {}
    for batch in rows.batches(wanted):
        statement = select(schema.Blob.hash, schema.Blob.packed, schema.Blob.data).where(
            schema.Blob.hash.in_([bytes.fromhex(item) for item in batch]),
            schema.Blob.data.is_not(None),
        )
        stored = [(key, packed, data or b"") for key, packed, data in await s.execute(statement)]
        size = sum(len(data) for _, _, data in stored)
        found |= _opened(stored) if size <= _INLINE else await run_sync(_opened, stored)
    return {item: found[item] for item in wanted}


async def missing(s: AsyncSession, hashes: Iterable[str]) -> frozenset[str]:
    """Of these names, those whose content is not stored."""
    wanted = {bytes.fromhex(item): item for item in hashes}
    known = await _look(s, wanted, touch=False)
    return frozenset(
        item for key, item in wanted.items() if key not in known or not known[key].stored
    )


async def ids(s: AsyncSession, sizes: Mapping[str, int]) -> dict[str, int]:
    """Row numbers by name; unknown names are noted with their size, without content."""
    wanted = {bytes.fromhex(key): size for key, size in sizes.items()}
    known = await _look(s, wanted)
    new = [key for key in wanted if key not in known]
    for batch in rows.batches(new):
        now = clock.now_ms()
        values = [{"hash": key, "size": wanted[key], "used_at": now} for key in batch]
        await s.execute(dialect.insert(s, schema.Blob).on_conflict_do_nothing(), values)
    if new:
        known |= await _look(s, new)
    return {key.hex(): row.id for key, row in known.items()}


async def stored(s: AsyncSession, hashes: Iterable[str]) -> dict[str, int]:
    """Row numbers of stored contents by name; KeyError names the first that is not stored."""
    wanted = {bytes.fromhex(key) for key in hashes}
    known = await _look(s, wanted)
    absent = [key for key in wanted if key not in known or not known[key].stored]
    if absent:
        raise KeyError(min(absent).hex())
    return {key.hex(): row.id for key, row in known.items()}


async def sizes(s: AsyncSession, hashes: Iterable[str]) -> dict[str, int]:
    """Sizes in bytes of known contents by name."""
    found: dict[str, int] = {}
    for batch in rows.batches({bytes.fromhex(key) for key in hashes}):
        statement = select(schema.Blob.hash, schema.Blob.size).where(schema.Blob.hash.in_(batch))
        found.update((key.hex(), size) for key, size in await s.execute(statement))
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    stored: bool


async def _look(
    s: AsyncSession, keys: Iterable[bytes], *, touch: bool = True
) -> dict[bytes, _Known]:
    """What is known of these names. Naming them marks them as used, once in a while."""
    table, now = schema.Blob, clock.now_ms()
    found: dict[bytes, _Known] = {}
    stale: list[int] = []
    for batch in rows.batches(keys):
        columns = table.hash, table.id, table.data.is_not(None), table.used_at
        for key, number, stored, used_at in await s.execute(
            select(*columns).where(table.hash.in_(batch))
        ):
            found[key] = _Known(number, bool(stored))
            if used_at < now - FRESH_MS:
                stale.append(number)
    for numbers in rows.batches(stale if touch else ()):
        await s.execute(update(table).where(table.id.in_(numbers)).values(used_at=now))
    return found


def _insertion(s: AsyncSession) -> Any:
    """Store a content, or fill the row that only named it."""
    statement = dialect.insert(s, schema.Blob)
    again = {name: statement.excluded[name] for name in ("data", "packed", "used_at")}
    return statement.on_conflict_do_update(
        index_elements=["hash"], set_=again, where=schema.Blob.data.is_(None)
    )


def _hashes(contents: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(data).digest() for data in contents]


def _packed(contents: Mapping[bytes, bytes]) -> list[dict[str, object]]:
    now, values = clock.now_ms(), []
    for key, data in contents.items():
        small = zlib.compress(data, 6)
        shorter = len(small) < len(data)
        values.append(
            {
                "hash": key,
                "size": len(data),
                "packed": shorter,
                "data": small if shorter else data,
                "used_at": now,
            }
        )
    return values


def _opened(stored: list[tuple[bytes, bool, bytes]]) -> dict[str, bytes]:
    found = {}
    for key, packed, data in stored:
        try:
            whole = zlib.decompress(data) if packed else bytes(data)
        except (zlib.error, TypeError) as error:
            raise StateDamaged(f"blob {key.hex()} cannot be unpacked: {error}") from error
        if hashlib.sha256(whole).digest() != key:
            raise StateDamaged(f"blob {key.hex()} does not match its name")
        found[key.hex()] = whole
    return found
