"""The daemon's client on behalf of another protocol's: agents' faces are editors to the daemon.

Each face runs in a process of its own and speaks to the daemon as any editor does. So there is one
engine and one writer, runs outlive the face, unsaved text in editors is seen, and a fault in the
translation ends nobody else's work.
"""

import logging
import math
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from samokoder.agents.errors import EnvironmentMissing
from samokoder.server.client import Client, Document, RequestFailed, connect_as
from samokoder.state.errors import SamokoderError

log = logging.getLogger(__name__)

# As the daemon's own: the workspace's folder must not lend it a module.
_SERVER = (sys.executable, "-E", "-P", "-m", "samokoder.server.main", "lsp")
_GONE = {"code": 0, "message": "the daemon went away; the next one takes up its runs"}
OPEN_SECONDS = 90.0
"""How long a daemon may take to start and agree to serve."""


class NoDaemon(EnvironmentMissing):
    """The daemon cannot be reached."""

    default_hint = "Run `samokoder doctor`, or add --in-process to the command line."


@dataclass(frozen=True, slots=True)
class Said:
    """Progress of a command, for people."""

    message: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """The command has begun a run."""

    run: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the command's run, see docs/protocol.md."""

    run: str
    kind: str
    facts: Mapping[str, Any]


Happening = Said | Began | Happened
Hear = Callable[[Happening], Awaitable[None]]
Choose = Callable[[str, tuple[str, ...]], Awaitable[str | None]]
Write = Callable[[str, str, str], Awaitable[bool]]
"""Replaces the text of the editor's document of this address; True when the editor has it."""


async def _nobody(_question: str, _options: tuple[str, ...]) -> str | None:
    return None


async def _nowhere(_uri: str, _before: str, _after: str) -> bool:
    return False


class Relay(Client):
    """One connection to the daemon."""

    def __init__(self, *streams: Any) -> None:
        super().__init__(*streams)
        self.choose: Choose = _nobody
        self.write: Write = _nowhere
        self.commands: frozenset[str] = frozenset()
        self.on_notice = self._notice
        self._heard: dict[int | str, MemoryObjectSendStream[Happening]] = {}
        """Who hears of a request, of a token, of a run."""

    async def work(self, name: str, args: Mapping[str, Any], hear: Hear, stop: anyio.Event) -> Any:
        """Run a command; ``hear`` is told what happens on the way, in order.

        ``stop`` cancels the run; the answer (code -32800) comes once it has ended. Raises
        :class:`RequestFailed`.
        """
        send, receive = anyio.create_memory_object_stream[Happening](math.inf)
        token = uuid.uuid4().hex
        outcome: list[Any] = []

        async def tell() -> None:
            async with receive:
                async for happening in receive:
                    await hear(happening)

        async def withdraw(number: int) -> None:
            await stop.wait()
            await self.notify("$/cancelRequest", {"id": number})

        async with anyio.create_task_group() as tellers, send:
            tellers.start_soon(tell)
            async with anyio.create_task_group() as tasks:
                number = self._number + 1
                tasks.start_soon(withdraw, number)
                self._heard[number] = self._heard[token] = send
                params = {"command": name, "arguments": [dict(args)], "workDoneToken": token}
                try:
                    outcome.append(await self.request("workspace/executeCommand", params))
                except RequestFailed as error:
                    outcome.append(error)
                finally:
                    for key in [k for k, stream in self._heard.items() if stream is send]:
                        del self._heard[key]
                tasks.cancel_scope.cancel()
        if isinstance(outcome[0], RequestFailed):
            raise outcome[0]
        return outcome[0]

    async def request(self, method: str, params: Any = None) -> Any:
        """As the client's; a daemon that is gone is an error of the request."""
        if self.closed.is_set():
            raise RequestFailed(_GONE)
        try:
            return await super().request(method, params)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise RequestFailed(_GONE) from None

    async def notify(self, method: str, params: Any = None) -> None:
        """As the client's; a daemon that is gone need not be told anything."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await super().notify(method, params)

    def leave(self, run: str) -> None:
        """Do not wait for this run any longer: who waits may be cancelled, the run goes on."""
        stream = self._heard.get(run)
        for key, other in self._heard.items():
            if other is stream and isinstance(key, int):
                self._pending.pop(key, None)

    def abandon(self) -> None:
        """Wait for nothing any longer; every run goes on."""
        self._pending.clear()

    @asynccontextmanager
    async def watching(self, run: str, hear: Hear) -> AsyncIterator[None]:
        """Tell of a run that somebody else began."""
        send, receive = anyio.create_memory_object_stream[Happening](math.inf)
        async with anyio.create_task_group() as tasks, send, receive:

            async def tell() -> None:
                async for happening in receive:
                    await hear(happening)

            tasks.start_soon(tell)
            self._heard[run] = send
            try:
                yield
            finally:
                self._heard.pop(run, None)
                tasks.cancel_scope.cancel()

    def _notice(self, method: str, params: Any) -> None:
        self.notices.clear()  # a face may live for days
        self.edits.clear()
        if method == "$/progress":
            value = params["value"]
            if value.get("kind") == "report":
                said = Said(value.get("message", ""), value.get("percentage"))
                self._tell(params["token"], said)
        elif method == "samokoder/started":
            stream = self._heard.get(params["request"])
            if stream is not None:
                self._heard[params["run"]] = stream
                stream.send_nowait(Began(params["run"], params["kind"], params["title"]))
        elif method == "samokoder/event" and params["run"]:
            self._tell(params["run"], Happened(params["run"], params["kind"], params["facts"]))

    def _tell(self, key: int | str, happening: Happening) -> None:
        stream = self._heard.get(key)
        if stream is not None:
            stream.send_nowait(happening)

    def _serve(self, method: str, params: Any) -> Any:
        if method == "window/showMessageRequest":
            return self._ask(params)
        if method == "workspace/applyEdit":
            return self._write_through(params)
        return super()._serve(method, params)

    async def _ask(self, params: dict[str, Any]) -> Any:
        titles = tuple(action["title"] for action in params.get("actions") or ())
        chosen = await self.choose(params["message"], titles)
        return None if chosen is None else {"title": chosen}

    async def _write_through(self, params: dict[str, Any]) -> dict[str, Any]:
        """The edit in our copies of the documents, then in the editor's own."""
        before = {uri: document.text for uri, document in self.documents.items()}
        answer = self._apply(params)
        if not answer["applied"]:
            return answer
        done: list[str] = []
        for uri, document in self.documents.items():
            if document.text == before[uri]:
                continue
            if not await self.write(uri, before[uri], document.text):
                for other in done:
                    await self.write(other, self.documents[other].text, before[other])
                for other, text in before.items():
                    if self.documents[other].text != text:
                        self._changed(other, text)
                await self._flush()
                return {"applied": False, "failureReason": "the editor did not take the text"}
            done.append(uri)
        return answer

    async def show(self, uri: str, text: str) -> None:
        """The editor holds this text, which is not on the disk."""
        if uri in self.documents:
            if self.documents[uri].text != text:
                await self.change(uri, text)
            return
        self.documents[uri] = Document(text)
        item = {"uri": uri, "languageId": "plaintext", "version": 1, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})

    async def hide(self, uri: str) -> None:
        """The editor holds what is on the disk."""
        if self.documents.pop(uri, None) is not None:
            await self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def configure(self, settings: Mapping[str, Any]) -> None:
        """Settings of this connection from now on."""
        await self.notify(
            "workspace/didChangeConfiguration", {"settings": {"samokoder": dict(settings)}}
        )


