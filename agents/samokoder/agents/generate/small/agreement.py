"""Which of several versions is right, when what is claimed about them may be wrong too.

Versions and claims come from the same model and are both fallible, but they seldom fail in the
same way: a claim that most versions keep, and a version that keeps most of those, are likely right.
What the brief itself shows is certain. After the idea of dual execution agreement (Chen et al.,
"CodeT", 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass

_ALIKE = 2
"""Versions that do the same, after which claims that none keeps are taken for wrong."""
_ENOUGH = 4
"""Versions after which they are, however different."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One version: which of the claims hold, in their order; ``broken`` when it cannot be used."""

    holds: tuple[bool, ...]
    broken: str = ""


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

    def score(number: int) -> tuple[int, int, int]:
        holds = trials[number].holds
        return sum(holds[:certain]), sum(v for v, h in zip(votes, holds, strict=True) if h), -number

    best = max(usable, key=score)
    holds = trials[best].holds
    kept = tuple(c for c in range(count) if holds[c])
    if not all(holds[:certain]):
        return Choice(None, kept=kept, reason="no version does what the brief shows")
    if count == 0:
        return Choice(best, settled=True)
    lost = [c for c in range(count) if not holds[c] and votes[c]]
    alike = sum(trials[n].holds == holds for n in usable)
    enough = alike >= _ALIKE or len(usable) >= _ENOUGH
    settled = len(kept) == count or (enough and not lost)
    if 2 * len(kept) < count:
        return Choice(
            None, kept=kept, reason=f"the best version keeps {len(kept)} of {count} claims"
        )
    return Choice(best, settled, kept)
