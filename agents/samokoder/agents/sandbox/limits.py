"""Bounds the kernel keeps for a command, set by the shell that then becomes the command.

A shell costs 0.8 ms; code between fork and exec would cost the fast spawn and is not safe beside
threads. ``-d`` bounds what a process really may write to: an address-space bound would stop
Node, Go and Java, which reserve far more than they use.
"""

import os
import sys
import time
from pathlib import Path

from samokoder.agents.sandbox.sandbox import Limits

_COUNT_LIFE = 10.0
"""Seconds a count of the user's processes stays good enough."""

_counted: tuple[float, int] = (0.0, 0)


def limited(argv: tuple[str, ...], limits: Limits, *, others: int = 0) -> tuple[str, ...]:
    """The command line that sets the bounds and then runs ``argv`` in the same process.

    ``others`` are the processes and threads of this user the kernel will count along. A bound
    higher than the one already in force is left as it is.
    """
    if sys.platform == "win32":
        return argv
    processes = limits.processes + others
    script = (
        "ulimit -c 0 2>/dev/null;"
        f"ulimit -f {limits.file_size // 512} 2>/dev/null;"
        f"ulimit -d {limits.memory // 1024} 2>/dev/null;"
        f"ulimit -u {processes} 2>/dev/null || ulimit -p {processes} 2>/dev/null;"
        'exec "$@"'
    )
    return ("/bin/sh", "-c", script, "sh", *argv)


def running_threads() -> int:
    """Threads of this user's processes, at most ten seconds old; 0 where /proc is missing.

    The kernel's bound on processes counts all of a user's threads, not those of one command.
    """
    global _counted
    now = time.monotonic()
    if _counted[1] and now - _counted[0] < _COUNT_LIFE:
        return _counted[1]
    total, uid = 0, os.getuid() if hasattr(os, "getuid") else -1
    proc = Path("/proc")
    if not proc.is_dir():
        return 0
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == uid:
                    total += len(os.listdir(entry / "task"))
            except OSError:
                continue
    _counted = (now, total)
    return total
