"""What every source of weights has: it tells how far it is, and it may fail."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio


class SourceFailed(Exception):
    """A source could not deliver; the next one may."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is, in bytes. ``source`` is "path", "hub", "mirror" or "check"."""

    done: int
    total: int
    source: str


Told = Callable[[Progress], Coroutine[Any, Any, None]]


async def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it is not there."""

    def size() -> int:
        try:
            return path.stat().st_size
        except OSError:
            return 0

    return await anyio.to_thread.run_sync(size)
