"""A client of the Agent Client Protocol, by its own library, that keeps what it is told."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from acp import spawn_agent_process, text_block
from acp.schema import (
    AllowedOutcome,
    ClientCapabilities,
    DeniedOutcome,
    FileSystemCapabilities,
    ReadTextFileResponse,
    RequestPermissionResponse,
    WriteTextFileResponse,
)
from anyio.to_thread import run_sync
from crashing import Room

PICK = "Always in this workspace"


class AcpClient:
    """Holds texts of its own (``buffers``), answers questions by ``decide``."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.asked: list[tuple[str, list[str], dict[str, Any]]] = []
        self.buffers: dict[str, str] = {}
        self.written: list[str] = []
        self.decide: Callable[[str, list[str]], str | None] = lambda text, options: options[0]
        self.hold = anyio.Event()
        self.hold.set()
        self.conn: Any = None
        self.process: Any = None
        self.session = ""

    def on_connect(self, conn: Any) -> None:
        """Part of the library's interface."""

    async def request_permission(
        self, session_id: str, tool_call: Any, options: list[Any], **_more: Any
    ) -> RequestPermissionResponse:
        names = [option.name for option in options]
        self.asked.append((tool_call.title, names, tool_call.model_dump(exclude_none=True)))
        await self.hold.wait()
        picked = self.decide(tool_call.title, names)
        if picked is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        chosen = next(o for o in options if o.name == picked)
        outcome = AllowedOutcome(outcome="selected", option_id=chosen.option_id)
        return RequestPermissionResponse(outcome=outcome)

    async def session_update(self, session_id: str, update: Any, **_more: Any) -> None:
        self.updates.append(update.model_dump(exclude_none=True))

    async def read_text_file(self, session_id: str, path: str, **_more: Any) -> Any:
        if path in self.buffers:
            return ReadTextFileResponse(content=self.buffers[path])
        data = await run_sync(Path(path).read_bytes)
        return ReadTextFileResponse(content=data.decode())

    async def write_text_file(self, session_id: str, path: str, content: str, **_more: Any) -> Any:
        self.written.append(path)
        self.buffers[path] = content
        return WriteTextFileResponse()

    # what was told

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Updates of one kind."""
        return [u for u in self.updates if u["session_update"] == kind]

    @property
    def said(self) -> str:
        """The agent's messages."""
        return "".join(u["content"]["text"] for u in self.of("agent_message_chunk"))

    def diffs(self) -> list[tuple[str, str | None, str]]:
        """Every file shown before and after."""
        return [
            (Path(c["path"]).name, c.get("old_text"), c["new_text"])
            for u in self.of("tool_call")
            for c in u.get("content") or []
            if c["type"] == "diff"
        ]

    def ended(self) -> dict[str, str]:
        """The last state of every tool call, by its title at the start."""
        titles = {u["tool_call_id"]: u["title"] for u in self.of("tool_call")}
        states: dict[str, str] = {}
        for u in (*self.of("tool_call"), *self.of("tool_call_update")):
            if u.get("status"):
                states[titles[u["tool_call_id"]]] = u["status"]
        return states

    async def prompt(self, words: str, *blocks: Any) -> str:
        """Type something; the stop reason."""
        answer = await self.conn.prompt(
            session_id=self.session, prompt=[text_block(words), *blocks]
        )
        return str(answer.stop_reason)

    async def until(self, wanted: Callable[[], bool], seconds: float = 45) -> None:
        """Wait until something has been told."""
        with anyio.fail_after(seconds):
            while not await run_sync(wanted):
                await anyio.sleep(0.02)


def configure(room: Room) -> None:
    """The scripted model, and rungs that end quickly."""
    room.configure(
        f'[model]\ncoder = "scripted:{room.folder / "script.json"}"\n'
        '[fix]\nrungs = ["L0", "L2"]\n[sandbox]\nunconfined = true\n'
    )


@asynccontextmanager
async def acp_client(
    room: Room, *options: str, fs: bool = True, session: str = ""
) -> AsyncIterator[AcpClient]:
    """A client with a session in the room's workspace; ends with the agent's process gone."""
    client = AcpClient()
    async with spawn_agent_process(
        client,
        sys.executable,
        *("-m", "samokoder.server.main", "acp", *options),
        env={**_environ(), **room.env},
    ) as (conn, process):
        client.conn, client.process = conn, process
        can = FileSystemCapabilities(read_text_file=fs, write_text_file=fs)
        await conn.initialize(protocol_version=1, client_capabilities=ClientCapabilities(fs=can))
        if session:
            await conn.load_session(cwd=str(room.work), session_id=session, mcp_servers=[])
            client.session = session
        else:
            made = await conn.new_session(cwd=str(room.work), mcp_servers=[])
            client.session = made.session_id
        yield client
    await process.wait()


def _environ() -> dict[str, str]:
    return dict(os.environ)
