"""A text as an editor sees it: lines by LSP's three line ends, positions in the client's units.

Python's own idea of lines (form feed, NEL, U+2028, …) would shift every edit below such a
character. Columns count code points here; ``Encoding`` says what a client counts.
"""

import io
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and character, both from 0; what a character is depends on the encoding in use."""

    line: int
    character: int


@dataclass(frozen=True, slots=True)
class Range:
    """``[start, end)``."""

    start: Position
    end: Position


def split_lines(text: str) -> list[str]:
    """The lines with their ends; ``\\n``, ``\\r\\n`` and ``\\r`` end one. No empty last line."""
    return io.StringIO(text, newline="").readlines()


def content_of(line: str) -> str:
    """The line without its end."""
    if line.endswith("\n"):
        return line[:-2] if line.endswith("\r\n") else line[:-1]
    return line[:-1] if line.endswith("\r") else line


def width(text: str, encoding: Encoding) -> int:
    """Units of ``text`` in the client's encoding."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(c > "\uffff" for c in text)


def column(content: str, character: int, encoding: Encoding) -> int:
    """Code points before ``character`` units; past the end is the end, inside one is its start."""
    if character <= 0:
        return 0
    if encoding == "utf-32" or content.isascii():
        return min(character, len(content))
    if encoding == "utf-8":
        head = content.encode("utf-8", "surrogatepass")[:character]
        return len(head.decode("utf-8", "ignore"))
    units = 0
    for index, char in enumerate(content):
        units += 2 if char > "\uffff" else 1
        if units > character:
            return index
    return len(content)


class Text:
    """A text that is edited in place, a line list underneath; the last line never has an end."""

    __slots__ = ("_lines", "_starts", "_whole")

    def __init__(self, text: str) -> None:
        self._lines: list[str] = []
        self._starts: list[int] | None = None
        self._whole: str | None = None
        self.replace_all(text)

    def __str__(self) -> str:
        if self._whole is None:
            self._whole = "".join(self._lines)
        return self._whole

    @property
    def line_count(self) -> int:
        """Lines, the last one included, which may be empty."""
        return len(self._lines)

    def line(self, number: int) -> str:
        """The content of a line, without its end; empty outside of the text."""
        return content_of(self._lines[number]) if 0 <= number < len(self._lines) else ""

    def replace_all(self, text: str) -> None:
        """A new whole text."""
        lines = split_lines(text)
        if not lines or lines[-1].endswith(("\n", "\r")):
            lines.append("")
        self._lines, self._whole, self._starts = lines, text, None

    def replace(self, where: Range, new: str, encoding: Encoding) -> None:
        """Replace a range, clamped to the text, by ``new``. Only the touched lines are copied."""
        start, end = self._place(where.start, encoding), self._place(where.end, encoding)
        if end < start:
            start, end = end, start
        lines = self._lines
        first, last = start[0], end[0]
        segment = lines[first][: start[1]] + new + lines[last][end[1] :]
        if first and segment.startswith("\n") and lines[first - 1].endswith("\r"):
            first -= 1
            segment = lines[first] + segment
        pieces = split_lines(segment)
        if last + 1 == len(lines) and (not pieces or pieces[-1].endswith(("\n", "\r"))):
            pieces.append("")
        lines[first : last + 1] = pieces
        self._whole = self._starts = None

    def _place(self, position: Position, encoding: Encoding) -> tuple[int, int]:
        """Line and column in code points, clamped."""
        if position.line < 0:
            return 0, 0
        if position.line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        content = content_of(self._lines[position.line])
        return position.line, column(content, position.character, encoding)

    def offset_at(self, position: Position, encoding: Encoding) -> int:
        """Code points before a position."""
        line, col = self._place(position, encoding)
        return self._line_starts()[line] + col

    def position_at(self, offset: int, encoding: Encoding) -> Position:
        """The position of an offset in code points; inside of a line end it is the line's end."""
        starts = self._line_starts()
        offset = max(0, min(offset, starts[-1] + len(self._lines[-1])))
        line = bisect_right(starts, offset) - 1
        head = content_of(self._lines[line])[: offset - starts[line]]
        return Position(line, width(head, encoding))

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = list(accumulate(map(len, self._lines[:-1]), initial=0))
        return self._starts
