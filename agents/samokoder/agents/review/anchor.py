"""Where quoted text stands now: at its old place, or at the nearest one it moved to."""

from collections.abc import Callable

NEAR = 400
"""Lines up and down that are searched."""
_TELLING = 4
"""Characters a quote needs before it is looked for anywhere but on its own line."""

Span = tuple[int, int, int, int]
"""Line, column, end line, end column; from 1, the end just behind the last character."""


def anchor(
    quote: str, at: Span, line: Callable[[int], str], count: int, *, near: int = NEAR
) -> Span | None:
    """The place of ``quote`` nearest to ``at``; None when it stands nowhere near.

    ``line(n)`` is the content of a line (from 1) without its end, ``count`` how many there are.
    A place longer than its quote keeps its length.
    """
    wanted = quote.split("\n")
    if not quote.strip():
        return None
    reach = near if len("".join(quote.split())) >= _TELLING else 0
    for distance in range(reach + 1):
        for number in dict.fromkeys((at[0] + distance, at[0] - distance)):
            if not 1 <= number <= count:
                continue
            column = _column(wanted, number, at[1], line, count, whole=_whole(at, wanted))
            if column:
                return _span(wanted, number, column, at, count, line)
    return None


def _whole(at: Span, wanted: list[str]) -> bool:
    """Whether the quote is all of its place, and not only its first lines."""
    return at[2] - at[0] + 1 <= len(wanted)


def _column(
    wanted: list[str],
    number: int,
    old: int,
    line: Callable[[int], str],
    count: int,
    *,
    whole: bool,
) -> int:
    """The column at which the quote begins on this line; 0 when it does not."""
    first = line(number)
    if len(wanted) == 1 and whole:
        places = []
        spot = first.find(wanted[0])
        while spot >= 0:
            places.append(spot + 1)
            spot = first.find(wanted[0], spot + 1)
        return min(places, key=lambda c: abs(c - old), default=0)
    if not first.endswith(wanted[0]) or number + len(wanted) - 1 > count:
        return 0
    inner = range(1, len(wanted) - 1 if whole else len(wanted))
    if any(line(number + i) != wanted[i] for i in inner):
        return 0
    if whole and not line(number + len(wanted) - 1).startswith(wanted[-1]):
        return 0
    return len(first) - len(wanted[0]) + 1


def _span(
    wanted: list[str],
    number: int,
    column: int,
    at: Span,
    count: int,
    line: Callable[[int], str],
) -> Span:
    if not _whole(at, wanted):
        end = min(count, number + at[2] - at[0])
        return number, column, end, min(at[3], len(line(end)) + 1)
    if len(wanted) == 1:
        return number, column, number, column + len(wanted[0])
    return number, column, number + len(wanted) - 1, len(wanted[-1]) + 1
