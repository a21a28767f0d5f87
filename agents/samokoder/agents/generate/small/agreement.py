"""Which of several versions is right, when what is claimed about them may be wrong too.

Versions and claims come from the same model and are both fallible, but they seldom fail in the
same way: a claim that most versions keep, and a version that keeps most of those, are likely right.
So is an answer that most versions give. What the brief itself shows is certain. After the ideas of
dual execution agreement (Chen et al., "CodeT", 2022) and of the most agreeing result (Shi et al.,
"Natural language to code translation with execution", 2022).

A version may be another one with one function written anew; then it has a voice about that function
only, since of the rest it says nothing that was not said.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

_ALIKE = 2
"""Versions that do the same, after which claims that none keeps are taken for wrong."""
_SURE = 3
"""Versions that do the same, after which they are believed against most of the claims."""
_FEW = 3
"""Versions after which one that keeps every claim is taken, though no other does the same."""
_ENOUGH = 4
"""Versions after which claims that none keeps are taken for wrong, however different they are."""
_ERROR = "!"
"""How an answer begins that is an error."""
_MEANT = ("!ValueError",)
"""Errors that are meant as answers; others are slips, and slips do not support each other."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One version: which of the claims hold, in their order; ``broken`` when it cannot be used.

    ``answers`` are what it returns for the calls of the claims, ``more`` for calls like them.
    ``speaks`` names the functions it has a voice about; empty: all.
    """

    holds: tuple[bool, ...]
    broken: str = ""
    answers: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    speaks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """Which function each claim, each call and each call like them is about; "" is the program."""

    claims: tuple[str, ...]
    answers: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """``best`` is the version's number, None when none is to be trusted; ``kept`` are numbers of
    the claims that hold for it; ``open`` the functions about which another version may still
    change something: none are left when it is settled.
    """

    best: int | None
    kept: tuple[int, ...] = ()
    open: tuple[str, ...] = ()
    reason: str = ""
    base: int | None = None

    @property
    def settled(self) -> bool:
        return self.best is not None and not self.open


def choose(trials: Sequence[Trial], matter: Matter, certain: int) -> Choice:
    """The best version so far; the first ``certain`` claims are the brief's own."""
    usable = [t for t in trials if not t.broken]
    if not usable:
        why = trials[-1].broken if trials else "nothing was written"
        return Choice(None, reason=why)
    count = len(matter.claims)
    votes = [
        sum(t.holds[c] for t in usable if _speaks(t, name)) for c, name in enumerate(matter.claims)
    ]
    names = dict.fromkeys(matter.claims)
    answers = _tally(usable, matter.answers, [t.answers for t in usable])
    more = _tally(usable, matter.more, [t.more for t in usable])

    def score(trial: Trial) -> tuple[int, float, int]:
        """Claims kept, weighed by how many versions do the same; then what most answer."""
        weight = sum(_weight(name, trial, usable, matter) for name in names)
        shared = 2 * _shared(answers, trial.answers) + _shared(more, trial.more)
        return sum(trial.holds[:certain]), round(weight, 6), shared

    best = max(usable, key=score)  # of equal ones the first
    number = next(n for n, t in enumerate(trials) if t is best)
    kept = tuple(c for c in range(count) if best.holds[c])
    if not all(best.holds[:certain]):
        return Choice(None, kept, reason="no version does what the brief shows")
    alike = {name: _alike(name, best, usable, matter) for name in names}
    unsettled = tuple(
        name for name in names if not _settled(name, best, usable, matter, votes, alike[name])
    )
    doubtful = any(_against(name, best, matter) and alike[name] < _SURE for name in names)
    if 2 * len(kept) < count and doubtful:
        why = f"the best version keeps {len(kept)} of {count} claims"
        return Choice(None, kept, unsettled, why, number)
    return Choice(number, kept, unsettled, "", number)


def _against(name: str, best: Trial, matter: Matter) -> bool:
    """Whether most of what is claimed of the function does not hold."""
    mine = [h for n, h in zip(matter.claims, best.holds, strict=True) if n == name]
    return 2 * sum(mine) < len(mine)


def _settled(
    name: str,
    best: Trial,
    usable: Sequence[Trial],
    matter: Matter,
    votes: Sequence[int],
    alike: int,
) -> bool:
    mine = [c for c, about in enumerate(matter.claims) if about == name]
    said = [t for t in usable if _speaks(t, name)]
    if all(best.holds[c] for c in mine):
        # one that is as good and does something else asks for a third voice
        good = sum(all(t.holds[c] for c in mine) for t in said)
        return alike >= _ALIKE or len(said) >= (_FEW if good > alike else _ALIKE)
    if any(votes[c] for c in mine if not best.holds[c]):
        return False
    # against most of the claims two are not enough: they may have misread the same words
    return len(said) >= _ENOUGH or (alike >= _ALIKE and not _against(name, best, matter))


def _weight(name: str, trial: Trial, usable: Sequence[Trial], matter: Matter) -> float:
    """Of one function: many versions that keep no claim weigh less than one that keeps two."""
    claims = [h for n, h in zip(matter.claims, trial.holds, strict=True) if n == name]
    mine = _told(name, trial, matter)
    alike = sum(_speaks(t, name) and _told(name, t, matter) == mine for t in usable)
    slips = any(a.startswith(_ERROR) and a not in _MEANT for a in mine[1])
    return (sum(claims) + 0.5) * sqrt(1 if slips else max(1, alike))


def _told(name: str, trial: Trial, matter: Matter) -> tuple[list[bool], list[str]]:
    holds = [h for n, h in zip(matter.claims, trial.holds, strict=True) if n == name]
    return holds, [a for n, a in zip(matter.answers, trial.answers, strict=True) if n == name]


def _alike(name: str, best: Trial, usable: Sequence[Trial], matter: Matter) -> int:
    """How many versions with a voice about the function do the same with it."""
    return sum(
        _speaks(t, name) and _about(name, t, matter) == _about(name, best, matter) for t in usable
    )


def _about(name: str, trial: Trial, matter: Matter) -> list[object]:
    pairs = (
        (matter.claims, trial.holds), (matter.answers, trial.answers), (matter.more, trial.more)
    )  # fmt: skip
    return [v for names, values in pairs for n, v in zip(names, values, strict=True) if n == name]


def _speaks(trial: Trial, name: str) -> bool:
    return not trial.speaks or name in trial.speaks


def _tally(
    usable: Sequence[Trial], names: Sequence[str], answers: Sequence[Sequence[str]]
) -> list[Counter[str]]:
    """How many versions with a voice give each answer, call by call."""
    columns: Iterable[tuple[str, ...]] = zip(*answers, strict=True) if names else ()
    return [
        Counter(a for t, a in zip(usable, column, strict=True) if _speaks(t, name))
        for name, column in zip(names, columns, strict=True)
    ]


def _shared(tally: Sequence[Counter[str]], answers: Sequence[str]) -> int:
    """How many others give the same answers, summed over the calls."""
    return sum(
        found[answer] - 1
        for found, answer in zip(tally, answers, strict=True)
        if not answer.startswith(_ERROR) or answer in _MEANT
    )
