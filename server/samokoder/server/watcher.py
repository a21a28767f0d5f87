"""Somebody must keep the deadline of a preview the shell started: the daemon."""

import sys

from anyio.to_thread import run_sync

from samokoder.server import endpoint, launch, runtime
from samokoder.server.commands.command import Call


async def ensure(call: Call) -> None:
    """Have a daemon running, or say that nobody will watch."""
    try:
        await run_sync(_ensure)
    except (runtime.RuntimeRefused, OSError) as error:
        await call.say(f"No daemon could be started, so the next command ends it: {error}")


def _ensure() -> None:
    folder = runtime.folder()
    with runtime.Lock(folder, "start"):
        found = endpoint.connect(folder)
        if found is None:
            own = (sys.executable, "-E", "-P", "-m", "samokoder.server.main", "daemon", "--detach")
            launch.start(folder, own)
            found = endpoint.connect(folder)
    if found is not None:
        found[0].close()
