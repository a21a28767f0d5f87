"""The workspace's files on disk: looked at, prepared, replaced, put back. Blocking throughout.

Every file is at all times wholly old or wholly new. New contents are written beside their targets
and forced to the disk first; what is replaced keeps a second name until all is done, so putting it
back needs no space. All of these names start with ``.samokoder-`` and the plan's id.
"""

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from samokoder.agents.errors import DiskFull, PathRefused, WriteFailed, WriteRefused
from samokoder.agents.workspace import paths
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.plan import Plan, Write

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EXDEV)


class Stale(Exception):
    """A file is not what the plan was made for; nothing of the plan is left on disk."""


@dataclass(frozen=True, slots=True)
class Found:
    """One path as it is: ``data`` is None when there is no file. ``real`` has links resolved."""

    target: Path
    real: Path
    data: bytes | None
    mode: int = 0o644
    read_only: bool = False


def look(root: Path, path: str) -> Found:
    """What stands at a path; PathRefused for what is no ordinary file inside the workspace."""
    target = paths.resolve(root, path)
    real = Path(os.path.realpath(target.parent)) / target.name
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return Found(target, real, None)
    except OSError as error:
        raise failure(error, path) from error
    if not stat.S_ISREG(status.st_mode):
        raise PathRefused(f"{path} is not an ordinary file")
    mode = stat.S_IMODE(status.st_mode)
    read_only = not mode & 0o222 or not os.access(target, os.W_OK)
    try:
        return Found(target, real, target.read_bytes(), mode, read_only)
    except OSError as error:
        raise failure(error, path) from error


def missing_folders(root: Path, names: Iterable[str]) -> tuple[str, ...]:
    """The folders above these paths that do not exist yet, outermost first."""
    found = {str(p) for name in names for p in PurePosixPath(name).parents if str(p) != "."}
    return tuple(sorted(name for name in found if not (root / name).exists()))


def stage(root: Path, plan: Plan, contents: Mapping[str, bytes]) -> None:
    """Make folders and write every new content beside its target; all or nothing."""
    path = ""
    try:
        for path in plan.folders:
            (root / path).mkdir(exist_ok=True)
        for n, write in _on_disk(plan):
            path = write.path
            if write.after is not None:
                _write_new(root, path, _beside(root, plan, n), contents[write.after], write)
    except OSError as error:
        clean(root, plan)
        raise failure(error, path) from error
    except PathRefused:
        clean(root, plan)
        raise


def commit(root: Path, plan: Plan, contents: Mapping[str, bytes]) -> None:
    """Put every staged file in its place, or none: :class:`Stale` when one is not as planned."""
    done: list[tuple[int, Write]] = []
    path = ""
    try:
        for n, write in _on_disk(plan):
            path = write.path
            paths.resolve(root, path)
            intact = _replace(root, plan, n, write)
            done.append((n, write))
            if not intact:
                raise Stale(path)
        touched = {(root / w.path).parent for _, w in done}
        for folder in sorted(touched | {(root / f).parent for f in plan.folders}):
            _sync_folder(folder)
    except (OSError, PathRefused, Stale) as error:
        for n, write in reversed(done):
            _put_back(root, plan, n, write, contents)
        clean(root, plan)
        if isinstance(error, PathRefused):
            raise Stale(str(error)) from error
        if isinstance(error, OSError) and not isinstance(
            error, (FileExistsError, FileNotFoundError)
        ):
            raise failure(error, path) from error
        raise Stale(path) from error
    clean(root, plan, done=True)


def clean(root: Path, plan: Plan, *, done: bool = False) -> None:
    """Remove what a plan left beside its targets, and the empty folders it made or prunes."""
    for n, _ in _on_disk(plan):
        for kept in (_beside(root, plan, n), _beside(root, plan, n, "old")):
            with suppress(OSError):
                kept.unlink()
    for folder in reversed(plan.prune if done else plan.folders):
        with suppress(OSError):
            (root / folder).rmdir()


def failure(error: OSError, path: str) -> WriteFailed:
    """The error of this product that says what the system's error means."""
    detail = f"{path}: {error.strerror or error}"
    if error.errno in _FULL:
        return DiskFull(detail)
    return WriteRefused(detail) if error.errno in _REFUSED else WriteFailed(detail)


def _on_disk(plan: Plan) -> list[tuple[int, Write]]:
    return [(n, w) for n, w in enumerate(plan.writes) if not w.clients]


def _beside(root: Path, plan: Plan, n: int, role: str = "new") -> Path:
    return (root / plan.writes[n].path).parent / f".samokoder-{plan.id}-{n}-{role}.tmp"


def _write_new(root: Path, path: str, beside: Path, data: bytes, write: Write) -> None:
    target = paths.resolve(root, path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with suppress(FileNotFoundError):
        beside.unlink()
    with open(os.open(beside, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        if write.before is not None:
            _keep_owner(target, file.fileno())
        os.chmod(beside, write.mode)
        os.fsync(file.fileno())


def _keep_owner(target: Path, handle: int) -> None:
    """Best effort: an ordinary user can only give a file to a group of their own."""
    if hasattr(os, "fchown"):
        with suppress(OSError):
            old, new = os.lstat(target), os.fstat(handle)
            if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
                os.fchown(handle, old.st_uid, old.st_gid)


def _replace(root: Path, plan: Plan, n: int, write: Write) -> bool:
    """False when somebody wrote into the old file while it was being replaced."""
    target, new, old = root / write.path, _beside(root, plan, n), _beside(root, plan, n, "old")
    if write.before is None:
        _link_or_move(new, target)
        return True
    with suppress(FileNotFoundError):
        old.unlink()
    try:
        os.link(target, old, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        old = target
    if not _holds(old, write.before):
        raise Stale(write.path)
    stamp = _stamp(old)
    if write.after is None:
        os.unlink(target)
    else:
        os.replace(new, target)
    return old == target or _stamp(old) == stamp


def _link_or_move(new: Path, target: Path) -> None:
    """Give the file its name unless somebody has taken it; FileExistsError then."""
    try:
        os.link(new, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.replace(new, target)


def _put_back(root: Path, plan: Plan, n: int, write: Write, contents: Mapping[str, bytes]) -> None:
    """Undo one replacement, unless somebody has written there since."""
    target, old = root / write.path, _beside(root, plan, n, "old")
    with suppress(OSError):
        if write.before is None:
            if _holds(target, write.after or ""):
                os.unlink(target)
            return
        if write.after is None:
            if target.exists():
                return
        elif not _holds(target, write.after):
            return
        if not old.exists():
            _write_new(root, write.path, old, contents[write.before], write)
        os.replace(old, target)


def _holds(path: Path, name: str) -> bool:
    status = os.lstat(path)
    return stat.S_ISREG(status.st_mode) and content_hash(path.read_bytes()) == name


def _stamp(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
