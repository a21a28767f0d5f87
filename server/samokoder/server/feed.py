"""Events of runs to clients, each from where it left off.

A client with a lasting name (``initializationOptions: {"events": "name"}``) gets what it missed
while it was away, then what happens. Its place in the stream is kept in the state and moves soon
after an event has been sent, so after a crash the last ones may come again: each has its number,
and a client that skips numbers it has seen gets every event exactly once. A client without a name
(``true``) gets what happens while it is there.

The stream is read once for all clients, and each event encoded once; places are stored together.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import msgspec

from samokoder.agents.runs.stream import Stream
from samokoder.state import events
from samokoder.state.events import Event

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

POLL = 1.0
"""Seconds between looks for events that other processes have stored."""
KEEP = 1.0
"""Seconds between two times at which clients' places are stored."""


@dataclass(eq=False)
class _Follower:
    """A client that is sent events; ``kept`` is its place in the state."""

    connection: "Connection"
    name: str
    place: int
    kept: int


@dataclass
class Feed:
    """Sends the stream of one engine to every client that asked for it."""

    stream: Stream
    _followers: set[_Follower] = field(default_factory=set)
    _place: int = 0
    _wanted: anyio.Event = field(default_factory=anyio.Event)

    async def follow(self, connection: "Connection") -> None:
        """Send events to the client until cancelled."""
        name = connection.capabilities.events_name
        async with self.stream.db.session() as s:
            place = await events.subscribe(s, name) if name else await events.last(s)
        follower = _Follower(connection, name, place, place)
        try:
            await self._catch_up(follower)
            await anyio.sleep_forever()
        finally:
            self._followers.discard(follower)
            with anyio.CancelScope(shield=True):
                await self._keep([follower])

    async def _catch_up(self, follower: _Follower) -> None:
        """Send what was missed; from then on the client gets what all get."""
        while self._followers and follower.place < self._place:
            async with self.stream.db.reading() as s:
                missed = await events.after(s, follower.place)
            if not missed:
                break
            _send(follower, _messages(missed))
        if not self._followers:
            self._place = follower.place
        self._followers.add(follower)
        self._wanted.set()

    async def run(self) -> None:
        """Read the stream and pass it on until cancelled; costs nothing while nobody follows."""
        kept = anyio.current_time()
        with self.stream.listen() as heard:
            while True:
                if not self._followers:
                    self._wanted = anyio.Event()
                    await self._wanted.wait()
                place = self._place
                async with self.stream.db.reading() as s:
                    fresh = await events.after(s, place)
                if place != self._place:  # the only follower left, and one further back came
                    continue
                if fresh:
                    self._place = fresh[-1].number
                    messages = _messages(fresh)
                    for follower in tuple(self._followers):
                        _send(follower, messages)
                if anyio.current_time() >= kept + KEEP:
                    kept = anyio.current_time()
                    await self._keep(self._followers)
                if fresh:
                    continue
                with anyio.move_on_after(POLL):
                    await heard.receive()
                    while heard.statistics().current_buffer_used:
                        heard.receive_nowait()

    async def _keep(self, followers: "set[_Follower] | list[_Follower]") -> None:
        moved = [(f, f.place) for f in followers if f.name and f.place > f.kept]
        if not moved:
            return
        async with self.stream.db.session() as s:
            await events.acknowledge_all(s, {f.name: place for f, place in moved})
        for follower, place in moved:
            follower.kept = place


def _send(follower: _Follower, fresh: list[tuple[int, bytes]]) -> None:
    for number, message in fresh:
        if number > follower.place:
            follower.connection.send_event(message)
            follower.place = number


def _messages(fresh: tuple[Event, ...]) -> list[tuple[int, bytes]]:
    return [(event.number, as_message(event)) for event in fresh]


def as_message(event: Event) -> bytes:
    """The whole notification ``samokoder/event``."""
    params = {
        "number": event.number,
        "run": event.run_id,
        "kind": event.kind,
        "facts": msgspec.Raw(event.facts.encode()),
    }
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "samokoder/event", "params": params})
