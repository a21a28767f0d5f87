"""Everything the connections of one process share: the engine, the commands, each other."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.to_thread

from samokoder.server.commands.command import Command
from samokoder.server.connection import Connection
from samokoder.server.editors import LiveEditors
from samokoder.server.engine import Engine, EngineSlot
from samokoder.server.lag import LoopLag
from samokoder.server.product import Product
from samokoder.server.version import VERSION

log = logging.getLogger(__name__)


IDLE_SECONDS = 600.0


class Host:
    """Serves any number of clients, each with a connection of its own."""

    def __init__(self, product: Product) -> None:
        self.names = product.names
        self.connections: dict[str, Connection] = {}
        self.editors = LiveEditors(self.connections)
        self.engine_slot = EngineSlot(product.open_engine)
        self.lag = LoopLag()
        self.stopping = anyio.Event()
        self.idle_seconds = IDLE_SECONDS
        """Seconds without client and run after which the daemon ends; the engine may set it."""
        self.idle_since = self._started = time.monotonic()
        self._count = 0
        self._product = product
        self._loading = anyio.Lock()
        self._commands: Mapping[str, Command] | None = None

    async def commands(self) -> Mapping[str, Command]:
        """The commands by name, imported when they are first wanted."""
        async with self._loading:
            if self._commands is None:
                self._commands = await anyio.to_thread.run_sync(self._product.load)
        return self._commands

    async def engine(self) -> Engine:
        """The engine, once it is open. Raises what kept it from opening."""
        return await self.engine_slot.get()

    @property
    def busy(self) -> bool:
        """Whether a run is active."""
        engine = self.engine_slot.current
        return engine is not None and engine.busy()

    @property
    def idle(self) -> bool:
        """Whether nobody would notice the end of the process."""
        return not self.connections and not self.busy

    def stop(self) -> None:
        """Ask the process to end in good order."""
        self.stopping.set()

    async def end_connections(self, seconds: float) -> None:
        """End all conversations, within a time."""
        for connection in tuple(self.connections.values()):
            connection.leave(connection.exit_code)
        with anyio.move_on_after(seconds):
            for connection in tuple(self.connections.values()):
                await connection.closed.wait()

    async def status(self) -> dict[str, Any]:
        """Facts about the process, for people and tests."""
        return {
            "pid": os.getpid(),
            "version": VERSION,
            "python": sys.executable,
            "clients": len(self.connections),
            "busy": self.busy,
            "uptime_seconds": round(time.monotonic() - self._started, 1),
            "loop_lag_p99_ms": round(self.lag.percentile(0.99) * 1000, 1),
            "rss_mib": await anyio.to_thread.run_sync(_rss_mib),
        }

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
            connection.closed.set()
            del self.connections[connection.id]
            self.idle_since = time.monotonic()

    def notify_event(self, event: dict[str, Any]) -> None:
        """Send a ``samokoder/event`` to every client that asked for events."""
        for connection in tuple(self.connections.values()):
            connection.notify_event(event)


def _rss_mib() -> int:
    """Memory of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20
    except (OSError, ValueError):
        return 0
