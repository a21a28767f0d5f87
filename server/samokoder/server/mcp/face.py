"""``samokoder mcp``: tools for other agents, by the Model Context Protocol over stdio."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.to_thread import run_sync

from samokoder.server.lines import INVALID_PARAMS, METHOD_NOT_FOUND, Lines, Refused, over_stdio
from samokoder.server.mcp import tools, wire
from samokoder.server.mcp.calls import ToolCall
from samokoder.server.mcp.tools import Tool
from samokoder.server.relay import Link, NoDaemon, Relay
from samokoder.server.uris import path_of
from samokoder.server.version import VERSION

log = logging.getLogger(__name__)

ROOTS_SECONDS = 10.0
ANSWER_SECONDS = 3600.0
"""How long a question may stay on the person's screen."""
INSTRUCTIONS = (
    "Samokoder fixes and reviews code and proves what it claims. `check` shows what fails, `fix` "
    "repairs it and applies only what is proven, `run_undo` takes a run back. The first call in a "
    "workspace needs the user's consent."
)


class Face:
    """One MCP client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        in_process: bool = False,
        folder: Path,
    ) -> None:
        self._lines = Lines(reader, writer, self._serve, self._heard)
        self._in_process, self._folder = in_process, folder
        self._can: dict[str, Any] = {}
        self._elicits = False
        self._tools: dict[str, Tool] = {}
        self._roots: tuple[Path, ...] | None = None
        self._links: dict[Path, Link] = {}
        self._methods: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "initialize": self._initialize,
            "ping": self._ping,
            "tools/list": self._list,
            "tools/call": self._call,
        }

    async def run(self) -> None:
        """Talk until the client leaves; its runs go on without it."""
        await self._lines.run(self._leave)

    def _leave(self) -> None:
        for link in self._links.values():
            link.abandon()

    async def _serve(self, method: str, params: Any) -> Any:
        handler = self._methods.get(method)
        if handler is None:
            raise Refused(METHOD_NOT_FOUND, f"Unknown method: {method}")
        return await handler(params if params is not None else {})

    def _heard(self, method: str, params: Any) -> None:
        if method == "notifications/cancelled":
            # the client expects no answer any more
            self._lines.cancel(msgspec.convert(params, wire.Cancelled).request_id, silent=True)
        elif method == "notifications/roots/list_changed":
            self._roots = None

    async def _initialize(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.Initialize)
        asked = given.protocol_version
        version = asked if asked in wire.VERSIONS else wire.VERSIONS[-1]
        self._can = given.capabilities
        self._elicits = version >= wire.ELICITS and "elicitation" in self._can
        return {
            "protocolVersion": version,
            "capabilities": {"tools": {"listChanged": False}},
            "serverInfo": {"name": "samokoder", "title": "Samokoder", "version": VERSION},
            "instructions": INSTRUCTIONS,
        }

    async def _ping(self, _params: Any) -> dict[str, Any]:
        return {}

    async def _known(self) -> dict[str, Tool]:
        if not self._tools:
            self._tools = await run_sync(tools.load)
        return self._tools

    async def _list(self, _params: Any) -> dict[str, Any]:
        return {"tools": [tool.described() for tool in (await self._known()).values()]}

    async def _call(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.CallTool)
        tool = (await self._known()).get(given.name)
        if tool is None:
            raise Refused(INVALID_PARAMS, f"There is no tool {given.name}.")
        args = dict(given.arguments or {})
        try:
            named = args.pop("root", "") if "root" in tool.takes["properties"] else ""
            root = await self._root(named)
            relay = await self._link(root).get()
        except (NoDaemon, Refused) as error:
            return wire.failed(str(error))
        choose = self._choose if self._elicits else None
        progress = self._progress(given.token)
        return await ToolCall(tool, relay, root, choose, progress).result(args)

    def _progress(self, token: int | str | None) -> Callable[[str], None]:
        said = 0

        def tell(message: str) -> None:
            nonlocal said
            said += 1
            if token is not None:
                facts = {"progressToken": token, "progress": said, "message": message}
                self._lines.notify("notifications/progress", facts)

        return tell

    # where

    async def _root(self, wanted: Any) -> Path:
        """The workspace folder a call is about. Refused when it is outside what may be used."""
        roots = await self._given_roots()
        base = roots[0] if roots else self._folder
        path = Path(await anyio.Path(base / str(wanted or "")).resolve())
        if not await anyio.Path(path).is_dir():
            raise Refused(INVALID_PARAMS, f"{path} is not a folder.")
        if roots and not any(path.is_relative_to(root) for root in roots):
            raise Refused(INVALID_PARAMS, f"{path} is outside of the folders you work in.")
        return path

    async def _given_roots(self) -> tuple[Path, ...]:
        """The folders the client works in; none when it does not say."""
        if self._roots is None:
            self._roots = ()
            if "roots" in self._can:
                try:
                    answer = await self._ask("roots/list", {}, ROOTS_SECONDS)
                    given = msgspec.convert(answer, wire.Roots).roots
                except (Refused, TimeoutError, msgspec.ValidationError) as error:
                    log.info("no roots from the client: %s", error)
                    given = ()
                paths = [path for root in given if (path := path_of(root.uri)) is not None]
                self._roots = tuple([Path(await anyio.Path(path).resolve()) for path in paths])
        return self._roots

    def _link(self, root: Path) -> Link:
        link = self._links.get(root)
        if link is None:
            link = self._links[root] = Link(root, self._prepare, in_process=self._in_process)
            self._lines.tasks.start_soon(link.run)
        return link

    def _prepare(self, relay: Relay) -> None:
        if self._elicits:
            relay.choose = self._choose

    # asking

    async def _choose(self, question: str, options: tuple[str, ...]) -> str | None:
        """Ask the person behind the agent; None when nothing was chosen."""
        try:
            asked = wire.choice(question, options)
            answer = await self._ask("elicitation/create", asked, ANSWER_SECONDS)
            given = msgspec.convert(answer, wire.Elicited)
        except (Refused, TimeoutError, msgspec.ValidationError) as error:
            log.info("a question was not answered: %s", error)
            return None
        chosen = (given.content or {}).get("answer") if given.action == "accept" else None
        return chosen if chosen in options else None

    async def _ask(self, method: str, params: dict[str, Any], seconds: float) -> Any:
        return await self._lines.ask(
            method, params, seconds, withdraw="notifications/cancelled", member="requestId"
        )


def main(*, in_process: bool = False) -> int:
    """Serve the client at stdin and stdout until it leaves; does not return."""
    folder = Path.cwd()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Face(reader, writer, in_process=in_process, folder=folder).run()

    return over_stdio(talk)
