"""What a command prints: decoded as it comes, the head and the tail of it kept."""

import codecs
from collections import deque
from collections.abc import Callable

_HEAD_SHARE = 4
"""One part in four of the kept text is the head: the first error explains, the tail sums up."""


class Output:
    """Takes chunks of bytes, keeps at most ``limit`` characters, passes text on as it arrives.

    A character split over two chunks is decoded once both halves are there; what is not UTF-8
    becomes U+FFFD.
    """

    def __init__(self, limit: int, on_output: Callable[[str], None] | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._on_output = on_output
        self._head_room = limit // _HEAD_SHARE
        self._tail_room = limit - self._head_room
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """One chunk, as it was read."""
        self._take(self._decoder.decode(data))

    def close(self) -> None:
        """No more is coming: half a character left over becomes U+FFFD."""
        self._take(self._decoder.decode(b"", final=True))

    @property
    def truncated(self) -> bool:
        return self._dropped > 0

    @property
    def text(self) -> str:
        """What was kept; a line in the middle says how much is missing."""
        tail = "".join(self._tail)
        if not self._dropped:
            return "".join(self._head) + tail
        excess = max(0, len(tail) - self._tail_room)
        gap = f"\n[… {self._dropped + excess} characters left out …]\n"
        return "".join(self._head) + gap + tail[excess:]

    def _take(self, text: str) -> None:
        if not text:
            return
        if self._on_output is not None:
            self._on_output(text)
        if self._head_room:
            head, text = text[: self._head_room], text[self._head_room :]
            self._head.append(head)
            self._head_room -= len(head)
        if not text:
            return
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size - len(self._tail[0]) >= self._tail_room:
            gone = len(self._tail.popleft())
            self._tail_size -= gone
            self._dropped += gone
