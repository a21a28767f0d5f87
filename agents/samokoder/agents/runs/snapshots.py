"""The snapshot a run works on: taken once when it begins, stored, the same after a crash."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Entry, Snapshot
from samokoder.state import blobs, runs, snapshots
from samokoder.state.database import Database

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine
    from samokoder.agents.runs.journal import JournalRun

BATCH = 16 << 20
"""Bytes of file contents that are stored in one transaction."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Contents from the state."""

    db: Database

    async def read(self, path: str, entry: Entry) -> bytes:
        async with self.db.reading() as s:
            return await blobs.get(s, entry.hash)


@dataclass(frozen=True, slots=True)
class _Manifest:
    id: int
    files: Mapping[str, Entry]


class Archive:
    """What of each workspace is stored already, so that only what changed is stored again."""

    def __init__(self) -> None:
        self._trees: dict[Path, Tree] = {}
        self._last: dict[int, _Manifest] = {}

    def tree(self, root: Path, ignore: Iterable[str], limit: int) -> Tree:
        """The workspace's index; made at first use."""
        if root not in self._trees:
            self._trees[root] = Tree(root, ignore=ignore, max_file_size=limit)
        return self._trees[root]

    async def store(
        self, db: Database, workspace_id: int, run_id: str, tree: Tree, taken: Snapshot
    ) -> Snapshot:
        """Store the snapshot as the run's base: contents first, then the manifest naming them.

        Gives back what was stored, see :func:`_kept`.
        """
        last = self._last.get(workspace_id)
        old = last.files if last is not None else {}
        taken = await _kept(db, tree, taken, {e.hash for p, e in old.items()})
        async with db.session() as s:
            parent = last.id if last is not None else None
            number = await snapshots.save(s, workspace_id, taken.files, parent, hash=taken.hash)
            await runs.set_base(s, run_id, number)
        self._last[workspace_id] = _Manifest(number, taken.files)
        return taken


async def _kept(db: Database, tree: Tree, taken: Snapshot, known: Container[str]) -> Snapshot:
    """The snapshot, with every content that is not ``known`` in the state.

    A file that was written since it was scanned, as a log may be at any time, is taken as it is
    now.
    """
    while True:
        fresh = {e.hash: p for p, e in taken.files.items() if e.hash not in known}
        async with db.reading() as s:
            absent = await blobs.missing(s, fresh)
        lost = await _contents(db, taken, [fresh[name] for name in absent])
        if not lost:
            return taken
        taken = await tree.renewed(taken, lost)


async def _contents(db: Database, taken: Snapshot, paths: Iterable[str]) -> list[str]:
    """Store the contents of these files; those whose content can no longer be had."""
    batch: list[bytes] = []
    lost: list[str] = []
    size = 0
    for path in paths:
        try:
            data = await taken.read(path)
        except KeyError:
            lost.append(path)
            continue
        batch.append(data)
        size += len(data)
        if size > BATCH:
            await _put(db, batch)
            batch, size = [], 0
    if batch:
        await _put(db, batch)
    return lost


async def _put(db: Database, batch: list[bytes]) -> None:
    async with db.session() as s:
        await blobs.put_many(s, batch)


def nothing(root: Path) -> Snapshot:
    """An empty workspace: what a run holds before its snapshot is taken."""

    class _Empty:
        async def read(self, path: str, entry: Entry) -> bytes:
            raise KeyError(entry.hash)

    return Snapshot(root=root, files={}, source=_Empty())


def _tree(engine: "Engine", run: "JournalRun") -> Tree:
    settings = run.settings.workspace
    return engine.archive.tree(run.root, settings.ignore, settings.max_file_size)


async def take(engine: "Engine", run: "JournalRun") -> Snapshot:
    """The workspace as the run's client sees it now."""
    return await _tree(engine, run).capture(
        engine.editors, client=run.order.client or None, fallback=Stored(engine.db)
    )


async def look(run: "JournalRun") -> Snapshot:
    """The workspace now, with every content that is new since the run began kept in the state."""
    taken = await take(run.engine, run)
    known = {entry.hash for entry in run.snapshot.files.values()}
    return await _kept(run.engine.db, _tree(run.engine, run), taken, known)


async def base(run: "JournalRun", snapshot_id: int | None) -> Snapshot:
    """The run's snapshot: the stored one when it has begun before, else a new one."""
    engine = run.engine
    if snapshot_id is None:
        taken = await take(engine, run)
        tree = _tree(engine, run)
        return await engine.archive.store(engine.db, run.workspace_id, run.id, tree, taken)
    async with engine.db.reading() as s:
        files = await snapshots.load(s, snapshot_id)
    entries = {path: Entry(f.hash, f.size, f.mode) for path, f in files.items()}
    return Snapshot(root=run.root, files=entries, source=Stored(engine.db))
