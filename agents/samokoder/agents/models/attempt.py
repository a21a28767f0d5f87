"""One attempt at an answer, the same for every dialect: a reader turns events into pieces.

Says when the answer is over, when it broke off, and when it ran past every bound.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import msgspec

from samokoder.agents.errors import AnswerUnusable, StreamCut
from samokoder.agents.models import http, tokens
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Usage
from samokoder.agents.models.redact import scrub
from samokoder.agents.models.sse import Event

T = TypeVar("T")

CHARS_PER_TOKEN: Final = 32
"""No answer is longer than this many characters per token asked for (plus SPARE_CHARS)."""

SPARE_CHARS: Final = 4096

BYTES_PER_TOKEN: Final = 1024
"""Bytes on the wire per token asked for, its envelope included (plus SPARE_BYTES)."""

SPARE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event says. ``done``: the server says that nothing follows."""

    text: str = ""
    usage: Usage | None = None
    finish: str | None = None
    model: str = ""
    done: bool = False


class Reader(Protocol):
    """Reads the events of one answer in one dialect."""

    def read(self, event: Event) -> Piece | None:
        """The event's piece; None when it says nothing. Raises a ModelError."""
        ...


async def stream(
    connections: Connections,
    endpoint: Endpoint,
    path: str,
    body: Mapping[str, Any],
    limits: Limits,
    request: ChatRequest,
    reader: Reader,
) -> AsyncGenerator[Delta, None]:
    """Deltas of one answer; the last has usage and finish. Raises a ModelError."""
    max_bytes = SPARE_BYTES + request.max_tokens * BYTES_PER_TOKEN
    max_chars = SPARE_CHARS + request.max_tokens * CHARS_PER_TOKEN
    written = 0
    usage: Usage | None = None
    finish: str | None = None
    done = False
    events = http.events(connections, endpoint, path, body, limits, max_bytes)
    async with aclosing(events):
        async for event in events:
            if event.name == http.OVERFLOW or written > max_chars:
                finish, done = "length", True
                break
            piece = reader.read(event)
            if piece is None:
                continue
            usage = piece.usage or usage
            finish = piece.finish or finish
            written += len(piece.text)
            if piece.text or piece.usage or piece.model:
                yield Delta(piece.text, usage=piece.usage, model=piece.model)
            if piece.done:
                done = True
                await http.drain(events)
                break
    if not done and finish is None:
        raise StreamCut(f"{endpoint.provider} closed the stream after {written} characters")
    yield Delta(usage=usage or tokens.usage(request, written), finish=finish or "stop")


def decode(event: Event, kind: type[T], endpoint: Endpoint) -> T:
    """The event's JSON as ``kind``. Raises AnswerUnusable with the beginning of what came, or
    StreamCut when the stream ended inside the event.
    """
    try:
        return msgspec.json.decode(event.data, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        if not event.whole:
            raise StreamCut(f"{endpoint.provider} closed the stream inside an event") from error
        begin = scrub(" ".join(event.data[:120].split()), (endpoint.key,))
        raise AnswerUnusable(
            f"{endpoint.provider} sent something that is not its documented format: {begin}"
        ) from error
