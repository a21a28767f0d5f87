"""Each effect in a process of its own, so that nothing a candidate does reaches the next one."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def say(out: int, fact: dict[str, Any]) -> None:
    os.write(out, (json.dumps(fact) + "\n").encode())


def in_child(effect: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """``effect()`` in a fork, its result through a pipe; {"end": …} when it died or hung."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            fact = effect()
        except BaseException as error:  # noqa: BLE001  # whatever the candidate throws is its result
            fact = {"end": type(error).__name__}
        data = json.dumps(fact).encode()
        while data:
            data = data[os.write(writer, data) :]
        os._exit(0)
    os.close(writer)
    chunks: list[bytes] = []
    deadline = time.monotonic() + seconds * 8 + 1
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(reader)
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os.waitpid(pid, 0)
    try:
        told: dict[str, Any] = json.loads(b"".join(chunks))
    except ValueError:
        return {"end": "timeout"}
    return told
