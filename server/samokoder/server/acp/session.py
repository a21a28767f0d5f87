"""One ACP session: a workspace, a way of working, and the turn that is under way."""

import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from samokoder.agents.errors import InvalidInput
from samokoder.server.acp import asking, prompts, wire
from samokoder.server.acp.files import ClientFiles
from samokoder.server.acp.turn import Turn
from samokoder.server.client import RequestFailed
from samokoder.server.commands.command import Command
from samokoder.server.lines import INVALID_REQUEST, Lines, Refused
from samokoder.server.relay import Link, Relay
from samokoder.state.errors import SamokoderError

MODES = {
    "ask": ("Ask", "Proven changes are shown, and applied when you agree."),
    "proven": ("Apply what is proven", "Proven changes are applied; everything else waits."),
    "propose": ("Propose", "Nothing is applied; `/apply` applies what a run proposed."),
}
_POLICY = {"ask": "ask", "proven": "ask", "propose": "never"}
"""The setting ``run.apply`` of each mode. In the mode ``proven`` the question is answered by the
session itself, because it has to look at the client's unsaved text first."""
REPLAYED = 50
"""Runs that are told of when a session is loaded, at most."""


def new_id() -> str:
    """An id that says when the session began."""
    return f"{time.time_ns() // 1_000_000:x}-{secrets.token_hex(4)}"


def began(id: str) -> float:
    """When a session began, in seconds since the epoch; ValueError for an id that is none."""
    moment, dash, rest = id.partition("-")
    if not dash or len(rest) != 8:
        raise ValueError(id)
    return int(moment, 16) / 1000


class Session:
    """See the module."""

    def __init__(
        self, id: str, cwd: Path, lines: Lines, fs: wire.FileSystem, *, in_process: bool
    ) -> None:
        self.id, self.cwd = id, cwd
        self.mode = "ask"
        self._lines = lines
        self._files = ClientFiles(self.ask, fs)
        self._turn: Turn | None = None
        self._turns = 0
        self._known: Mapping[str, Command] = {}
        self.link = Link(cwd, self._prepare, {"run": {"apply": "ask"}}, in_process)
        self._busy = anyio.Lock()
        self._asking = anyio.CancelScope()
        """Around a question of the daemon that is on the client's screen."""
        self._cancelled = anyio.Event()

    def _prepare(self, relay: Relay) -> None:
        relay.choose = self._choose
        relay.write = self._files.write

    # towards the client

    def update(self, update: dict[str, Any]) -> None:
        """Tell the client what happens."""
        self._lines.notify("session/update", {"sessionId": self.id, "update": update})

    async def ask(self, method: str, params: dict[str, Any], seconds: float) -> Any:
        """Ask the client something. Raises Refused, TimeoutError."""
        return await self._lines.ask(
            method,
            {"sessionId": self.id, **params},
            seconds,
            withdraw="$/cancel_request",
            member="requestId",
        )

    async def _choose(self, question: str, options: tuple[str, ...]) -> str | None:
        """A question of the daemon before a run may begin, such as consent."""
        id = self._turn.id if self._turn is not None else f"{self.id}.question"
        call = {"toolCallId": id, "title": question, "status": "pending"}
        with anyio.CancelScope() as self._asking:
            return await asking.permission(self.ask, call, options)
        return None

    async def look_at(self, paths: Sequence[str]) -> None:
        """Let the daemon see what the client has not saved of these files of the workspace."""
        relay = await self.link.get()
        for path in paths:
            await self._files.look(relay, self.cwd / path)

    # from the client

    async def offer(self) -> None:
        """Tell which slash commands there are."""
        try:
            names = await self._commands()
        except SamokoderError:
            return  # the first prompt says why there is no daemon
        offered = [
            (slash, names[name].summary, hint)
            for slash, (name, hint) in prompts.SLASHES.items()
            if name in names
        ]
        self.update(wire.commands(offered))

    async def _commands(self) -> Mapping[str, Command]:
        relay = await self.link.get()
        if not self._known:
            self._known = await run_sync(prompts.load)
        return {n: c for n, c in self._known.items() if n in relay.commands}

    def modes(self) -> dict[str, Any]:
        """The ways of working, and the present one."""
        known = [{"id": id, "name": n, "description": d} for id, (n, d) in MODES.items()]
        return {"currentModeId": self.mode, "availableModes": known}

    async def set_mode(self, mode: str) -> None:
        """Work in another way from now on."""
        if mode not in MODES:
            raise Refused(INVALID_REQUEST, f"There is no mode {mode}.")
        self.mode = mode
        self.link.settings["run"] = {"apply": _POLICY[mode]}
        relay = await self.link.get()
        await relay.configure(self.link.settings)

    def cancel(self) -> None:
        """End what is under way."""
        self._cancelled.set()
        if self._turn is not None:
            self._turn.stop.set()
        self._asking.cancel()

    async def prompt(self, blocks: Sequence[dict[str, Any]]) -> str:
        """Do what the user typed; the stop reason."""
        if self._busy.locked():
            raise Refused(INVALID_REQUEST, "A prompt of this session is being worked on.")
        async with self._busy:
            self._cancelled = anyio.Event()
            files, pasted = wire.mentioned(blocks)
            prompt = prompts.Prompt(wire.words(blocks), files, pasted)
            try:
                return await self._do(prompt)
            except SamokoderError as error:
                self.update(wire.said(str(error)))
                return "end_turn"

    async def _do(self, prompt: prompts.Prompt) -> str:
        commands = await self._commands()
        wanted = await run_sync(prompts.understood, prompt, commands, self.cwd)
        relay = await self.link.get()
        self.update(wire.said(f"`{wanted.line}`\n\n"))
        for path in prompt.files:
            await self._files.look(relay, path)
        self._turns += 1
        turn = self._turn = Turn(self, relay, f"{self.id}.{self._turns}")
        if self._cancelled.is_set():
            turn.stop.set()
        try:
            return await turn.command(wanted)
        finally:
            self._turn = None
            for uri in tuple(relay.documents):
                await relay.hide(uri)

    async def replay(self) -> None:
        """Tell what happened in this workspace since the session began; follow what goes on."""
        since = began(self.id)
        relay = await self.link.get()
        runs = await relay.command("samokoder.run.list", {"limit": REPLAYED})
        for run in reversed([r for r in runs if r["created"] >= since - 1]):
            self.update(wire.heard(run["title"]))
            id = f"{self.id}.{run['id']}"
            self.update(wire.begun(id, run["title"], "other"))
            turn = Turn(self, relay, id)
            if run["state"] in ("queued", "running", "waiting"):
                self._lines.tasks.start_soon(_follow, turn, run)
            else:
                await turn.follow(run["id"], run["title"])


async def _follow(turn: Turn, run: Mapping[str, Any]) -> None:
    try:
        await turn.follow(run["id"], run["title"])
    except (RequestFailed, InvalidInput, anyio.BrokenResourceError):
        return  # the daemon went away; the run goes on with the next one
