"""The engine as the LSP face sees it, and its life beside the connections.

Editors get their answer to ``initialize`` while the engine still opens its state; commands wait.
When it cannot open, whoever needs it is told why, and the next one who asks makes another try.
"""

import gc
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

import anyio

from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.server.connection import Connection
    from samokoder.server.host import Host

log = logging.getLogger(__name__)


PATIENCE_SECONDS = 0.5
"""How long opening waits for the first client, whose answer it would delay."""


class Engine(Protocol):
    """What the composition root must be able to do for its faces."""

    def busy(self) -> bool:
        """Whether a run is active, so that the process must not end."""
        ...

    async def connected(self, connection: "Connection") -> None:
        """A client has said ``initialized``."""
        ...

    async def disconnected(self, connection: "Connection") -> None:
        """A client is gone; its runs go on."""
        ...


OpenEngine = Callable[["Host"], AbstractAsyncContextManager[Engine]]


class EngineSlot:
    """The one engine of this process, opened in a task of its own."""

    def __init__(self, open_engine: OpenEngine) -> None:
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self._failure: SamokoderError | None = None
        self._settled = anyio.Event()
        self._wanted = anyio.Event()
        self._first = anyio.Event()
        self._stop = anyio.Event()
        self._closed = anyio.Event()

    @property
    def current(self) -> Engine | None:
        """The engine when it is open."""
        return self._engine

    async def get(self) -> Engine:
        """The engine, once it is open. Raises what kept it from opening."""
        self.hurry()
        if self._failure is not None and not self._stop.is_set():
            self._failure, self._settled = None, anyio.Event()
            self._wanted.set()
        await self._settled.wait()
        if self._engine is None:
            raise self._failure or SamokoderError("the engine is shutting down")
        return self._engine

    async def run(self, host: "Host") -> None:
        """Keep the engine open until :meth:`close`."""
        with anyio.move_on_after(PATIENCE_SECONDS):
            await self._first.wait()
        while not self._stop.is_set():
            try:
                async with self._open_engine(host) as engine:
                    self._engine = engine
                    self._settled.set()
                    _tidy()
                    await self._stop.wait()
                    self._engine = None
            except SamokoderError as error:
                log.error("the engine ended: %s", error)
                await self._failed(error)
            except Exception as error:  # clients learn why, instead of losing the daemon
                log.exception("the engine ended")
                await self._failed(SamokoderError(f"{type(error).__name__}: {error}"))
        self._settled.set()
        self._closed.set()

    def hurry(self) -> None:
        """The first client has its answer: open now."""
        self._first.set()

    async def _failed(self, error: SamokoderError) -> None:
        """Keep the error for those who ask; return when somebody wants another try."""
        self._engine, self._failure, self._wanted = None, error, anyio.Event()
        if self._stop.is_set():
            return
        self._settled.set()
        await self._wanted.wait()

    async def close(self) -> None:
        """Close the engine and wait until it is closed."""
        self._stop.set()
        self.hurry()
        self._wanted.set()
        await self._closed.wait()


def _tidy() -> None:
    """What is there now stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
