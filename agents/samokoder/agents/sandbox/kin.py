"""Finding and killing everything a command started, also what left its process group.

Each command carries a token in its environment and children inherit it, so a process that called
``setsid`` or was adopted by init is still recognised. Only processes younger than the command are
looked at: process numbers grow, and where they have wrapped around all are looked at.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TOKEN = "SAMOKODER_JOB"
"""Name of the environment variable that carries the token."""

_ROUNDS = 40
_PAUSE = 0.005


def kill_all(pid: int, token: str) -> None:
    """Kill the command's group and its kin; returns when none of them is left running.

    Gives up silently after 0.2 s: what is left then is stuck in the kernel and dies on return.
    Blocking; call it in a worker thread.
    """
    if sys.platform == "win32":
        subprocess.run(("taskkill", "/F", "/T", "/PID", str(pid)), capture_output=True, check=False)
        return
    marker = f"{TOKEN}={token}".encode()
    for turn in range(_ROUNDS):
        kin = _marked(pid, marker) if os.path.isdir("/proc/self") else _below(pid)
        for number in kin:
            _kill(number)
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            if not kin:
                return
        except PermissionError:  # macOS, when only zombies are left in the group
            if not kin:
                return
        if turn and not kin:  # only zombies nobody has buried yet
            return
        time.sleep(_PAUSE)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _marked(first: int, marker: bytes) -> list[int]:
    """Live processes, ``first`` and younger, whose environment holds the marker."""
    newest = int(Path("/proc/loadavg").read_text().split()[-1])
    lowest = first if newest >= first else 0
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) < lowest:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environ = file.read()
        except OSError:  # gone, or somebody else's
            continue
        if marker in environ.split(b"\0"):
            found.append(int(name))
    return found


def _below(pid: int) -> list[int]:
    """Descendants by parent number, for systems without /proc."""
    listing = subprocess.run(
        ("ps", "-A", "-o", "pid=,ppid="), capture_output=True, text=True, check=False
    ).stdout
    children: dict[int, list[int]] = {}
    for line in listing.splitlines():
        child, parent = (int(part) for part in line.split())
        children.setdefault(parent, []).append(child)
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found
