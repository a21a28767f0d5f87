"""Frames of the base protocol: header lines, an empty line, a body of ``Content-Length`` bytes.

Written against what clients really send: lower-case names, no space after the colon, bare line
feeds, stray lines before a header. A frame that cannot be read becomes an error value in the same
sequence, so that the reader can answer it and go on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_BODY = 64 << 20
"""Bytes one message may have."""
MAX_HEADER = 1 << 20
"""Bytes that may pass without the end of a header."""

_NAME = b"content-length"


@dataclass(frozen=True, slots=True)
class FrameError:
    """What is wrong with a frame; after a fatal one the stream cannot be read any further."""

    message: str
    fatal: bool = False


def frame(body: bytes) -> bytes:
    """The bytes of one message on the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Framer:
    """Cuts a byte stream, fed in chunks of any size, into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        self._header_seen = False
        self._in_body = False
        self._dead = False

    def feed(self, chunk: bytes) -> Iterator[bytes | FrameError]:
        """Bodies and errors that are complete with this chunk, in order."""
        self._buffer += chunk
        while not self._dead:
            item = self._body() if self._in_body else self._header()
            if item is None:
                return
            if item is not _MORE:
                yield item

    def _body(self) -> bytes | None:
        length = self._length or 0
        if len(self._buffer) < length:
            return None
        body = bytes(memoryview(self._buffer)[:length])
        del self._buffer[:length]
        self._length, self._in_body = None, False
        return body

    def _header(self) -> bytes | FrameError | None:
        """One header line; ``_MORE`` after a line that completes nothing, None without a line."""
        end = self._buffer.find(b"\n")
        if end < 0:
            return self._die("the header has no end") if len(self._buffer) > MAX_HEADER else None
        line = bytes(self._buffer[:end]).strip()
        del self._buffer[: end + 1]
        if line:
            self._header_seen = True
            self._length = _length(line, self._length)
            return _MORE
        if not self._header_seen:
            return _MORE
        self._header_seen = False
        if self._length is None:
            return FrameError("the header has no usable Content-Length")
        if self._length > MAX_BODY:
            return self._die(f"a message of {self._length} bytes is too large (at most {MAX_BODY})")
        self._in_body = True
        return _MORE

    def _die(self, message: str) -> FrameError:
        self._dead = True
        self._buffer.clear()
        return FrameError(message, fatal=True)


_MORE = FrameError("")


def _length(line: bytes, before: int | None) -> int | None:
    """The length this header line gives; the one known before when it gives none.

    The name is looked for anywhere in the line: the body of a frame without a length runs into the
    header of the next one, which must not be lost too.
    """
    at = line.lower().rfind(_NAME)
    if at < 0:
        return before
    name, colon, value = line[at:].partition(b":")
    value = value.strip()
    if not colon or name.strip().lower() != _NAME or not value.isdigit() or len(value) > 18:
        return before
    return int(value)
