"""Three-way merge of lines: what two sides made of one base, both kept or a conflict reported.

A change is put where it belongs only when there is one such place. An insertion or deletion that
could as well stand a few lines higher claims all these lines, and two changes that meet at one
point and both add lines there have no order of their own: such pairs are conflicts. Identical
changes on both sides count once. Line ends are bytes like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed these lines differently. ``line`` counts from 1 in the base."""

    line: int
    base: bytes
    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True)
class Merged:
    """``content`` is None exactly when there are clashes."""

    content: bytes | None
    clashes: tuple[Clash, ...] = ()


@dataclass(frozen=True, slots=True)
class _Change:
    """``[start, end)`` of the base becomes ``lines``; ``low`` and ``high`` bound where else the
    same change could stand.
    """

    ours: bool
    start: int
    end: int
    low: int
    high: int
    lines: tuple[bytes, ...]

    @property
    def adds(self) -> bool:
        return len(self.lines) > self.end - self.start


def merge(
    base: bytes, ours: bytes, theirs: bytes, *, known: Sequence[diff.Range] | None = None
) -> Merged:
    """Both sides' changes of ``base`` in one content; symmetric in its two sides.

    ``known`` are the ranges of lines that lead from ``base`` to ``ours``, where they are on record
    and need not be guessed.
    """
    if base in (ours, theirs) or ours == theirs:
        return Merged(theirs if base == ours else ours)
    lines = texts.byte_lines(base)
    changes = sorted(
        (*_changes(lines, ours, True, known), *_changes(lines, theirs, False)),
        key=lambda c: (c.low, c.high),
    )
    out: list[bytes] = []
    clashes: list[Clash] = []
    at = 0
    for group in _groups(changes):
        start, end = min(c.start for c in group), max(c.end for c in group)
        mine, other = (_side(lines, group, side, start, end) for side in (True, False))
        out += lines[at:start]
        at = end
        if mine is None or other is None or mine == other:
            out += mine if mine is not None else other or []
        else:
            clashes.append(
                Clash(start + 1, b"".join(lines[start:end]), b"".join(mine), b"".join(other))
            )
    out += lines[at:]
    if clashes:
        return Merged(None, tuple(clashes))
    content = b"".join(out)
    if texts.byte_lines(content) != out:
        return Merged(None, (Clash(1, base, ours, theirs),))
    return Merged(content)


def _changes(
    base: Sequence[bytes], side: bytes, ours: bool, known: Sequence[diff.Range] | None = None
) -> list[_Change]:
    new = texts.byte_lines(side)
    found = diff.ranges(base, new) if known is None else known
    out: list[_Change] = []
    for n, (i, j, k, m) in enumerate(found):
        floor = found[n - 1][1] if n else 0
        ceiling = found[n + 1][0] if n + 1 < len(found) else len(base)
        low, high = i, j
        if i == j:
            size = m - k
            while low > floor and base[low - 1] == new[k + (low - 1 - i) % size]:
                low -= 1
            while high < ceiling and base[high] == new[k + (high - i) % size]:
                high += 1
        elif k == m:
            while low > floor and base[low - 1] == base[low - 1 + j - i]:
                low -= 1
            while high < ceiling and base[high] == base[high - (j - i)]:
                high += 1
        out.append(_Change(ours, i, j, low, high, tuple(new[k:m])))
    return out


def _related(a: _Change, b: _Change) -> bool:
    if a.ours == b.ours:
        return False
    if a.low < b.high and b.low < a.high:
        return True
    return (a.high == b.low or b.high == a.low) and a.adds and b.adds


def _groups(changes: list[_Change]) -> list[list[_Change]]:
    """Changes that have to be decided together, in the order of the base."""
    parent = list(range(len(changes)))

    def find(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    near: list[int] = []
    for n, change in enumerate(changes):
        near = [o for o in near if changes[o].high >= change.low]
        for other in near:
            if _related(changes[other], change):
                parent[find(n)] = find(other)
        near.append(n)
    groups: dict[int, list[_Change]] = {}
    for n, change in enumerate(changes):
        groups.setdefault(find(n), []).append(change)
    return sorted(groups.values(), key=lambda g: (min(c.start for c in g), max(c.end for c in g)))


def _side(
    base: Sequence[bytes], group: list[_Change], ours: bool, start: int, end: int
) -> list[bytes] | None:
    """Lines ``[start, end)`` as one side has them; None when that side changed nothing there."""
    out: list[bytes] = []
    at = start
    touched = False
    for change in sorted((c for c in group if c.ours == ours), key=lambda c: c.start):
        out += [*base[at : change.start], *change.lines]
        at, touched = change.end, True
    return [*out, *base[at:end]] if touched else None
