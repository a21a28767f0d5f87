"""Where a block of lines fits into a file: exactly one place, or a reason why not.

First come exact windows, then windows that differ in trailing blanks, then in indentation and
typography. Where there is none, the block is aligned line by line: lines may hold a typo, be left
out, or not exist at all. The best place counts only when no other place is nearly as good.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from samokoder.agents.edits.likeness import indent, key, likeness, weight

_PAIR: Final = 0.5
"""Likeness from which on two lines may be the same line with a typo."""

_GAP: Final = 0.35
"""What a line of the file costs that the block leaves out, in units of its weight."""

_ABSENT: Final = 0.4
"""What a line of the block costs that the file does not have."""

_CANDIDATES: Final = 40
"""Places that are looked at closely."""

_MARGIN: Final = 0.2
"""How much better the best place must be when no line decides between it and the next."""


@dataclass(frozen=True, slots=True)
class Fit:
    """``lines[i]`` is the file's line for the block's line ``i``, None where it has none.

    ``how`` is "exact", "trailing", "shifted" or "aligned".
    """

    lines: tuple[int | None, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why the block fits nowhere, or not in one place only; for the model to read."""

    reason: str


def fit(file: Sequence[str], block: Sequence[str]) -> tuple[Fit, ...] | Misfit:
    """The place of ``block`` (lines without their ends) in ``file``.

    Several fits are one place with the block's lines spread differently over repeated lines; an
    edit is sure only when all of them lead to the same text.
    """
    if not any(line.strip() for line in block):
        return Misfit("the search text is empty")
    steps: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("exact", str),
        ("trailing", str.rstrip),
        ("shifted", key),
    )
    for how, form in steps:
        starts = windows([form(line) for line in file], [form(line) for line in block])
        if how == "shifted":
            starts = [s for s in starts if _shift_is_even(file[s : s + len(block)], block)]
        if len(starts) > 1:
            return _twice(starts)
        if starts:
            twin = _twin(file, block, starts[0]) if how != "shifted" else None
            if twin is not None:
                return _twice([starts[0], twin])
            return (Fit(tuple(range(starts[0], starts[0] + len(block))), how),)
    return _aligned(file, block)


def windows(file: Sequence[str], block: Sequence[str]) -> list[int]:
    """Where the block's lines stand one after the other."""
    size = len(block)
    rare = max(range(size), key=lambda i: (weight(block[i]), len(block[i])))
    return [
        at - rare
        for at, line in enumerate(file)
        if line == block[rare]
        and at >= rare
        and list(file[at - rare : at - rare + size]) == list(block)
    ]


def _twice(starts: Sequence[int]) -> Misfit:
    where = ", ".join(str(s + 1) for s in sorted(starts)[:5])
    return Misfit(
        f"the search text fits in several places (lines {where}); add lines that tell them apart"
    )


def _twin(file: Sequence[str], block: Sequence[str], start: int) -> int | None:
    """Another place that differs in indentation only: the block may have lost some of its own."""
    keys = [key(line) for line in block]
    found = windows([key(line) for line in file], keys)
    return next(
        (s for s in found if s != start and _shift_is_even(file[s : s + len(block)], block)), None
    )


def _shift_is_even(window: Sequence[str], block: Sequence[str]) -> bool:
    """Whether equal indentation in the block stands for equal indentation in the file, in order."""
    pairs = {(indent(b), indent(w)) for b, w in zip(block, window, strict=True) if b.strip()}
    ordered = sorted({(len(b.expandtabs(8)), len(w.expandtabs(8))) for b, w in pairs})
    even = len({b for b, _ in pairs}) == len(pairs) == len({w for _, w in pairs})
    return even and all(a[1] < b[1] for a, b in pairwise(ordered))


@dataclass(slots=True)
class _Place:
    score: float
    lines: tuple[int | None, ...]
    alike: tuple[float, ...]

    @property
    def pairs(self) -> frozenset[tuple[int, int]]:
        return frozenset((i, line) for i, line in enumerate(self.lines) if line is not None)


