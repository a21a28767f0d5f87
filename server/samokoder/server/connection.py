"""One client: its stream, its protocol object, its tasks, and a clean end of all of them."""

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup

from samokoder.server.capabilities import ClientCapabilities
from samokoder.server.diagnostics import Diagnostics
from samokoder.server.documents import Documents
from samokoder.server.failures import INVALID_REQUEST, Malformed
from samokoder.server.framing import Framer
from samokoder.server.notices import Notices
from samokoder.server.progress import ProgressTokens
from samokoder.server.protocol import ClientProtocol, Stage
from samokoder.server.session import Session
from samokoder.server.version import VERSION
from samokoder.server.writer import Writer

if TYPE_CHECKING:
    from samokoder.server.host import Host

log = logging.getLogger(__name__)

DRAIN_SECONDS = 1.0
"""How long work may take to stop when the client leaves."""
FLUSH_SECONDS = 0.5
"""How long the client may take to read what is left for it."""
PARENT_SECONDS = 1.0
"""How often the client's process is looked for."""
_CHUNK = 1 << 16


class Connection:
    """Everything that belongs to one client, and to no other."""

    name = "samokoder"
    version = VERSION

    protocol: ClientProtocol
    tasks: TaskGroup

    def __init__(
        self,
        id: str,
        host: "Host",
        reader: asyncio.StreamReader,
        stream: asyncio.StreamWriter,
        *,
        trailer: bool = False,
    ) -> None:
        self.id = id
        self.host = host
        self.capabilities = ClientCapabilities()
        self.documents = Documents()
        self.roots: tuple[Path, ...] = ()
        self.settings: dict[str, Any] = {}
        """What the editor has configured for us, unchecked."""
        self.process_id: int | None = None
        self.exit_code = 1
        self.closed = anyio.Event()
        self._reader = reader
        self._trailer = trailer
        self._over = anyio.Event()
        self._writer = Writer(stream, self._over.set)

    @property
    def initialized(self) -> bool:
        """Whether the client may be spoken to."""
        return self.protocol.stage is Stage.INITIALIZED

    def notify_event(self, event: dict[str, Any]) -> None:
        """Send a ``samokoder/event`` if the client asked for events."""
        if self.initialized and self.capabilities.events:
            self.protocol.notify("samokoder/event", event)

    def send_event(self, message: bytes) -> None:
        """Send a ``samokoder/event`` that was encoded once for all clients."""
        if self.initialized:
            self._writer.send(message)

    def leave(self, exit_code: int) -> None:
        """The conversation is over."""
        self.exit_code = exit_code
        self._over.set()

    async def serve(self, first: bytes = b"") -> int:
        """Talk until the client leaves, is gone or cannot be understood any more."""
        async with anyio.create_task_group() as tasks:
            self.tasks = tasks
            self.protocol = ClientProtocol(self, tasks, self._writer.send)
            self.progress = ProgressTokens()
            self.notices = Notices(self.protocol)
            self.diagnostics = Diagnostics(self)
            session = Session(self)
            tasks.start_soon(self._read, first)
            await self._over.wait()
            await session.end(DRAIN_SECONDS)
            tasks.cancel_scope.cancel()
        last = b"\0%d" % self.exit_code if self._trailer else b""
        await self._writer.close(last, FLUSH_SECONDS)
        return self.exit_code

    async def _read(self, chunk: bytes) -> None:
        framer = Framer()
        try:
            while not self._over.is_set():
                for item in framer.feed(chunk):
                    if isinstance(item, bytes):
                        self.protocol.feed(item)
                        continue
                    self.protocol.refuse(None, Malformed(INVALID_REQUEST, item.message))
                    if item.fatal:
                        return
                chunk = await self._reader.read(_CHUNK)
                if not chunk:
                    return
        except OSError as error:
            log.info("the client is gone: %s", error)
        finally:
            self._over.set()

    async def watch_parent(self) -> None:
        """End the connection when the client's process ends, even if somebody holds its pipes."""
        pid = self.process_id
        if pid is None or not _alive(pid):
            # Not there from the start: the client lives in another process namespace.
            return
        while True:
            await anyio.sleep(PARENT_SECONDS)
            if not _alive(pid):
                log.info("the client's process %d is gone", pid)
                self._over.set()
                return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
