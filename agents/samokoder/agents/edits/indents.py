"""Indentation that a model lost or changed, found from the lines both sides share."""

from collections.abc import Iterable
from itertools import pairwise

from samokoder.agents.edits.likeness import indent


class Uneven(Exception):
    """The lines do not agree on one way to shift them."""


class Shift:
    """How the block's indentation becomes the file's; raises Uneven when there is no one way.

    Learned from pairs of lines (block's, file's). Known indentations are looked up; others follow
    the same straight line, as when two blanks a level stand for four or for a tab.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._known: dict[str, str] = {}
        for block, file in pairs:
            if block.strip() and self._known.setdefault(indent(block), indent(file)) != indent(
                file
            ):
                raise Uneven
        self.even = all(a == b for a, b in self._known.items())
        if not self.even:
            self._learn()

    def apply(self, line: str) -> str:
        """The line as it would be indented in the file."""
        if self.even or not line.strip():
            return line
        old = indent(line)
        new = self._known.get(old)
        return (new if new is not None else self._follow(old)) + line[len(old) :]

    def _learn(self) -> None:
        """``length in the file = slope * length in the block + rise``, as a fraction."""
        self._line: tuple[int, int, int, int] | None = None
        theirs, ours = "".join(self._known), "".join(self._known.values())
        if len(set(theirs)) > 1 or len(set(ours)) > 1:
            return
        self._of = theirs[:1] or ours[:1] or " "
        self._to = ours[:1] or theirs[:1] or " "
        points = sorted((len(a), len(b)) for a, b in self._known.items())
        if len(points) > 1:
            (a, b), (c, d) = points[0], points[-1]
            slope = (d - b, c - a)
        elif self._of == self._to:
            slope = (1, 1)
            a, b = points[0]
        else:
            return
        if slope[0] <= 0 or any(
            (y2 - y1) * slope[1] != (x2 - x1) * slope[0] for (x1, y1), (x2, y2) in pairwise(points)
        ):
            raise Uneven
        self._line = (a, b, *slope)

    def _follow(self, old: str) -> str:
        if self._line is None or set(old) - {self._of}:
            raise Uneven
        a, b, up, along = self._line
        rest = (len(old) - a) * up
        length = b + rest // along
        if rest % along or length < 0:
            raise Uneven
        return self._to * length