@dataclass
class Link:
    """A relay for one workspace, opened when it is first wanted and again when it broke."""

    root: Path
    prepare: Callable[[Relay], None]
    settings: dict[str, Any] = field(default_factory=dict)
    in_process: bool = False
    _relay: Relay | None = None
    _failure: SamokoderError | None = None
    _opening: bool = False
    _wanted: anyio.Event = field(default_factory=anyio.Event)
    _settled: anyio.Event = field(default_factory=anyio.Event)
    _over: anyio.Event = field(default_factory=anyio.Event)

    async def get(self) -> Relay:
        """The open relay; NoDaemon when there is none to be had."""
        if self._relay is None or self._relay.closed.is_set():
            if not self._opening:
                self._opening, self._settled = True, anyio.Event()
                self._wanted.set()
            await self._settled.wait()
        if self._relay is None:
            raise self._failure or NoDaemon("the session is over")
        return self._relay

    def abandon(self) -> None:
        """Nobody waits any longer for what is under way; runs go on."""
        if self._relay is not None:
            self._relay.abandon()

    def close(self) -> None:
        """Let go of the daemon."""
        self._over.set()
        self._wanted.set()

    async def run(self) -> None:
        """Keep the relay open until :meth:`close`."""
        while not self._over.is_set():
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if self._over.is_set():
                break
            try:
                async with connect_as(Relay, self._argv()) as relay:
                    await self._serve(relay)
            except OSError as error:
                self._failure = NoDaemon(str(error))
            self._relay = None
            if not self._wanted.is_set():  # nobody wants another one yet
                self._opening = False
                self._settled.set()
        self._settled.set()

    async def _serve(self, relay: Relay) -> None:
        self.prepare(relay)
        try:
            with anyio.fail_after(OPEN_SECONDS):
                offered = await relay.initialize(self.root, events=True, settings=self.settings)
        except (TimeoutError, RequestFailed, anyio.BrokenResourceError) as error:
            log.warning("no daemon: %s", error)
            self._failure = NoDaemon(str(error))
            return
        relay.commands = frozenset(offered["executeCommandProvider"]["commands"])
        self._relay, self._opening = relay, False
        self._settled.set()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_then, relay.closed.wait, tasks)
            tasks.start_soon(_then, self._over.wait, tasks)

    def _argv(self) -> tuple[str, ...]:
        return (*_SERVER, "--in-process") if self.in_process else _SERVER


async def _then(wait: Callable[[], Awaitable[None]], tasks: TaskGroup) -> None:
    await wait()
    tasks.cancel_scope.cancel()
