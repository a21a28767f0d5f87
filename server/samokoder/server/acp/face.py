"""``samokoder acp``: the Agent Client Protocol over stdin and stdout."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec

from samokoder.server.acp import wire
from samokoder.server.acp.session import Session, began, new_id
from samokoder.server.lines import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Lines,
    Refused,
    over_stdio,
)
from samokoder.server.version import VERSION


class Face:
    """One ACP client and its sessions."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        in_process: bool = False,
    ) -> None:
        self._lines = Lines(reader, writer, self._serve, self._heard)
        self._in_process = in_process
        self._fs = wire.FileSystem()
        self._sessions: dict[str, Session] = {}
        self._methods: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "initialize": self._initialize,
            "authenticate": self._authenticate,
            "session/new": self._new,
            "session/load": self._load,
            "session/close": self._close,
            "session/set_mode": self._set_mode,
            "session/prompt": self._prompt,
        }

    async def run(self) -> None:
        """Talk until the client leaves; its runs go on without it."""
        await self._lines.run(self._leave)

    def _leave(self) -> None:
        for session in self._sessions.values():
            session.link.abandon()

    async def _serve(self, method: str, params: Any) -> Any:
        handler = self._methods.get(method)
        if handler is None:
            raise Refused(METHOD_NOT_FOUND, f"Unknown method: {method}")
        return await handler(params)

    def _heard(self, method: str, params: Any) -> None:
        if method == "session/cancel":
            session = self._sessions.get(msgspec.convert(params, wire.OneSession).session_id)
            if session is not None:
                session.cancel()
        elif method == "$/cancel_request":
            self._lines.cancel(msgspec.convert(params, wire.Withdrawn).request_id)

    async def _initialize(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.Initialize)
        if given.client_capabilities is not None:
            self._fs = given.client_capabilities.fs
        return {
            "protocolVersion": wire.VERSION,
            "agentInfo": {"name": "samokoder", "title": "Samokoder", "version": VERSION},
            "agentCapabilities": {
                "loadSession": True,
                "promptCapabilities": {"image": False, "audio": False, "embeddedContext": True},
                "mcpCapabilities": {"http": False, "sse": False},
                "sessionCapabilities": {"close": {}},
            },
            "authMethods": [],
        }

    async def _authenticate(self, _params: Any) -> dict[str, Any]:
        return {}  # the daemon serves its own user alone; there is nothing to log in to

    async def _new(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.NewSession)
        session = await self._open(new_id(), given.cwd)
        self._lines.tasks.start_soon(session.offer)
        return {"sessionId": session.id, "modes": session.modes()}

    async def _load(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.LoadSession)
        try:
            began(given.session_id)
        except ValueError:
            raise Refused(wire.NOT_FOUND, f"There is no session {given.session_id}.") from None
        session = self._sessions.get(given.session_id)
        if session is None:
            session = await self._open(given.session_id, given.cwd)
        await session.replay()
        self._lines.tasks.start_soon(session.offer)
        return {"modes": session.modes()}

    async def _open(self, id: str, cwd: str) -> Session:
        if not os.path.isabs(cwd) or not await anyio.Path(cwd).is_dir():
            raise Refused(INVALID_PARAMS, f"{cwd} is not an absolute path of a folder.")
        root = Path(await anyio.Path(cwd).resolve())
        session = Session(id, root, self._lines, self._fs, in_process=self._in_process)
        self._sessions[id] = session
        self._lines.tasks.start_soon(session.link.run)
        return session

    async def _close(self, params: Any) -> dict[str, Any]:
        session = self._session(msgspec.convert(params, wire.OneSession).session_id)
        session.cancel()
        session.link.close()
        del self._sessions[session.id]
        return {}

    async def _set_mode(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.SetMode)
        await self._session(given.session_id).set_mode(given.mode_id)
        return {}

    async def _prompt(self, params: Any) -> dict[str, Any]:
        given = msgspec.convert(params, wire.Prompt)
        return {"stopReason": await self._session(given.session_id).prompt(given.prompt)}

    def _session(self, id: str) -> Session:
        session = self._sessions.get(id)
        if session is None:
            raise Refused(wire.NOT_FOUND, f"There is no session {id}.")
        return session


def main(*, in_process: bool = False) -> int:
    """Serve the client at stdin and stdout until it leaves; does not return."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Face(reader, writer, in_process=in_process).run()

    return over_stdio(talk)
