"""The daemon, with a fault injector that ends it by SIGKILL at the boundary of one's choice.

``KILL_AT`` is the number of that boundary, from 1; 0 only counts. Every boundary that is reached
is a line of the file ``KILL_LOG``. Besides the journal's own boundaries the system calls that
replace files in the workspace are boundaries here.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from samokoder.agents.runs import boundaries
from samokoder.agents.workspace import disk
from samokoder.server import daemon


class _Killer:
    """Counts boundaries and ends the process at one of them."""

    def __init__(self, at: int, log: str) -> None:
        self._at, self._log, self._count = at, log, 0
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        with self._lock:
            self._count += 1
            file = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(file, f"{name}\n".encode())
            os.close(file)
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


class _Os:
    """The module ``os`` as the workspace's door sees it: with a boundary after each effect."""

    def __init__(self, killer: _Killer) -> None:
        for name in ("link", "replace", "unlink", "fsync"):
            setattr(self, name, _after(killer, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def _after(killer: _Killer, name: str) -> Callable[..., Any]:
    call = getattr(os, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        result = call(*args, **named)
        killer.reach(f"disk.{name}")
        return result

    return wrapped


def main() -> int:
    """Serve like the daemon does, until the boundary is reached."""
    killer = _Killer(int(os.environ["KILL_AT"]), os.environ["KILL_LOG"])
    boundaries.INJECTOR.reach = killer.reach
    disk.os = _Os(killer)  # type: ignore[attr-defined]
    return daemon.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
