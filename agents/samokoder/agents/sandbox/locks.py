"""A lock that its process holds for as long as it lives, however it ends."""

import sys
from pathlib import Path
from typing import IO


def hold(path: Path) -> IO[bytes]:
    """Take the lock, waiting for it; the file is made when it is missing. Blocking."""
    file = path.open("ab")
    _lock(file, wait=True)
    return file


def try_hold(path: Path) -> IO[bytes] | None:
    """Take the lock of an existing file, or None when somebody holds it or the file is missing."""
    try:
        file = path.open("rb+")
    except OSError:
        return None
    try:
        _lock(file, wait=False)
    except OSError:
        file.close()
        return None
    return file


def release(file: IO[bytes]) -> None:
    """Give the lock back."""
    file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes], *, wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