def _aligned(file: Sequence[str], block: Sequence[str]) -> tuple[Fit, ...] | Misfit:
    file_keys, keys = [key(line) for line in file], [key(line) for line in block]
    weights = [weight(line) for line in keys]
    total = sum(weights)
    slack = 2 + len(block) // 4
    places: dict[tuple[int | None, ...], _Place] = {}
    table = _Table(file_keys, keys, weights)
    for offset in _offsets(file_keys, keys, weights, slack):
        low, high = max(0, offset - slack), min(len(file), offset + len(block) + slack)
        for place in table.align(low, high):
            places[place.lines] = place
    if not places:
        return Misfit("no line of the search text is in the file")
    ranked = sorted(places.values(), key=lambda p: -p.score)
    best = ranked[0]
    around = filter_none(best.lines)
    if around:
        low, high = around[0] - len(block) - slack, around[-1] + len(block) + slack + 1
        ranked += table.align(max(0, low), min(len(file), high), best.pairs)
    matched = sum(w * a for w, a in zip(weights, best.alike, strict=True))
    sure = sum(w for w, a in zip(weights, best.alike, strict=True) if a == 1.0)
    missing = [n for n, line in enumerate(best.lines) if line is None and keys[n]]
    if matched / total < (0.85 if len(block) < 3 else 0.65) or best.score / total < 0.45:
        return Misfit(_nearest(file, best))
    if len(block) >= 3 and sure < 0.3 * total:
        return Misfit(_nearest(file, best))
    if len(missing) > max(1, len(block) // 5):
        return Misfit(
            f"{len(missing)} lines of the search text are not in the file, the first is: "
            + block[missing[0]].strip()[:80]
        )
    same: list[_Place] = [best]
    for other in ranked[1:]:
        if best.pairs & other.pairs:
            if best.score - other.score < 1e-9:
                same.append(other)
            continue
        if not _clearly_better(best, other, weights, total):
            return _twice([filter_none(best.lines)[0], filter_none(other.lines)[0]])
    return tuple(Fit(place.lines, "aligned") for place in same)


def filter_none(lines: Sequence[int | None]) -> list[int]:
    """The lines that there are."""
    return [line for line in lines if line is not None]


def _clearly_better(best: _Place, other: _Place, weights: Sequence[float], total: float) -> bool:
    if not filter_none(other.lines):
        return True
    if (best.score - other.score) / total >= _MARGIN:
        return True
    worse = any(o > b for b, o in zip(best.alike, other.alike, strict=True))
    decided = any(
        b == 1.0 and o < 1.0 and w >= 0.6
        for b, o, w in zip(best.alike, other.alike, weights, strict=True)
    )
    return decided and not worse


def _offsets(
    file: Sequence[str], keys: Sequence[str], weights: Sequence[float], slack: int
) -> list[int]:
    """Where the block may begin, by how many of its lines say so."""
    where: dict[str, list[int]] = {}
    for at, line in enumerate(file):
        where.setdefault(line, []).append(at)
    votes: Counter[int] = Counter()
    for i, line in enumerate(keys):
        if weights[i] >= 0.6:
            spots = where.get(line) or _similar(line, where)
            for at in spots[:200]:
                votes[at - i] += 1
    if not votes:
        for i, line in enumerate(keys):
            for at in where.get(line, ())[:50] if line else ():
                votes[at - i] += 1
    near = {o: sum(votes[o + d] for d in range(-slack, slack + 1)) for o in votes}
    chosen: list[int] = []
    for offset in sorted(near, key=lambda o: (-near[o], o)):
        if all(abs(offset - other) > slack for other in chosen):
            chosen.append(offset)
            if len(chosen) == _CANDIDATES:
                break
    return chosen


def _similar(line: str, where: dict[str, list[int]]) -> list[int]:
    from rapidfuzz import fuzz, process

    found = process.extract(line, list(where), scorer=fuzz.ratio, score_cutoff=75, limit=5)
    return [at for text, _, _ in found for at in where[text]]


class _Table:
    """Alignments of one block to stretches of one file, by their keys."""

    def __init__(self, file: Sequence[str], keys: Sequence[str], weights: Sequence[float]) -> None:
        self.file = file
        self.keys = keys
        self.weights = weights
        self.costs = [_GAP * weight(line) for line in file]
        self._alike: dict[tuple[str, str], float] = {}

    def align(
        self, low: int, high: int, banned: frozenset[tuple[int, int]] = frozenset()
    ) -> list[_Place]:
        """The best alignment to lines ``[low, high)`` without the banned pairs: where several are
        equally good, the earliest and the latest.
        """
        worth = [
            [0.0 if (i, j) in banned else self._likeness(i, j) for j in range(low, high)]
            for i in range(len(self.keys))
        ]
        best = self._best(worth, low, high)
        places = [self._trace(worth, best, low, high, late) for late in (False, True)]
        return places[:1] if places[0].lines == places[1].lines else places

    def _likeness(self, i: int, j: int) -> float:
        pair = self.keys[i], self.file[j]
        if pair not in self._alike:
            self._alike[pair] = likeness(*pair)
        return self._alike[pair]

    def _best(self, worth: list[list[float]], low: int, high: int) -> list[list[float]]:
        """``[i][j]``: the most that the block's lines from i and the file's from j can score.

        The file's lines before the block's first and after its last cost nothing.
        """
        rows, columns = len(self.keys), high - low
        best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
        for i in range(rows - 1, -1, -1):
            here, below = best[i], best[i + 1]
            here[columns] = below[columns] - _ABSENT
            for j in range(columns - 1, -1, -1):
                value = max(below[j] - _ABSENT, here[j + 1] - (self.costs[low + j] if i else 0.0))
                if worth[i][j] >= _PAIR:
                    value = max(value, below[j + 1] + self.weights[i] * _worth(worth[i][j]))
                here[j] = value
        return best

    def _trace(
        self,
        worth: list[list[float]],
        best: list[list[float]],
        low: int,
        high: int,
        late: bool,
    ) -> _Place:
        rows, columns = len(self.keys), high - low
        lines: list[int | None] = []
        alike: list[float] = []
        i = j = 0
        while i < rows:
            here, below, value = best[i], best[i + 1], best[i][j] - 1e-9
            pair = (
                j < columns
                and worth[i][j] >= _PAIR
                and below[j + 1] + self.weights[i] * _worth(worth[i][j]) >= value
            )
            drop = below[j] - _ABSENT >= value
            skip = j < columns and here[j + 1] - (self.costs[low + j] if i else 0.0) >= value
            if skip and (late or not (pair or drop)):
                j += 1
            elif pair:
                lines.append(low + j)
                alike.append(worth[i][j])
                i, j = i + 1, j + 1
            else:
                lines.append(None)
                alike.append(0.0)
                i += 1
        return _Place(best[0][0], tuple(lines), tuple(alike))


def _worth(alike: float) -> float:
    """An equal line beside a gap is worth more than a similar one without."""
    return 1.0 if alike == 1.0 else 1.5 * alike - 0.9


def _nearest(file: Sequence[str], best: _Place) -> str:
    known = filter_none(best.lines)
    if not known:
        return "the search text is not in the file"
    shown = "\n".join(file[known[0] : known[-1] + 1][:12])
    return f"the search text is not in the file; the nearest lines are:\n{shown}"
