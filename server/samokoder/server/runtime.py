"""Where the daemon can be found: a private folder with its socket, its locks and its last words.

Standard library only, and as little of it as possible: the forwarder imports this.
"""

import os
import stat
import sys

WINDOWS = sys.platform == "win32"
MAX_SOCKET_PATH = 103
"""Bytes a socket's path may have: 104 with its zero byte on macOS and BSD, 108 on Linux."""


class RuntimeRefused(Exception):
    """The folder for sockets cannot be used safely; the text says why."""


def folder() -> str:
    """The runtime folder, made if need be, ours alone."""
    given = os.environ.get("SAMOKODER_RUNTIME_DIR")
    if given:
        return _private(os.path.abspath(given))
    if WINDOWS:
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~")
        return _private(os.path.join(base, "samokoder", "runtime"))
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base.startswith("/") and os.path.isdir(base):
        return _private(os.path.join(base, "samokoder"))
    return _private(_temporary())


def _temporary() -> str:
    return os.path.join(os.environ.get("TMPDIR") or "/tmp", f"samokoder-{os.getuid()}")


def _private(path: str) -> str:
    """Make the folder; refuse one that somebody else owns, may enter, or has put a link at."""
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        facts = os.lstat(path)
    except OSError as error:
        raise RuntimeRefused(f"{path} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(facts.st_mode):
        raise RuntimeRefused(f"{path} is not a folder")
    if WINDOWS:
        return path
    if facts.st_uid != os.getuid():
        raise RuntimeRefused(f"{path} belongs to user {facts.st_uid}")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        try:
            os.chmod(path, 0o700)
        except OSError as error:
            raise RuntimeRefused(f"{path} is open to others: {error.strerror}") from None
    return path


def socket_path(runtime: str) -> str:
    """The daemon's socket; a short stand-in where the folder's own name is too long for one."""
    path = os.path.join(runtime, "daemon.sock")
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    import hashlib

    name = hashlib.sha256(os.fsencode(runtime)).hexdigest()[:16]
    return os.path.join(_private(_temporary()), f"{name}.sock")


def port_path(runtime: str) -> str:
    """Where a daemon on loopback TCP leaves its port and token."""
    return os.path.join(runtime, "daemon.port")


def pid_path(runtime: str) -> str:
    """Where the daemon leaves its process id, for people."""
    return os.path.join(runtime, "daemon.pid")


def log_path(runtime: str) -> str:
    """What the daemon wrote to stderr: why it did not start, or its last words."""
    return os.path.join(runtime, "daemon.log")


class Lock:
    """A lock between processes, gone with its holder."""

    def __init__(self, runtime: str, name: str) -> None:
        self._path = os.path.join(runtime, f"{name}.lock")
        self._file = -1

    def acquire(self, *, wait: bool = True) -> bool:
        """Take the lock; False when somebody else has it and ``wait`` is off."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(fd, wait)
        except OSError:
            os.close(fd)
            return False
        self._file = fd
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int, wait: bool) -> None:
        while True:
            try:
                msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if wait:
                    continue
                raise
            return

else:
    import fcntl

    def _lock(fd: int, wait: bool) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
