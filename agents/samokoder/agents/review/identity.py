"""Which finding is which: fingerprints that survive moved lines, renamed files and rebases.

A fingerprint names what is wrong and the words it is wrong in, never a line or a path. Where the
same words are wrong twice, the twins are told apart by what is known already: the file they were
in, the lines around them, their distance. A finding takes an identity over from another file only
when its code no longer stands there: a copy is not the original.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from samokoder.agents.review.finding import Finding

_AROUND = 3
"""Telling lines before and after a finding that say which of several twins it is."""
_WEIGHTS = (8, 3, 1)
"""What those lines count, the nearest first: a finding's own block before its neighbours."""
_SHORT = 8
"""Hexadecimal digits of one of those lines' hash."""
_NEAR = 3
"""Lines by which a model's second quote of the same thing may differ."""
_SIZE = 32
"""Hexadecimal digits of a fingerprint: 128 bits."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a finding; ``quote`` tells whether its code is still there."""

    fingerprint: str
    base: str
    around: str
    path: str
    line: int
    quote: str = ""
    opinion: bool = False
    """A model's, which may quote the same thing differently."""
    kind: str = ""
    """Category of an opinion."""


def base_of(finding: Finding) -> str:
    """Equal for the same complaint about the same words, wherever they stand."""
    what = finding.category if finding.origin == "model" else finding.rule
    return _hash(finding.origin, what, " ".join(finding.quote.split()))


def around_of(finding: Finding, lines: Sequence[str]) -> str:
    """Short hashes of the telling lines around a finding: before and after, the nearest first."""
    before = [x for line in lines[: finding.line - 1] if (x := " ".join(line.split()))]
    after = [x for line in lines[finding.end_line :] if (x := " ".join(line.split()))]
    sides = before[: -_AROUND - 1 : -1], after[:_AROUND]
    return "|".join(".".join(_hash(line)[:_SHORT] for line in side) for side in sides)


def alike(one: str, other: str) -> int:
    """How much of what is around two findings is the same; the nearest lines count most."""
    score = 0
    for mine, theirs in zip(one.split("|"), other.split("|"), strict=False):
        known = set(theirs.split("."))
        for rank, name in enumerate(mine.split(".")):
            score += _WEIGHTS[rank] if name and name in known else 0
    return score


def identified(
    found: Sequence[tuple[Finding, str]],
    known: Iterable[Known],
    *,
    stands: Callable[[Known], bool],
    moved: Mapping[str, str],
    taken: Iterable[str] = (),
) -> tuple[str, ...]:
    """The fingerprint of each finding, given with its ``around``; none of them twice and none of
    ``taken``.

    ``stands`` says whether a known finding's words are still in its file; ``moved`` maps a
    renamed file to its old path.
    """
    remembered = tuple(known)
    by_base: dict[str, list[Known]] = {}
    for one in remembered:
        by_base.setdefault(one.base, []).append(one)
    pairs: list[tuple[tuple[int, int, int], int, Known]] = []
    for number, (finding, around) in enumerate(found):
        for one in by_base.get(base_of(finding), ()):
            here = one.path in (finding.path, moved.get(finding.path))
            if not here and stands(one):
                continue
            near = abs(one.line - finding.line)
            pairs.append(((not here, -alike(around, one.around), near), number, one))
    named: dict[int, str] = {}
    used: set[str] = set(taken)
    for _, number, one in sorted(pairs, key=lambda pair: (pair[0], pair[1], pair[2].fingerprint)):
        if number not in named and one.fingerprint not in used:
            named[number] = one.fingerprint
            used.add(one.fingerprint)
    for number, (finding, _) in enumerate(found):
        if number not in named and finding.origin == "model":
            same = _opinion(finding, remembered, used, moved)
            if same:
                named[number] = same
                used.add(same)
    reserved = {one.fingerprint for one in remembered}
    for number, (finding, _) in enumerate(found):
        if number not in named:
            named[number] = _fresh(base_of(finding), used | reserved)
            used.add(named[number])
    return tuple(named[number] for number in range(len(found)))


def _opinion(
    finding: Finding, known: Iterable[Known], used: set[str], moved: Mapping[str, str]
) -> str:
    """A model's earlier finding of the same kind at the same place, quoted in other words."""
    for one in known:
        if (
            one.opinion
            and one.fingerprint not in used
            and one.kind == finding.category
            and one.path in (finding.path, moved.get(finding.path))
            and abs(one.line - finding.line) <= _NEAR
        ):
            return one.fingerprint
    return ""


def _fresh(base: str, taken: set[str]) -> str:
    number = 0
    while (name := _hash(base, str(number))) in taken:
        number += 1
    return name


def _hash(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_SIZE]
