"""``samokoder daemon``: one process per user that serves every editor.

The process detaches before anything heavy is imported.
"""

import os
import sys
import time
from typing import TYPE_CHECKING

from samokoder.server import runtime

if TYPE_CHECKING:
    from samokoder.server.product import Product

TAKEOVER_SECONDS = 15.0
"""How long a daemon that is ending may take to make room."""
START_SECONDS = 60
"""After this long a start that hangs writes where it hangs, and ends."""


def main(argv: list[str], product: "Product | None" = None) -> int:
    """Serve until idle, stopped or terminated; with ``--detach`` away from who started it."""
    detached = argv == ["--detach"]
    if argv and not detached:
        sys.stderr.write("usage: samokoder daemon [--detach]\n")
        return 2
    if detached and not runtime.WINDOWS and os.fork():
        os._exit(0)
    try:
        folder = runtime.folder()
        lock = runtime.Lock(folder, "daemon")
        if not _take(lock):
            sys.stderr.write("samokoder: a daemon is running already\n")
            return 1
        return _serve(folder, product)
    except (runtime.RuntimeRefused, OSError) as error:
        sys.stderr.write(f"samokoder: {error}\n")
        return 4


def _take(lock: runtime.Lock) -> bool:
    deadline = time.monotonic() + TAKEOVER_SECONDS
    while not lock.acquire(wait=False):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _serve(folder: str, product: "Product | None") -> int:
    import faulthandler

    faulthandler.dump_traceback_later(START_SECONDS, exit=True)
    from samokoder.server import listener
    from samokoder.server.product import samokoder

    code = listener.run(folder, product or samokoder(), _ready)
    sys.stderr.flush()
    os._exit(code)  # threads that still compute must not keep the process alive


def _ready() -> None:
    """Tell who started us that we listen, and let go of its pipe."""
    import faulthandler

    faulthandler.cancel_dump_traceback_later()
    try:
        os.write(1, b"ready\n")
    except OSError:
        pass
    os.dup2(2, 1)
