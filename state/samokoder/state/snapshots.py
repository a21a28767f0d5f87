"""Manifests of workspaces, stored as what differs from the one before.

A chain of deltas ends at a full manifest; a new full one is written when the chain has
``MAX_DEPTH`` deltas, or when its deltas hold as many entries as the manifest itself.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, dialect, rows, schema

MAX_DEPTH = 50
SMALL = 64
"""Entries a chain may always hold, however few files there are."""
PART = 500
"""Rows handled in one go (about 3 ms); between parts others get their turn."""
_MANY = 2_000
"""Files from which on hashing a manifest is left to a thread (about 3 ms)."""


class Entry(Protocol):
    """One file: hexadecimal SHA-256, size in bytes, permission bits."""

    @property
    def hash(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mode(self) -> int: ...


@dataclass(frozen=True, slots=True)
class File:
    """An entry as it was stored."""

    hash: str
    size: int
    mode: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``hash`` is equal for equal manifests; ``files`` counts them."""

    id: int
    workspace_id: int
    parent_id: int | None
    depth: int
    chained: int
    files: int
    hash: bytes
    created_at: int


_COLUMNS = rows.columns(Snapshot, schema.Snapshot)


async def save(
    s: AsyncSession,
    workspace_id: int,
    files: Mapping[str, Entry],
    parent_id: int | None = None,
    *,
    hash: str | None = None,
) -> int:
    """Store the manifest (names only: contents are put as blobs); its number.

    ``parent_id`` is the snapshot it came from, ``hash`` the manifest's if the caller has it. An
    equal manifest of the same workspace is not stored again.
    """
    if hash is None:
        hash = digest(files) if len(files) < _MANY else await run_sync(digest, files)
    same = await _reuse(s, workspace_id, hash)
    if same is not None:
        return same
    parent = await get(s, parent_id) if parent_id is not None else None
    if parent is None or parent.workspace_id != workspace_id:
        return await _write(s, workspace_id, files, len(files), hash, None, full=True)
    old = await load(s, parent.id)
    changed: dict[str, Entry | None] = {path: None for path in old if path not in files}
    for path, entry in files.items():
        before = old.get(path)
        if before is None or before.hash != entry.hash or before.mode != entry.mode:
            changed[path] = entry
    if _too_long(parent, len(changed), len(files)):
        return await _write(s, workspace_id, files, len(files), hash, parent, full=True)
    return await _write(s, workspace_id, changed, len(files), hash, parent, full=False)


async def extend(
    s: AsyncSession, parent_id: int, changed: Mapping[str, Entry | None], *, hash: str, files: int
) -> int:
    """Like ``save`` where the caller knows what changed: the cost is that of the changes alone.

    ``changed`` maps paths to their new entries (None: gone); ``files`` counts the whole manifest.
    Raises KeyError for an unknown parent.
    """
    parent = await get(s, parent_id)
    if parent is None:
        raise KeyError(parent_id)
    same = await _reuse(s, parent.workspace_id, hash)
    if same is not None:
        return same
    if not _too_long(parent, len(changed), files):
        return await _write(s, parent.workspace_id, changed, files, hash, parent, full=False)
    whole: dict[str, Entry | None] = {**await load(s, parent_id), **changed}
    left = {path: entry for path, entry in whole.items() if entry is not None}
    return await _write(s, parent.workspace_id, left, files, hash, parent, full=True)


async def load(s: AsyncSession, snapshot_id: int) -> dict[str, File]:
    """The whole manifest by path; KeyError for an unknown number."""
    table = schema.Snapshot
    chain = (
        select(table.id, table.delta_of_id, table.depth)
        .where(table.id == snapshot_id)
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        select(table.id, table.delta_of_id, table.depth).join(
            chain, table.id == chain.c.delta_of_id
        )
    )
    statement: Any = (
        select(
            schema.Path.path,
            schema.Blob.hash,
            schema.Blob.size,
            schema.SnapshotEntry.mode,
        )
        .select_from(chain)
        .join(schema.SnapshotEntry, schema.SnapshotEntry.snapshot_id == chain.c.id)
        .join(schema.Path, schema.Path.id == schema.SnapshotEntry.path_id)
        .outerjoin(schema.Blob, schema.Blob.id == schema.SnapshotEntry.blob_id)
        .order_by(chain.c.depth)
    )
    files: dict[str, File] = {}
    for part in (await s.execute(statement)).partitions(PART):
        for path, key, size, mode in part:
            if key is None:
                files.pop(path, None)
            else:
                files[path] = File(key.hex(), size, mode)
        await checkpoint()
    if not files and await get(s, snapshot_id) is None:
        raise KeyError(snapshot_id)
    return files


