"""Commands that provoke, on a tiny engine; ``probe_server.py`` serves them with the real core."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from samokoder.agents.errors import InvalidInput, LimitReached
from samokoder.agents.workspace.target import BufferEdit, TextEdit
from samokoder.server import editors
from samokoder.server.commands.command import Args, Command, NoArgs
from samokoder.server.connection import Connection
from samokoder.server.diagnostics import Mark
from samokoder.server.host import Host
from samokoder.server.text import Position, Range


class ProbeEngine:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.journal: list[str] = []
        self.runs = 0

    def busy(self) -> bool:
        return self.runs > 0

    async def connected(self, connection: Connection) -> None:
        self.journal.append(f"connected {connection.id}")

    async def disconnected(self, connection: Connection) -> None:
        self.journal.append(f"disconnected {connection.id}")


@asynccontextmanager
async def open_engine(host: Host) -> AsyncIterator[ProbeEngine]:
    editors.ECHO_SECONDS = float(os.environ.get("PROBE_ECHO_SECONDS", "5"))
    editors.APPLY_SECONDS = float(os.environ.get("PROBE_APPLY_SECONDS", "10"))
    host.idle_seconds = float(os.environ.get("PROBE_IDLE_SECONDS", "600"))
    yield ProbeEngine(host)


class Value(Args, frozen=True):
    value: Any = None


class Seconds(Args, frozen=True):
    seconds: float = 0.0
    name: str = "sleep"


class Flag(Args, frozen=True):
    enabled: bool = False


class Edit(Args, frozen=True):
    path: str = ""
    start: int = 0
    end: int = 0
    text: str = ""
    client: str = ""


class Marks(Args, frozen=True):
    path: str = ""
    line: int = 0
    column: int = 0
    message: str = "wrong"


class Question(Args, frozen=True):
    question: str = "Sure?"
    options: tuple[str, ...] = ("Yes", "No")


class Diagnostic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: str = ""
    source: str = ""
    code: str = ""
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


class Fix(Args, frozen=True):
    uri: str = ""
    diagnostic: Diagnostic | None = None


async def echo(call: Any, args: Value) -> object:
    return args.value


async def sleep(call: Any, args: Seconds) -> object:
    journal = call.service.journal
    try:
        await anyio.sleep(args.seconds)
    except anyio.get_cancelled_exc_class():
        journal.append(f"{args.name} cancelled {'by user' if call.cancelled_by_user else 'by end'}")
        raise
    journal.append(f"{args.name} completed")
    return args.seconds


async def blocking(call: Any, args: Seconds) -> object:
    await anyio.to_thread.run_sync(time.sleep, args.seconds, abandon_on_cancel=True)
    return args.seconds


async def crash(call: Any, args: NoArgs) -> object:
    raise ValueError("boom")


async def limit(call: Any, args: NoArgs) -> object:
    raise LimitReached("5 of 5 tokens are spent", hint="Raise `budget.tokens`.")


async def invalid(call: Any, args: NoArgs) -> object:
    raise InvalidInput("no such file")


async def unencodable(call: Any, args: NoArgs) -> object:
    return object()


async def journal(call: Any, args: NoArgs) -> object:
    return call.service.journal


async def progress(call: Any, args: Seconds) -> object:
    await call.say("half way", 50)
    await sleep(call, args)
    return "done"


async def ask(call: Any, args: Question) -> object:
    return await call.choose(args.question, args.options)


async def flag(call: Any, args: Flag) -> object:
    return args.enabled


async def edit(call: Any, args: Edit) -> object:
    live = call.service.host.editors
    client = args.client or call.client
    buffers = [b for b in live.buffers(Path(args.path)) if b.client == client]
    if not buffers:
        return "not open"
    change = TextEdit(args.start, args.end, args.text)
    wanted = BufferEdit(Path(args.path), buffers[0].version, (change,))
    return await live.apply(client, (wanted,), "Probe")


async def buffer(call: Any, args: Edit) -> object:
    return [
        [b.client, b.version, b.text] for b in call.service.host.editors.buffers(Path(args.path))
    ]


async def mark(call: Any, args: Marks) -> object:
    at = Position(args.line, args.column)
    where = Range(at, Position(args.line, args.column + 1))
    call.connection.diagnostics.publish("probe", Path(args.path), [Mark(where, args.message)])
    return None


async def event(call: Any, args: Value) -> object:
    call.service.host.notify_event({"kind": "probe", "value": args.value})
    return None


async def facts(call: Any, args: NoArgs) -> object:
    return {
        "roots": call.roots,
        "client": call.client,
        "settings": call.connection.settings,
        "clients": len(call.service.host.connections),
    }


async def busy(call: Any, args: Flag) -> object:
    call.service.runs += 1 if args.enabled else -1
    return call.service.busy()


async def fix(call: Any, args: Fix) -> object:
    return args


COMMANDS = {
    command.name: command
    for command in (
        Command("probe.echo", Value, echo, "Give back"),
        Command("probe.sleep", Seconds, sleep, "Sleep"),
        Command("probe.blocking", Seconds, blocking, "Block a thread"),
        Command("probe.crash", NoArgs, crash, "Crash"),
        Command("probe.limit", NoArgs, limit, "Reach a limit"),
        Command("probe.invalid", NoArgs, invalid, "Refuse input"),
        Command("probe.unencodable", NoArgs, unencodable, "Return what cannot be sent"),
        Command("probe.journal", NoArgs, journal, "What happened"),
        Command("probe.progress", Seconds, progress, "Work"),
        Command("probe.ask", Question, ask, "Ask"),
        Command("probe.flag", Flag, flag, "Take a boolean"),
        Command("probe.edit", Edit, edit, "Edit a buffer"),
        Command("probe.buffer", Edit, buffer, "Show buffers"),
        Command("probe.mark", Marks, mark, "Publish a diagnostic"),
        Command("probe.event", Value, event, "Send an event"),
        Command("probe.facts", NoArgs, facts, "What is known of the client"),
        Command("probe.busy", Flag, busy, "Pretend to run"),
        Command("samokoder.fix", Fix, fix, "Fix"),
    )
}
