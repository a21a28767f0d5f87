"""The analyser that ships with the product."""

import threading
from functools import cache

from anyio import to_thread

_LOCK = threading.Lock()
"""The first look into sysconfig is not safe in two threads at once."""


async def ruff_program() -> str:
    """Path of our own ruff."""
    return await to_thread.run_sync(_found)


def _found() -> str:
    with _LOCK:
        return _find()


@cache
def _find() -> str:
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    return str(find_ruff_bin())
