"""The feed: read once for all, each client from its own place, nothing twice and nothing missed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec

from samokoder.agents.runs.stream import Stream
from samokoder.server.capabilities import ClientCapabilities
from samokoder.server.feed import Feed
from samokoder.state import events
from samokoder.state.database import Database


@dataclass(eq=False)
class Listener:
    """What the feed needs of a connection."""

    capabilities: ClientCapabilities
    heard: list[int] = field(default_factory=list)

    def send_event(self, message: bytes) -> None:
        self.heard.append(msgspec.json.decode(message)["params"]["number"])


def listener(name: str) -> Any:
    return Listener(ClientCapabilities(events=True, events_name=name))


async def settled(one: Any, count: int) -> None:
    with anyio.fail_after(5):
        while len(one.heard) < count:
            await anyio.sleep(0.01)
    await anyio.sleep(0.05)


async def test_everybody_hears_everything_once_from_their_own_place(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "state.db") as db, anyio.create_task_group() as tasks:
        stream = Stream(db)
        feed = Feed(stream)
        tasks.start_soon(stream.pump)
        tasks.start_soon(feed.run)
        first, second, late = listener("first"), listener(""), listener("first")
        async with anyio.create_task_group() as clients:
            clients.start_soon(feed.follow, first)
            clients.start_soon(feed.follow, second)
            await anyio.sleep(0.2)
            for number in range(700):
                stream.put("progress", message=str(number))
            await settled(first, 700)
            await settled(second, 700)
            clients.cancel_scope.cancel()
        assert first.heard == second.heard == sorted(set(first.heard))
        async with db.session() as s:
            for _ in range(600):
                last = await events.append(s, "progress")
        async with anyio.create_task_group() as clients:
            clients.start_soon(feed.follow, listener("other"))
            await anyio.sleep(0.1)
            clients.start_soon(feed.follow, late)
            await settled(late, 600)
            stream.put("progress", message="more")
            await settled(late, 601)
            clients.cancel_scope.cancel()
        assert late.heard == list(range(last - 599, last + 2))
        async with db.reading() as s:
            assert await events.pending(s, "first") == ()
        tasks.cancel_scope.cancel()
