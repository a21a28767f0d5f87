"""The way out to one client: never blocks the loop, never keeps more than a bounded backlog."""

import asyncio
import logging
from collections.abc import Callable

from samokoder.server.framing import frame

log = logging.getLogger(__name__)

MAX_BACKLOG = 16 << 20
"""Bytes that may wait for a client that does not read."""


class Writer:
    """Sends messages over an asyncio transport, which buffers what the client has not read yet.

    A single message may be larger than the cap; a second one behind it may not.
    """

    def __init__(
        self,
        stream: asyncio.StreamWriter,
        on_overflow: Callable[[], None],
        max_backlog: int = MAX_BACKLOG,
        framed: Callable[[bytes], bytes] = frame,
    ) -> None:
        self._stream = stream
        self._on_overflow = on_overflow
        self._max_backlog = max_backlog
        self._framed = framed
        self.closed = False

    @property
    def backlog(self) -> int:
        """Bytes the client has not taken yet."""
        return self._stream.transport.get_write_buffer_size()

    def send(self, body: bytes) -> None:
        """Send one message; a client that is gone or far behind gets nothing any more."""
        if self.closed or self._stream.transport.is_closing():
            return
        waiting = self.backlog
        if waiting and waiting + len(body) > self._max_backlog:
            log.warning("the client does not read: %d bytes wait, disconnecting", waiting)
            self.abort()
            self._on_overflow()
            return
        self._stream.write(self._framed(body))

    def abort(self) -> None:
        """Drop the connection and everything that waits."""
        self.closed = True
        self._stream.transport.abort()

    async def close(self, last: bytes, seconds: float) -> None:
        """Flush for at most ``seconds``, ``last`` at the very end, then hang up."""
        if self.closed:
            return
        self.closed = True
        try:
            async with asyncio.timeout(seconds):
                if last:
                    self._stream.write(last)
                self._stream.close()
                await self._stream.wait_closed()
        except (TimeoutError, OSError):
            self._stream.transport.abort()
