"""Events of runs: stored and numbered in batches, then told to whoever listens in this process.

What is told is already stored, so a listener that was away reads on from its number and misses
nothing. A listener that does not keep up loses its place in here, never the events.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from samokoder.agents.models.redact import scrub
from samokoder.state import events
from samokoder.state.database import Database
from samokoder.state.events import Event

GATHER = 0.02
"""Seconds events wait for company: one transaction for several, out of the way of the run's own."""
BACKLOG = 2000
"""Events a listener may lag behind before it is skipped over."""


def _clean(value: Any) -> Any:
    """Events go to clients, logs and reports: no secret may ride along."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


@dataclass
class _Fresh:
    kind: str
    facts: dict[str, Any]
    run_id: str | None
    workspace_id: int | None


@dataclass
class Stream:
    """The stream of one engine."""

    db: Database
    _queue: list[_Fresh] = field(default_factory=list)
    _wake: anyio.Event = field(default_factory=anyio.Event)
    _writing: anyio.Lock = field(default_factory=anyio.Lock)
    _listeners: set[MemoryObjectSendStream[Event]] = field(default_factory=set)

    def put(
        self, kind: str, *, run_id: str | None = None, workspace_id: int | None = None, **facts: Any
    ) -> None:
        """Add an event; it is stored at the next turn of :meth:`pump`."""
        self._queue.append(_Fresh(kind, facts, run_id, workspace_id))
        self._wake.set()

    async def pump(self) -> None:
        """Store and tell events until cancelled; then store what is left."""
        try:
            while True:
                await self._wake.wait()
                await anyio.sleep(GATHER)
                self._wake = anyio.Event()
                await self.flush()
        finally:
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Store everything that was put so far and tell the listeners."""
        async with self._writing:
            batch, self._queue = self._queue, []
            if not batch:
                return
            stored: list[Event] = []
            async with self.db.session() as s:
                for fresh in batch:
                    text = msgspec.json.encode(_clean(fresh.facts)).decode()
                    number = await events.append(
                        s, fresh.kind, text, run_id=fresh.run_id, workspace_id=fresh.workspace_id
                    )
                    stored.append(
                        Event(number, fresh.run_id, fresh.workspace_id, fresh.kind, text, 0)
                    )
            self._tell(stored)

    def _tell(self, stored: list[Event]) -> None:
        for listener in tuple(self._listeners):
            for event in stored:
                try:
                    listener.send_nowait(event)
                except (anyio.WouldBlock, anyio.BrokenResourceError):
                    break

    @contextmanager
    def listen(self) -> Iterator[MemoryObjectReceiveStream[Event]]:
        """Every event stored from now on."""
        send, receive = anyio.create_memory_object_stream[Event](BACKLOG)
        self._listeners.add(send)
        try:
            yield receive
        finally:
            self._listeners.discard(send)
            send.close()
            receive.close()
