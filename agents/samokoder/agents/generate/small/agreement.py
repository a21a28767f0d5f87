"""Which of several versions is right, when what is claimed about them may be wrong too.

Versions and claims come from the same model and are both fallible, but they seldom fail in the
same way: a claim that most versions keep, and a version that keeps most of those, are likely right.
So is an answer that most versions give. What the brief itself shows is certain. After the ideas of
dual execution agreement (Chen et al., "CodeT", 2022) and of the most agreeing result (Shi et al.,
"Natural language to code translation with execution", 2022).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
    """

    holds: tuple[bool, ...]
    broken: str = ""
    answers: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """``best`` is the version's number, None when none is to be trusted; ``settled`` when another
    version is not expected to change that; ``kept`` are numbers of the claims that hold for it.
    """

    best: int | None
    settled: bool = False
    kept: tuple[int, ...] = ()
    reason: str = ""


def choose(trials: Sequence[Trial], certain: int) -> Choice:
    """The best version so far; the first ``certain`` claims are the brief's own."""
    usable = [n for n, t in enumerate(trials) if not t.broken]
    if not usable:
        why = trials[-1].broken if trials else "nothing was written"
        return Choice(None, reason=why)
    count = len(trials[usable[0]].holds)
    votes = [sum(trials[n].holds[c] for n in usable) for c in range(count)]
    answers = _tally([trials[n].answers for n in usable])
    more = _tally([trials[n].more for n in usable])

    def score(number: int) -> tuple[int, int, int]:
        trial = trials[number]
        holds = trial.holds
        kept = sum(v for v, h in zip(votes, holds, strict=True) if h)
        shared = 2 * _shared(answers, trial.answers) + _shared(more, trial.more)
        return sum(holds[:certain]), 2 * kept + shared, -number

    best = max(usable, key=score)
    holds = trials[best].holds
    kept = tuple(c for c in range(count) if holds[c])
    if not all(holds[:certain]):
        return Choice(None, kept=kept, reason="no version does what the brief shows")
    if count == 0:
        return Choice(best, settled=True)
    lost = [c for c in range(count) if not holds[c] and votes[c]]
    alike = sum(trials[n] == trials[best] for n in usable)
    all_kept = len(kept) == count
    enough = alike >= _ALIKE or len(usable) >= (_FEW if all_kept else _ENOUGH)
    settled = enough and (all_kept or not lost)
    if 2 * len(kept) < count and alike < _SURE:
        return Choice(
            None, kept=kept, reason=f"the best version keeps {len(kept)} of {count} claims"
        )
    return Choice(best, settled, kept)


def _tally(answers: Sequence[Sequence[str]]) -> list[Counter[str]]:
    """How many versions give each answer, call by call."""
    return [Counter(column) for column in zip(*answers, strict=True)]


def _shared(tally: Sequence[Counter[str]], answers: Sequence[str]) -> int:
    """How many other versions give the same answers, summed over the calls."""
    return sum(
        found[answer] - 1
        for found, answer in zip(tally, answers, strict=True)
        if not answer.startswith(_ERROR) or answer in _MEANT
    )
