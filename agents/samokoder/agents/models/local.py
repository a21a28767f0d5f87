"""Model servers that run on this machine, found by asking their usual ports, quickly."""

import re
from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from msgspec import Struct

from samokoder.agents.models.http import Connections
from samokoder.agents.models.providers import LOCAL, PROVIDERS
from samokoder.agents.models.spec import ModelSpec

if TYPE_CHECKING:
    import httpx

PATIENCE: Final = 0.15
"""Seconds all servers together have to answer."""

FRESH: Final = 15.0
"""Seconds an answer is good for."""

_CODER: Final = re.compile(r"(?i)cod(?:er|e|estral)|devstral")
_OTHER: Final = re.compile(r"(?i)embed|rerank|whisper|tts|bge-|clip|guard|vision")


class _Entry(Struct):
    id: str


class _List(Struct):
    data: list[_Entry]


class LocalServers:
    """What was found, remembered for a while."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._found: tuple[ModelSpec, ...] = ()
        self._until = float("-inf")
        self._lock = anyio.Lock()

    async def find(self) -> tuple[ModelSpec, ...]:
        """A model of each server that answers, in the order of ``LOCAL``."""
        async with self._lock:
            if anyio.current_time() < self._until:
                return self._found
            found: dict[str, str] = {}

            async def ask(name: str) -> None:
                model = await first_model(self._connections, PROVIDERS[name].base_url)
                if model:
                    found[name] = model

            for name in LOCAL:
                await self._connections.client(PROVIDERS[name].base_url)
            with anyio.move_on_after(PATIENCE):
                async with anyio.create_task_group() as tasks:
                    for name in LOCAL:
                        tasks.start_soon(ask, name)
            self._found = tuple(ModelSpec(name, found[name]) for name in LOCAL if name in found)
            self._until = anyio.current_time() + FRESH
            return self._found


async def first_model(
    connections: Connections, base_url: str, *, headers: "httpx._types.HeaderTypes | None" = None
) -> str:
    """The model a server offers that suits code best; empty when it is no model server."""
    client = await connections.client(base_url)
    import httpx

    try:
        response = await client.get(f"{base_url.rstrip('/')}/models", headers=headers)
        offered = msgspec.json.decode(response.content, type=_List)
    except (httpx.HTTPError, msgspec.DecodeError):
        return ""
    names = [e.id for e in offered.data if response.is_success and not _OTHER.search(e.id)]
    return next((name for name in names if _CODER.search(name)), names[0] if names else "")
