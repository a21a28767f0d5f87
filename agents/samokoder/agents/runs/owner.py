"""Who is working on a run: a process that can be told from a later one with the same number."""

import os
import socket
from functools import cache
from pathlib import Path


def _started(pid: int) -> str:
    """The kernel's start time of a process (field 22 of /proc/PID/stat); "" where unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    # A zombie is dead for our purposes: it will never write again.
    return "" if fields[0] == b"Z" else fields[19].decode()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@cache
def me() -> str:
    """This process: host, boot, process number and its start time."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{_boot()}/{pid}/{_started(pid)}"


def alive(owner: str) -> bool:
    """Whether the process still exists. Blocking but quick: call it in a thread.

    Another host's process is taken for alive: only its lease's expiry can tell.
    """
    if owner == me():
        return True
    host, boot, pid, started = owner.rsplit("/", 3)
    if host != socket.gethostname():
        return True
    if boot != _boot():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not started or _started(int(pid)) == started
