"""Taking one change back out of a text that has moved on: pure planning, nothing is written.

A change made ``after`` of ``before``; today the file holds ``now``. Without the change ``after``
would read otherwise, and that difference is merged onto ``now``. What others wrote since stays
byte for byte; where it touches the same lines, the file is left alone and the clash reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from samokoder.agents.workspace.diff import Range, hunks
from samokoder.agents.workspace.merge import Clash, merge
from samokoder.agents.workspace.text import byte_lines


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``[start, end)`` of the content before became those of the content after."""

    before: tuple[int, int]
    after: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reverted:
    """``content`` is the file without the change, None for no file; meaningless with a conflict."""

    content: bytes | None
    conflict: str = ""
    clashes: tuple[Clash, ...] = ()


def spans(before: bytes, after: bytes) -> tuple[Span, ...]:
    """The places a change touched, one a hunk."""
    return tuple(
        Span((h.offset, h.offset + len(h.before)), (h.new_offset, h.new_offset + len(h.after)))
        for h in hunks(before, after)
    )


def without(before: bytes, after: bytes, taken: Iterable[Span]) -> bytes:
    """``after`` as it would be without these of its spans."""
    for span in sorted(taken, key=lambda s: s.after, reverse=True):
        start, end = span.after
        after = after[:start] + before[slice(*span.before)] + after[end:]
    return after


def revert(
    before: bytes | None,
    after: bytes | None,
    now: bytes | None,
    taken: Iterable[Span] | None = None,
) -> Reverted:
    """``now`` with the change taken out, or those spans of it. None stands for no file.

    A file the change made goes only while it is as it was made; a file it deleted comes back only
    where nothing stands in its place.
    """
    if before is None or after is None:
        if now not in (before, after):
            made = before is None
            why = "it was changed since it was made" if made else "a file of that name is there"
            return Reverted(now, why)
        return Reverted(before)
    if now is None:
        return Reverted(None, "the file is gone")
    chosen = spans(before, after) if taken is None else tuple(taken)
    ranges = _ranges(before, after, chosen)
    merged = merge(after, without(before, after, chosen), now, known=ranges)
    if merged.content is None:
        lines = ", ".join(str(c.line) for c in merged.clashes[:5])
        return Reverted(now, f"later edits touch line {lines}", merged.clashes)
    return Reverted(merged.content)


def _ranges(before: bytes, after: bytes, taken: Iterable[Span]) -> list[Range]:
    """The spans as ranges of lines, from ``after`` to ``after`` without them."""
    found: list[Range] = []
    shift = 0
    for span in sorted(taken, key=lambda s: s.after):
        i, j = (len(byte_lines(after[:at])) for at in span.after)
        size = len(byte_lines(before[slice(*span.before)]))
        found.append((i, j, i + shift, i + shift + size))
        shift += size - (j - i)
    return found