async def get(s: AsyncSession, snapshot_id: int) -> Snapshot | None:
    statement = select(*_COLUMNS).where(schema.Snapshot.id == snapshot_id)
    row = (await s.execute(statement)).one_or_none()
    return Snapshot(*row) if row else None


async def latest(s: AsyncSession, workspace_id: int) -> Snapshot | None:
    """The workspace's newest snapshot: the best parent for the next one."""
    statement = (
        select(*_COLUMNS)
        .where(schema.Snapshot.workspace_id == workspace_id)
        .order_by(schema.Snapshot.used_at.desc(), schema.Snapshot.id.desc())
        .limit(1)
    )
    row = (await s.execute(statement)).one_or_none()
    return Snapshot(*row) if row else None


def _too_long(parent: Snapshot, changed: int, files: int) -> bool:
    return parent.depth >= MAX_DEPTH or parent.chained + changed >= max(SMALL, files)


async def _reuse(s: AsyncSession, workspace_id: int, hash: str) -> int | None:
    statement = (
        update(schema.Snapshot)
        .where(
            schema.Snapshot.workspace_id == workspace_id,
            schema.Snapshot.hash == bytes.fromhex(hash),
        )
        .values(used_at=clock.now_ms())
        .returning(schema.Snapshot.id)
    )
    found: int | None = (await s.execute(statement)).scalars().first()
    return found


async def _write(
    s: AsyncSession,
    workspace_id: int,
    entries: Mapping[str, Entry | None],
    files: int,
    hash: str,
    parent: Snapshot | None,
    *,
    full: bool,
) -> int:
    on_top = parent if not full else None
    now = clock.now_ms()
    statement = (
        insert(schema.Snapshot)
        .values(
            workspace_id=workspace_id,
            parent_id=parent.id if parent else None,
            delta_of_id=on_top.id if on_top else None,
            depth=on_top.depth + 1 if on_top else 0,
            chained=on_top.chained + len(entries) if on_top else 0,
            files=files,
            hash=bytes.fromhex(hash),
            created_at=now,
            used_at=now,
        )
        .returning(schema.Snapshot.id)
    )
    number: int = (await s.execute(statement)).scalar_one()
    for part in rows.batches(entries.items(), PART):
        path_ids = await paths(s, workspace_id, (path for path, _ in part))
        contents = await blobs.ids(s, {e.hash: e.size for _, e in part if e is not None})
        values = [
            {
                "snapshot_id": number,
                "path_id": path_ids[path],
                "blob_id": contents[entry.hash] if entry else None,
                "mode": entry.mode if entry else 0,
            }
            for path, entry in part
        ]
        await s.execute(insert(schema.SnapshotEntry), values)
    return number


async def paths(s: AsyncSession, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The numbers of these paths in the workspace; new ones are noted."""
    wanted = list(dict.fromkeys(names))
    found = await _path_ids(s, workspace_id, wanted)
    new = [name for name in wanted if name not in found]
    for batch in rows.batches(new, PART):
        values = [{"workspace_id": workspace_id, "path": name} for name in batch]
        await s.execute(dialect.insert(s, schema.Path).on_conflict_do_nothing(), values)
    if new:
        found |= await _path_ids(s, workspace_id, new)
    return found


async def _path_ids(s: AsyncSession, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in rows.batches(names):
        statement = select(schema.Path.path, schema.Path.id).where(
            schema.Path.workspace_id == workspace_id, schema.Path.path.in_(batch)
        )
        found.update((name, number) for name, number in await s.execute(statement))
    return found


def digest(files: Mapping[str, Entry]) -> str:
    """Equal for manifests with equal paths, contents and modes, as the engine computes it."""
    found = hashlib.sha256()
    for path in sorted(files):
        entry = files[path]
        found.update(f"{path}\0{entry.hash}\0{entry.mode:o}\n".encode())
    return found.hexdigest()
