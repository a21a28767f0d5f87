"""Time and names: UTC epoch in whole milliseconds, and run ids that sort by their birth."""

import secrets
import threading
import time

DAY_MS = 86_400_000
"""One UTC day; budgets per day count from midnight UTC."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_lock = threading.Lock()
_last = 0


def now_ms() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


def midnight(at: int) -> int:
    """The start of the UTC day that holds ``at``."""
    return at - at % DAY_MS


def new_id(at: int | None = None) -> str:
    """26 characters of Crockford's base 32: 48 bits of time, then 80 random ones.

    Ids made later by this process sort later, also within one millisecond.
    """
    global _last
    stamp = (now_ms() if at is None else at) << 80
    with _lock:
        value = stamp | secrets.randbits(80)
        if at is None:
            _last = value = value if value > _last else _last + 1
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
