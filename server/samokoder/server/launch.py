"""Starts the daemon and waits until it listens."""

import os
import subprocess

from samokoder.server import runtime

MAX_LOG = 1 << 20
"""Bytes the daemon's last words may have before they are begun anew."""
READY = b"ready\n"
TAIL = 2000


def start(folder: str, command: tuple[str, ...]) -> None:
    """Start ``command`` detached. Raises ConnectionError with its last words when it fails.

    The daemon inherits the write end of a pipe, says "ready" there once it listens, and closes it;
    when it dies before, the pipe ends without the word.
    """
    log = runtime.log_path(folder)
    mode = "wb" if os.path.exists(log) and os.path.getsize(log) > MAX_LOG else "ab"
    with open(log, mode) as errors:
        before = errors.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as pipe:
        ready = pipe.readline() == READY
    if not runtime.WINDOWS:
        process.wait()  # it has forked and gone; the daemon is its child
    if ready:
        return
    with open(log, "rb") as words:
        words.seek(max(before, os.path.getsize(log) - TAIL))
        last = words.read().decode("utf-8", "replace").strip()
    reason = last.rpartition("\n")[2] or "it ended without a word"
    raise ConnectionError(f"the daemon could not start: {reason} (see {log})")
