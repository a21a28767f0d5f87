"""Server-sent events, decoded from bytes as they come.

The standard's line ends only (CR LF, LF, CR): splitting decoded text would break JSON that holds
U+2028. Cost is linear in the bytes, however they are cut and however large one event is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_END: Final = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``data`` lines are joined by LF. Comments never become events."""

    data: str
    name: str = "message"
    whole: bool = True
    """False when the stream ended inside the event."""


class Decoder:
    """Feed it bytes, it yields the events they complete."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._cr = False
        self._first = True
        self._data: list[str] = []
        self._name = ""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Events completed by ``chunk``; invalid UTF-8 becomes U+FFFD."""
        if not chunk:
            return
        skip = self._cr and chunk.startswith(b"\n")
        self._cr = chunk.endswith(b"\r")
        if skip:
            chunk = chunk[1:]
        start = 0
        for end in _END.finditer(chunk):
            self._rest.append(chunk[start : end.start()])
            start = end.end()
            line = b"".join(self._rest)
            self._rest.clear()
            event = self._line(line.decode("utf-8", "replace"))
            if event is not None:
                yield event
        if start < len(chunk):
            self._rest.append(chunk[start:])

    def end(self) -> Iterator[Event]:
        """The event left without its blank line: servers do that, and broken streams do."""
        line = b"".join(self._rest).decode("utf-8", "replace")
        self._rest.clear()
        if line:
            self._line(line)
        event = self._line("")
        if event is not None:
            yield Event(event.data, event.name, whole=False)

    def _line(self, line: str) -> Event | None:
        if self._first:
            line = line.removeprefix("\ufeff")
            self._first = False
        if not line:
            if not self._data:
                self._name = ""
                return None
            event = Event("\n".join(self._data), self._name or "message")
            self._data.clear()
            self._name = ""
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None
