"""``samokoder lsp``: the editor's pipes on one side, the per-user daemon on the other.

Imports next to nothing, so that an editor has its answer before it has drawn its window; whatever
is needed only when something has to be started or has gone wrong is imported then.
"""

import os
import sys
from _thread import start_new_thread

from samokoder.server import endpoint, pumps, runtime

TYPE_CHECKING = False  # as type checkers know it; `typing` itself costs 8 ms
if TYPE_CHECKING:
    from _socket import socket

ATTEMPTS = 6
"""Tries to reach a daemon: the one found may be just ending, or be replaced."""

# Neither the workspace's folder nor its PYTHONPATH may lend the daemon a module.
_DAEMON = (sys.executable, "-E", "-P", "-m", "samokoder.server.main", "daemon")


def main(daemon: tuple[str, ...] = ()) -> int:
    """Connect the editor with the daemon, which is started (as ``daemon``) when none runs.

    Returns the exit code the editor expects, or does not return at all.
    """
    try:
        folder = runtime.folder()
        sock = _reach(folder, daemon)
    except (runtime.RuntimeRefused, ConnectionError, TimeoutError) as error:
        from samokoder.server import refusal

        return refusal.refuse(str(error))
    start_new_thread(pumps.editor_to_daemon, (0, sock))
    code = pumps.daemon_to_editor(sock, 1)
    # The other thread may be reading from an editor that has nothing more to say.
    os._exit(code)


def _reach(folder: str, daemon: tuple[str, ...]) -> "socket":
    """A socket behind which a daemon has agreed to serve."""
    for attempt in range(ATTEMPTS):
        if attempt > 1:
            import time

            time.sleep(0.05 * attempt)
        found = endpoint.connect(folder) or _start(folder, daemon)
        if found is None:
            continue
        sock, token = found
        answer = endpoint.greet(sock, token)
        if endpoint.accepted(answer):
            if not endpoint.is_same_version(answer):
                sys.stderr.write("samokoder: a daemon of another version is busy and serves\n")
            return sock
        sock.close()
    raise ConnectionError(f"no daemon agreed to serve; see {runtime.log_path(folder)}")


def _start(folder: str, daemon: tuple[str, ...]) -> "tuple[socket, str] | None":
    """Start a daemon, unless somebody else has while we waited for our turn."""
    from samokoder.server import launch

    with runtime.Lock(folder, "start"):
        found = endpoint.connect(folder)
        if found is None:
            command = daemon or (
                sys.executable,
                "-E",
                "-P",
                "-m",
                "samokoder.server.main",
                "daemon",
            )
            launch.start(folder, (*command, "--detach"))
            found = endpoint.connect(folder)
    return found
