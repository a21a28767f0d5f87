"""`samokoder.daemon.*`: the process behind the editors."""

import msgspec
from anyio.to_thread import run_sync

from samokoder.agents.errors import InvalidInput
from samokoder.server import endpoint, runtime
from samokoder.server.commands.command import Call, Command, NoArgs


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``rss_mib`` is the memory of the process, 0 where unknown."""

    running: bool
    version: str = ""
    pid: int = 0
    clients: int = 0
    busy: bool = False
    uptime_seconds: float = 0.0
    loop_lag_p99_ms: float = 0.0
    rss_mib: int = 0


class Stopping(msgspec.Struct, frozen=True):
    """What the daemon will do."""

    message: str


def _greeted(want: str) -> bytes:
    """What the daemon answers; empty when none runs. Blocking."""
    return endpoint.ask(runtime.folder(), want)


async def status(call: Call, args: NoArgs) -> Status:
    answer = await run_sync(_greeted, "status")
    if not answer:
        return Status(running=False)
    facts = msgspec.json.decode(answer)
    known = {f.name for f in msgspec.structs.fields(Status)}
    return msgspec.convert({"running": True, **{k: facts[k] for k in known & facts.keys()}}, Status)


async def stop(call: Call, args: NoArgs) -> Stopping:
    if not await run_sync(_greeted, "stop"):
        raise InvalidInput("no daemon is running", hint="The next editor starts one.")
    return Stopping("The daemon stops; active runs are taken up by the next one.")


def _show(result: Status) -> str:
    if not result.running:
        return "No daemon is running; the next editor starts one."
    work = "busy" if result.busy else "idle"
    return (
        f"samokoder {result.version}, process {result.pid}, {work}, "
        f"{result.clients} clients, {result.rss_mib} MiB"
    )


COMMANDS = (
    Command(
        "samokoder.daemon.status",
        NoArgs,
        status,
        "Show the daemon: version, clients, memory, whether it is busy.",
        show=_show,
        bare=True,
    ),
    Command(
        "samokoder.daemon.stop",
        NoArgs,
        stop,
        "Stop the daemon; active runs are taken up by the next one.",
        show=lambda result: str(result.message),
        bare=True,
    ),
)
