"""Contents by their SHA-256, stored once, compressed where that makes them smaller."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping

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
    by_hash = dict(zip(hashes, given, strict=True))
    await _touch(s, by_hash)
    wanted = await _without_data(s, by_hash)
    new = {key: by_hash[key] for key in wanted}
    packed = _packed(new) if small else await run_sync(_packed, new)
    for batch in rows.batches(packed, 100):
        statement = dialect.insert(s, schema.Blob)
        again = {
            "data": statement.excluded.data,
            "packed": statement.excluded.packed,
            "used_at": statement.excluded.used_at,
        }
        await s.execute(
            statement.on_conflict_do_update(
                index_elements=["hash"], set_=again, where=schema.Blob.data.is_(None)
            ),
            batch,
        )
    return tuple(key.hex() for key in hashes)


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
    return frozenset(wanted[key] for key in await _without_data(s, wanted))


async def ids(s: AsyncSession, sizes: Mapping[str, int]) -> dict[str, int]:
    """Row numbers by name; unknown names are noted with their size, without content."""
    wanted = {bytes.fromhex(key): size for key, size in sizes.items()}
    await _touch(s, wanted)
    found = await _numbers(s, wanted)
    new = [key for key in wanted if key not in found]
    for batch in rows.batches(new):
        now = clock.now_ms()
        values = [{"hash": key, "size": wanted[key], "used_at": now} for key in batch]
        await s.execute(dialect.insert(s, schema.Blob).on_conflict_do_nothing(), values)
    if new:
        found |= await _numbers(s, new)
    return {key.hex(): number for key, number in found.items()}


async def number(s: AsyncSession, data: bytes) -> int:
    """Store one content; its row number, for other tables to point to."""
    key = await put(s, data)
    found: int = (
        await s.execute(select(schema.Blob.id).where(schema.Blob.hash == bytes.fromhex(key)))
    ).scalar_one()
    return found


async def stored(s: AsyncSession, hashes: Iterable[str]) -> dict[str, int]:
    """Row numbers of stored contents by name; KeyError names the first that is not stored."""
    wanted = {bytes.fromhex(key) for key in hashes}
    absent = await _without_data(s, wanted)
    if absent:
        raise KeyError(min(absent).hex())
    await _touch(s, wanted)
    return {key.hex(): number for key, number in (await _numbers(s, wanted)).items()}


async def sizes(s: AsyncSession, hashes: Iterable[str]) -> dict[str, int]:
    """Sizes in bytes of known contents by name."""
    found: dict[str, int] = {}
    for batch in rows.batches({bytes.fromhex(key) for key in hashes}):
        statement = select(schema.Blob.hash, schema.Blob.size).where(schema.Blob.hash.in_(batch))
        found.update((key.hex(), size) for key, size in await s.execute(statement))
    return found


async def _numbers(s: AsyncSession, keys: Iterable[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for batch in rows.batches(keys):
        statement = select(schema.Blob.hash, schema.Blob.id).where(schema.Blob.hash.in_(batch))
        found.update((row[0], row[1]) for row in await s.execute(statement))
    return found


async def _without_data(s: AsyncSession, keys: Iterable[bytes]) -> list[bytes]:
    wanted, there = list(keys), set[bytes]()
    for batch in rows.batches(wanted):
        statement = select(schema.Blob.hash).where(
            schema.Blob.hash.in_(batch), schema.Blob.data.is_not(None)
        )
        there.update((await s.execute(statement)).scalars())
    return [key for key in wanted if key not in there]


async def _touch(s: AsyncSession, keys: Iterable[bytes]) -> None:
    now = clock.now_ms()
    for batch in rows.batches(keys):
        await s.execute(
            update(schema.Blob)
            .where(schema.Blob.hash.in_(batch), schema.Blob.used_at < now - FRESH_MS)
            .values(used_at=now)
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
