"""A pool of warm scratch copies: real folders that are made equal to a snapshot in a few ms.

A copy stays after its lease and only what differs is written for the next one. Everything a
command left in it is removed first, byte code too: a proof must not rest on a stale ``.pyc``.

Layout: ``<cache>/scratch/<owner>/<slot>/{tree,home,tmp,out,cache}``. The owner holds a lock on
``<owner>/lock`` as long as it lives; what a dead owner left is removed at the next start.
"""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import anyio
from anyio import to_thread

from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.sandbox.dependencies import dependency_folders
from samokoder.agents.sandbox.locks import hold, release, try_hold
from samokoder.agents.sandbox.tree import Tree, copy, empty, parents, put, remove, sweep
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.paths import cache_dir

_IDLE = 4
"""Warm copies kept for one workspace."""

_IDLE_ALL = 12
"""Warm copies kept in all."""

_NEW = "new-"
"""How an owner's folder is called until its lock is held."""

_BIRTH = 60.0
"""Seconds after which an owner that never got its lock is taken for dead."""


class Scratch:
    """One copy. ``tree`` stands in for the workspace ``root``; the rest is at its own path.

    ``home``, ``tmp`` and ``out`` (reports of checks) are empty after every load; ``cache`` is for
    build caches keyed by content and stays as long as the copy. ``dependencies`` are the folders
    of the real workspace the commands see, relative to it.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.tree = folder / "tree"
        self.home = folder / "home"
        self.tmp = folder / "tmp"
        self.out = folder / "out"
        self.cache = folder / "cache"
        self.dependencies: tuple[str, ...] = ()
        self.holds = ""
        """Hash of the snapshot it was last made equal to."""
        self._tree = Tree(self.tree)

    async def load(self, snapshot: Snapshot) -> None:
        """Make the tree hold exactly the snapshot's files, with their modes.

        Raises :class:`EnvironmentMissing` when the disk is full or cannot be written, KeyError
        when a content can no longer be had.
        """
        self.holds = ""
        try:
            left = await to_thread.run_sync(self._fill, snapshot)
            for path in left:
                entry = snapshot.files[path]
                data = await snapshot.read(path)
                await to_thread.run_sync(put, self._tree, path, entry, data)
        except OSError as error:
            raise EnvironmentMissing(
                f"the scratch copy in {self.folder} cannot be written: {error.strerror}",
                hint="Free some space, or point SAMOKODER_CACHE_DIR at another folder.",
            ) from error
        self.holds = snapshot.hash

    async def read(self, path: str) -> bytes | None:
        """What a command made of one file; None when it is gone or is no ordinary file."""
        return await to_thread.run_sync(self._read, path)

    def _fill(self, snapshot: Snapshot) -> list[str]:
        for folder in (self.home, self.tmp, self.out):
            empty(folder)
        self.tree.mkdir(parents=True, exist_ok=True)
        self.cache.mkdir(exist_ok=True)
        folders = parents(snapshot.files)
        missing = sweep(self._tree, snapshot.files, folders)
        self.dependencies = dependency_folders(self.root, snapshot.files, folders)
        return copy(self._tree, snapshot.root, missing, snapshot.files, snapshot.overlay)

    def _read(self, path: str) -> bytes | None:
        target = self.tree / path
        if target.resolve() != self.tree.resolve() / path or not target.is_file():
            return None
        return target.read_bytes()


class ScratchPool:
    """Hands out scratch copies, warm ones first. Open it once per process, close it at the end."""

    def __init__(self, base: Path | None = None) -> None:
        self._base = base
        self._folder: Path | None = None
        self._lock: IO[bytes] | None = None
        self._opening = anyio.Lock()
        self._idle: list[Scratch] = []

    @asynccontextmanager
    async def lease(self, root: Path) -> AsyncIterator[Scratch]:
        """A copy of one's own for the time of the ``async with``; load it before use."""
        folder = await self._open()
        scratch = next((s for s in reversed(self._idle) if s.root == root), None)
        if scratch is not None:
            self._idle.remove(scratch)
        else:
            scratch = Scratch(root, folder / secrets.token_hex(4))
        try:
            yield scratch
        finally:
            await self._give_back(scratch)

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """An empty folder for the time of the ``async with``; of a dead process it is removed like
        its copies.
        """
        folder = await self._open() / secrets.token_hex(4)
        await to_thread.run_sync(lambda: folder.mkdir(mode=0o700))
        try:
            yield folder
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(remove, folder)

    async def warm(self, snapshot: Snapshot) -> None:
        """Have a copy ready before somebody waits for it."""
        async with self.lease(snapshot.root) as scratch:
            await scratch.load(snapshot)

    async def close(self) -> None:
        """Remove every copy."""
        self._idle.clear()
        folder, lock = self._folder, self._lock
        self._folder = self._lock = None
        if folder is not None and lock is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_bury, folder, lock)

    async def _open(self) -> Path:
        async with self._opening:
            if self._folder is not None:
                return self._folder
            folder, self._lock = await to_thread.run_sync(_found, self._base)
            self._folder = folder
            return folder

    async def _give_back(self, scratch: Scratch) -> None:
        gone: list[Scratch] = []
        if self._folder is None or self._folder != scratch.folder.parent:
            gone.append(scratch)
        else:
            self._idle.append(scratch)
            same = [s for s in self._idle if s.root == scratch.root]
            gone += same[:-_IDLE] if len(same) > _IDLE else []
            gone += self._idle[:1] if len(self._idle) - len(gone) > _IDLE_ALL else []
        for old in gone:
            if old in self._idle:
                self._idle.remove(old)
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(remove, old.folder)


def _found(base: Path | None) -> tuple[Path, IO[bytes]]:
    """A new owner's folder, locked; the folders of dead owners are removed on the way."""
    base = base or cache_dir() / "scratch"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    reap(base)
    name = f"{os.getpid()}-{secrets.token_hex(3)}"
    unlocked = base / f"{_NEW}{name}"
    unlocked.mkdir(mode=0o700)
    lock = hold(unlocked / "lock")
    return unlocked.rename(base / name), lock


def _bury(folder: Path, lock: IO[bytes]) -> None:
    release(lock)
    remove(folder)


def reap(base: Path | None = None) -> int:
    """Remove what dead owners left below ``base``; returns how many folders went. Blocking."""
    base = base or cache_dir() / "scratch"
    count = 0
    if not base.is_dir():
        return 0
    for folder in base.iterdir():
        if folder.name.startswith(_NEW) and time.time() - folder.stat().st_mtime < _BIRTH:
            continue
        lock = try_hold(folder / "lock")
        if lock is not None:
            _bury(folder, lock)
            count += 1
    return count
