"""Everything the connections of one process share: the engine, the commands, each other."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from samokoder.server.commands.command import Command
from samokoder.server.connection import Connection
from samokoder.server.editors import LiveEditors
from samokoder.server.engine import Engine, EngineSlot, OpenEngine

log = logging.getLogger(__name__)


class Host:
    """Serves any number of clients, each with a connection of its own."""

    def __init__(self, commands: Mapping[str, Command], open_engine: OpenEngine) -> None:
        self.commands = commands
        self.connections: dict[str, Connection] = {}
        self.editors = LiveEditors(self.connections)
        self.engine_slot = EngineSlot(open_engine)
        self.idle_since = time.monotonic()
        self._count = 0

    async def engine(self) -> Engine:
        """The engine, once it is open. Raises what kept it from opening."""
        return await self.engine_slot.get()

    @property
    def busy(self) -> bool:
        """Whether a run is active."""
        engine = self.engine_slot.current
        return engine is not None and engine.busy()

    async def serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        first: bytes = b"",
        trailer: bool = False,
    ) -> int:
        """Serve one client until it leaves; returns the exit code its process should have.

        ``first`` was read from the stream already. With ``trailer`` the code is sent at the very
        end as a zero byte and a digit, which cannot be part of a message.
        """
        self._count += 1
        connection = Connection(f"c{self._count}", self, reader, writer, trailer=trailer)
        self.connections[connection.id] = connection
        try:
            return await connection.serve(first)
        finally:
            del self.connections[connection.id]
            self.idle_since = time.monotonic()

    def notify_event(self, event: dict[str, Any]) -> None:
        """Send a ``samokoder/event`` to every client that asked for events."""
        for connection in tuple(self.connections.values()):
            connection.notify_event(event)
