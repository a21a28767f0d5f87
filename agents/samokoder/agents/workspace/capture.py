"""Taking a snapshot: what is on disk, under what the editors hold unsaved.

A :class:`Tree` remembers what it hashed, so that taking the next snapshot of the same workspace
costs one ``stat`` a file. A file changed so shortly before it was hashed that a later change could
carry the same times is hashed again next time.
"""

import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from samokoder.agents.errors import PathRefused
from samokoder.agents.workspace import paths
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.ignore import Ignore
from samokoder.agents.workspace.snapshot import ContentSource, Entry, Snapshot
from samokoder.agents.workspace.target import Buffer, Editors, NoEditors

MAX_FILE_SIZE: Final = 1 << 20
_RACY: Final = 2_000_000_000
"""Nanoseconds within which two changes may carry the same time (FAT counts in two seconds)."""

Stamp = tuple[int, int, int, int]
"""Size, mtime and ctime in ns, inode."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Reads from the workspace while the content there is still the wanted one, then from
    ``fallback``. KeyError when neither has it.
    """

    root: Path
    fallback: ContentSource | None = None

    async def read(self, path: str, entry: Entry) -> bytes:
        data = await to_thread.run_sync(_read, str(self.root / path), entry.size)
        if data is not None and content_hash(data) == entry.hash:
            return data
        if self.fallback is None:
            raise KeyError(entry.hash)
        return await self.fallback.read(path, entry)


@dataclass(slots=True)
class _Known:
    stamp: Stamp
    entry: Entry
    racy: bool


@dataclass(slots=True)
class _Scan:
    files: dict[str, Entry]
    skipped: dict[str, str]
    overlay: dict[str, bytes]
    unsaved: dict[str, str]
    disputed: list[str]


