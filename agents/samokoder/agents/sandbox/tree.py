"""A folder made equal to a list of files, writing only what differs. Blocking throughout.

Nothing is ever written through a link: what stands in the way is removed first, and files are
created anew, so a folder swapped for a link by an earlier command leads nowhere.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samokoder.agents.workspace.snapshot import Entry

Signature = tuple[int, int, int, int, int]
"""inode, size, mtime and ctime in ns, mode: the last but one cannot be forged by a command."""


@dataclass(slots=True)
class Tree:
    """A folder and what is known to be in it: content hash and signature by relative path."""

    folder: Path
    held: dict[str, tuple[str, Signature]] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    """The last modification time, in whole seconds, each path ever had here."""


def sweep(tree: Tree, wanted: Mapping[str, Entry], folders: Collection[str]) -> list[str]:
    """Remove what is not wanted or was altered; returns the wanted paths that are missing now.

    ``folders`` are the :func:`parents` of what is wanted.
    """
    intact: dict[str, tuple[str, Signature]] = {}
    stack = [("", str(tree.folder))]
    while stack:
        prefix, folder = stack.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = prefix + entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    if path in folders:
                        if status.st_mode & 0o700 != 0o700:
                            os.chmod(entry.path, 0o755)
                        stack.append((path + "/", entry.path))
                    else:
                        remove(entry.path)
                    continue
                known, entry_wanted = tree.held.get(path), wanted.get(path)
                if (
                    known is not None
                    and entry_wanted is not None
                    and known[0] == entry_wanted.hash
                    and known[1] == signature(status)
                    and stat.S_IMODE(status.st_mode) == entry_wanted.mode
                ):
                    intact[path] = known
                else:
                    os.unlink(entry.path)
    tree.held = intact
    return [path for path in wanted if path not in intact]


def put(tree: Tree, path: str, entry: Entry, data: bytes) -> None:
    """Create one file; its name must be free, as it is after :func:`sweep`."""
    target = os.path.join(tree.folder, path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(target, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        handle = os.open(target, flags, 0o600)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.chmod(target, entry.mode)
        status = os.fstat(file.fileno())
    last = tree.stamps.get(path, 0)
    if int(status.st_mtime) <= last:
        # Caches that compare whole seconds (byte code, mypy, make) must see that it is another.
        os.utime(target, (last + 1, last + 1))
        status = os.stat(target)
    tree.stamps[path] = int(status.st_mtime)
    tree.held[path] = (entry.hash, signature(status))


def copy(
    tree: Tree,
    source: Path,
    paths: Iterable[str],
    wanted: Mapping[str, Entry],
    overlay: Mapping[str, bytes],
) -> list[str]:
    """Fill in ``paths`` from the overlay or from ``source`` where its text is still the wanted one.

    Returns the paths it could not fill in: changed on disk meanwhile, gone, or unreadable.
    """
    left = []
    for path in paths:
        entry = wanted[path]
        data = overlay.get(entry.hash)
        if data is None:
            try:
                with open(source / path, "rb") as file:
                    data = file.read(entry.size + 1)
            except OSError:
                data = None
            if data is None or hashlib.sha256(data).hexdigest() != entry.hash:
                left.append(path)
                continue
        put(tree, path, entry, data)
    return left


def signature(status: os.stat_result) -> Signature:
    return (
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_mode,
    )


def empty(folder: Path) -> None:
    """The folder exists and holds nothing."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries]
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True)
        return
    for name in names:
        remove(name)


def remove(path: str | Path) -> None:
    """Delete a file, link or whole folder, unreadable folders inside it too; gone is fine."""
    if not os.path.isdir(path) or os.path.islink(path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        os.chmod(path, 0o700)
        for parent, folders, _ in os.walk(path):
            for name in folders:
                inner = os.path.join(parent, name)
                if not os.path.islink(inner):
                    os.chmod(inner, 0o700)
        shutil.rmtree(path)
    except FileNotFoundError:
        pass


def parents(paths: Iterable[str]) -> set[str]:
    """Every folder that holds one of the paths, at any depth."""
    found: set[str] = set()
    for path in paths:
        cut = path.rfind("/")
        while cut > 0:
            parent = path[:cut]
            if parent in found:
                break
            found.add(parent)
            cut = parent.rfind("/")
    return found
