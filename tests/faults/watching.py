"""Watches a folder's files: each may be replaced as a whole and must never be written in place.

Linux' inotify reports every change in order, so nothing between two looks is missed. A file's
content changes with MODIFY alone; CLOSE_WRITE is not asked for, because it bears the name the file
has by then: a child that is just being started may hold a staged file open until after its rename.
"""

import ctypes
import os
import select
import struct
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_OVERFLOW = 0x4000
_HEAD = struct.Struct("iIII")
OWN = ".samokoder-"
"""What our temporary files' names begin with."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a file's name or content; ``data`` is what stood there when it was seen."""

    name: str
    mask: int
    data: bytes | None


class Watcher:
    """``allowed`` are the contents each file may have at any time; None stands for no file."""

    def __init__(self, folder: Path, allowed: Mapping[str, Collection[bytes | None]]) -> None:
        self._folder, self._allowed = folder, allowed
        self.changes: list[Change] = []
        """What happened to files other than our temporary ones, in order."""
        self.wrong: list[str] = []
        """What must not have happened, in words."""
        self.seen = 0
        """Events of any kind."""
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watcher":
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = MODIFY | MOVED_FROM | MOVED_TO | CREATE | DELETE
        if self._fd < 0 or libc.inotify_add_watch(self._fd, os.fsencode(self._folder), mask) < 0:
            raise OSError(ctypes.get_errno(), "the folder cannot be watched")
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        os.close(self._wake)
        self._thread.join()
        for fd in (self._fd, self._stop):
            os.close(fd)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._fd, self._stop], [], [])
            if self._fd in ready:
                self._take(os.read(self._fd, 1 << 16))
            elif ready:
                return

    def _take(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            _, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            name = data[at : at + length].rstrip(b"\0").decode()
            at += length
            self.seen += 1
            if mask & _OVERFLOW:
                self.wrong.append("events were lost")
            if not name.startswith(OWN):
                self._judge(name, mask)

    def _judge(self, name: str, mask: int) -> None:
        try:
            data = (self._folder / name).read_bytes()
        except FileNotFoundError:
            data = None
        self.changes.append(Change(name, mask, data))
        if mask & MODIFY:
            self.wrong.append(f"{name} was written in place")
        if name not in self._allowed:
            self.wrong.append(f"{name} does not belong here")
        elif data not in self._allowed[name]:
            self.wrong.append(f"{name} is neither old nor new: {data!r}")