class Tree:
    """One workspace, kept by the daemon as long as it is in use.

    ``ignore`` are patterns of the user's settings; ``max_file_size`` is in bytes.
    """

    def __init__(
        self, root: Path, *, ignore: Iterable[str] = (), max_file_size: int = MAX_FILE_SIZE
    ) -> None:
        self.root = root
        self._limit = max_file_size
        self._ignore = Ignore(root, ignore)
        self._known: dict[str, _Known] = {}
        self._lock = anyio.Lock()

    async def capture(
        self,
        editors: Editors | None = None,
        *,
        client: str | None = None,
        fallback: ContentSource | None = None,
    ) -> Snapshot:
        """The workspace as ``client`` sees it now; other clients' buffers count where it has none.

        ``fallback`` is asked for contents that are no longer on disk.
        """
        buffers = (editors or NoEditors()).under(self.root)
        async with self._lock:
            scan = await to_thread.run_sync(self._scan, buffers, client)
        return Snapshot(
            root=self.root,
            files=scan.files,
            source=Disk(self.root, fallback),
            overlay=scan.overlay,
            skipped=scan.skipped,
            unsaved=scan.unsaved,
            disputed=tuple(scan.disputed),
        )

    async def renewed(self, taken: Snapshot, changed: Iterable[str]) -> Snapshot:
        """The snapshot with these files as they are now, their contents held; what can no longer
        be read is not part of it.

        For files that were written between the scan and the reading of their contents.
        """
        files, overlay, skipped = dict(taken.files), dict(taken.overlay), dict(taken.skipped)
        for path in changed:
            data = await to_thread.run_sync(_read, f"{self.root}/{path}", self._limit)
            old = files.pop(path)
            if data is None:
                skipped[path] = "unreadable"
                continue
            files[path] = replace(old, hash=content_hash(data), size=len(data))
            overlay[files[path].hash] = data
        return replace(taken, files=files, overlay=overlay, skipped=skipped)

    def _scan(self, buffers: tuple[Buffer, ...], client: str | None) -> _Scan:
        self._ignore.refresh()
        scan = _Scan({}, {}, {}, {}, [])
        known: dict[str, _Known] = {}
        folders = [""]
        while folders:
            folders += self._folder(folders.pop(), scan, known)
        self._known = known
        by_path: dict[str, list[Buffer]] = {}
        for buffer in buffers:
            try:
                by_path.setdefault(paths.relative(self.root, buffer.path), []).append(buffer)
            except PathRefused:
                continue
        for path, held in by_path.items():
            self._overlay(path, held, client, scan)
        return scan

    def _folder(self, folder: str, scan: _Scan, known: dict[str, _Known]) -> list[str]:
        base = f"{folder}/" if folder else ""
        inner: list[str] = []
        try:
            with os.scandir(self.root / folder) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            scan.skipped[folder or "."] = f"unreadable folder: {error.strerror}"
            return inner
        for item in entries:
            path = base + item.name
            try:
                status = item.stat(follow_symlinks=False)
                link = stat.S_ISLNK(status.st_mode)
                if link:
                    status = os.stat(item.path)
                is_folder = stat.S_ISDIR(status.st_mode)
                if self._ignore.matched(path, is_folder):
                    continue
                why = self._unfit(path, status, link)
                if why:
                    scan.skipped[path] = why
                elif is_folder:
                    inner.append(path)
                else:
                    self._file(path, status, scan, known)
            except OSError as error:
                if not self._ignore.matched(path, False):
                    scan.skipped[path] = f"unreadable: {error.strerror}"
        return inner

    def _unfit(self, path: str, status: os.stat_result, link: bool) -> str:
        try:
            path.encode()
        except UnicodeEncodeError:
            return "its name is not UTF-8"
        if link:
            target = os.path.realpath(self.root / path)
            inside = os.path.relpath(target, os.path.realpath(self.root))
            if stat.S_ISDIR(status.st_mode):
                return "a symbolic link to a folder"
            if inside.startswith("..") or self._ignore.ignored(Path(inside).as_posix()):
                return "a symbolic link out of the workspace"
        if stat.S_ISDIR(status.st_mode):
            return ""
        if not stat.S_ISREG(status.st_mode):
            return "not an ordinary file"
        if status.st_size > self._limit:
            return f"larger than {self._limit} bytes"
        return ""

    def _file(
        self, path: str, status: os.stat_result, scan: _Scan, known: dict[str, _Known]
    ) -> None:
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        old = self._known.get(path)
        mode = stat.S_IMODE(status.st_mode)
        if old is not None and old.stamp == stamp and not old.racy:
            known[path] = old
            scan.files[path] = old.entry
            return
        now = time.time_ns()
        data = _read(f"{self.root}/{path}", self._limit)
        if data is None:
            scan.skipped[path] = "unreadable"
            return
        racy = max(stamp[1], stamp[2]) > now - _RACY
        entry = Entry(content_hash(data), len(data), mode)
        known[path] = _Known(stamp, entry, racy)
        scan.files[path] = entry

    def _overlay(self, path: str, held: list[Buffer], client: str | None, scan: _Scan) -> None:
        if path in scan.skipped or self._ignore.ignored(path):
            return
        old = scan.files.get(path)
        disk = _read(f"{self.root}/{path}", self._limit) if old is not None else None
        versions = {b.client: texts.from_buffer(b.text, disk) for b in held}
        if len(set(versions.values())) > 1:
            scan.disputed.append(path)
        if client not in versions:
            changed = sorted(c for c, data in versions.items() if data != disk)
            client = changed[0] if changed else next(iter(versions))
        data = versions[client or ""]
        if old is not None and content_hash(data) == old.hash:
            return
        if len(data) > self._limit:
            scan.skipped[path] = f"larger than {self._limit} bytes"
            scan.files.pop(path, None)
            return
        entry = Entry(content_hash(data), len(data), old.mode if old else 0o644)
        scan.files[path] = entry
        scan.overlay[entry.hash] = data
        scan.unsaved[path] = client or ""


def _read(path: str, limit: int) -> bytes | None:
    """The whole of an ordinary file of at most ``limit`` bytes, else None."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(limit + 1)
    except OSError:
        return None
    return data if len(data) <= limit else None
