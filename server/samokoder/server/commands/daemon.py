"""`samokoder.daemon.*`: the process behind the editors."""

import os
import time

import msgspec

from samokoder.agents.errors import InvalidInput
from samokoder.server.commands.command import Call, Command, NoArgs
from samokoder.server.version import VERSION


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``idle`` is seconds since the last client left; ``rss`` is MiB, 0 where unknown."""

    running: bool
    version: str = VERSION
    pid: int = 0
    clients: int = 0
    busy: bool = False
    idle: float = 0.0
    rss: int = 0


class Stopping(msgspec.Struct, frozen=True):
    """What the daemon will do."""

    message: str


def _rss() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    except OSError:
        return 0


async def status(call: Call, args: NoArgs) -> Status:
    host = call.service.host
    if host is None:
        from samokoder.server import peek

        return await peek.status()
    return Status(
        running=True,
        pid=os.getpid(),
        clients=len(host.connections),
        busy=call.service.busy(),
        idle=0.0 if host.connections else time.monotonic() - host.idle_since,
        rss=_rss(),
    )


async def stop(call: Call, args: NoArgs) -> Stopping:
    host = call.service.host
    if host is None:
        from samokoder.server import peek

        return Stopping(await peek.stop())
    if host.stop is None:
        raise InvalidInput("this editor has an engine of its own (--in-process)")
    host.stop()
    return Stopping("The daemon stops when this conversation ends; active runs are taken up later.")


def _show(result: Status) -> str:
    if not result.running:
        return "No daemon is running; the next editor starts one."
    work = "busy" if result.busy else "idle"
    return (
        f"samokoder {result.version}, process {result.pid}, {work}, "
        f"{result.clients} clients, {result.rss} MiB"
    )


COMMANDS = (
    Command(
        "samokoder.daemon.status",
        NoArgs,
        status,
        "Show the daemon: version, clients, memory, whether it is busy.",
        show=_show,
    ),
    Command(
        "samokoder.daemon.stop",
        NoArgs,
        stop,
        "Stop the daemon; active runs are taken up by the next one.",
        show=lambda result: str(result.message),
    ),
)
