"""Events of runs to one client, from where it left off.

A client with a lasting name (``initializationOptions: {"events": "name"}``) gets what it missed
while it was away, then what happens. Its place in the stream is kept in the state and moves when an
event has been sent, so after a crash the last ones may come again: each has its number, and a
client that skips numbers it has seen gets every event exactly once. A client without a name
(``true``) gets what happens while it is there.
"""

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


async def feed(connection: "Connection", stream: Stream) -> None:
    """Send events to the client until cancelled."""
    name = connection.capabilities.events_name
    db = stream.db
    async with db.session() as s:
        place = await events.subscribe(s, name) if name else await events.last(s)
    with stream.listen() as heard:
        while True:
            async with db.reading() as s:
                fresh = await events.after(s, place)
            for event in fresh:
                connection.notify_event(as_message(event))
                place = event.number
            if fresh and name:
                async with db.session() as s:
                    await events.acknowledge(s, name, place)
            if not fresh:
                with anyio.move_on_after(POLL):
                    await heard.receive()


def as_message(event: Event) -> dict[str, object]:
    """The parameters of ``samokoder/event``."""
    return {
        "number": event.number,
        "run": event.run_id,
        "kind": event.kind,
        "facts": msgspec.json.decode(event.facts),
    }
