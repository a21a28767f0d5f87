"""The ACP client's own files: text it has not saved, seen and changed through it.

Only files that matter are looked at: those a prompt mentions, and those a change is about to touch.
What the client holds unsaved becomes a document of the relay, so the daemon merges with it and
sends its edits there; everything else is on the disk.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec

from samokoder.server.acp import wire
from samokoder.server.lines import Refused
from samokoder.server.relay import Relay
from samokoder.server.uris import path_of, uri_of

Ask = Callable[[str, dict[str, Any], float], Awaitable[Any]]
SECONDS = 10.0
"""How long the client may take to read or write a file."""


class ClientFiles:
    """The files of one session as its client has them."""

    def __init__(self, ask: Ask, capabilities: wire.FileSystem) -> None:
        self._ask, self._can = ask, capabilities

    async def look(self, relay: Relay, path: Path) -> None:
        """Let the daemon see the client's text of this file when it is not the disk's."""
        held = await self._read(path)
        if held is None:
            return
        disk = await _on_disk(path)
        if disk is None or _same(held, disk):
            await relay.hide(uri_of(path))
            return
        if "\r\n" in disk and "\r\n" not in held:
            held = held.replace("\n", "\r\n")  # some clients hold line feeds and save both
        await relay.show(uri_of(path), held)

    async def write(self, uri: str, before: str, after: str) -> bool:
        """Give the client a new text, if it still has the one we know."""
        path = path_of(uri)
        if path is None or not self._can.write_text_file:
            return False
        held = await self._read(path)
        if held is None or not _same(held, before):
            return False
        try:
            await self._ask("fs/write_text_file", {"path": str(path), "content": after}, SECONDS)
        except (Refused, TimeoutError):
            return False
        return True

    async def _read(self, path: Path) -> str | None:
        if not self._can.read_text_file:
            return None
        try:
            answer = await self._ask("fs/read_text_file", {"path": str(path)}, SECONDS)
            return msgspec.convert(answer, wire.FileText).content
        except (Refused, TimeoutError, msgspec.ValidationError):
            return None


async def _on_disk(path: Path) -> str | None:
    try:
        return (await anyio.Path(path).read_bytes()).decode()
    except (OSError, UnicodeDecodeError):
        return None


def _same(one: str, other: str) -> bool:
    return one == other or one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
