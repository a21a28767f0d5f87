"""Of several changes that make all tests pass: do they mean the same?

Tests that are shown are few; many small changes make them pass, and most of those are wrong. The
candidates are therefore compared with each other by what they do on inputs near those of the tests
(see ``runner/rivals.py``). Where the likeliest ones agree, or one is far likelier than all that
contradict it, that one may be proven; otherwise none may: the tests do not say which is meant.
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from samokoder.agents.repair import testcode
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.mutation import harness
from samokoder.agents.repair.workshop import Workshop

_MOST = 24
"""Texts that are compared at most."""
_SECONDS = 25.0
"""Wall seconds of a comparison at most."""
_CPU = 6.0
"""CPU seconds of one text."""
_FAR = {0: 4.0, 1: 4.0, 2: 2.5, 3: 2.0}
"""Likelier by this factor, an option is not held back by what contradicts it: by the number of
calls the tests make, fewer of them leaving more open. These and the bounds below were set where
right and wrong repairs of public sets part; see the decision on few tests.
"""
_FAR_OF_MANY = 1.5
_FEW = 3
"""Inputs from which one and the same answer to all of them says that nothing is computed."""
_MANY = 4
"""Calls of the tests from which what could not be compared may be claimed."""
UNLIKELY: Mapping[int, float] = {0: 0.55, 1: 0.55, 2: 0.15, 3: 0.1, _MANY: 0.03}
"""Likelihood below which a change is not claimed, by the number of calls the tests make; the last
one for more of them too: two changes that only together pass fit many tests by chance.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """A text that passes, and its likelihood (see ``mutants``)."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Indices of the options worth a proof, likeliest first; ``doubt`` says why none of them may be
    claimed. ``classes`` counts the different behaviours that were seen, ``inputs`` the inputs.
    """

    order: tuple[int, ...]
    doubt: str = ""
    classes: int = 1
    inputs: int = 0


async def compared(
    case: Case,
    workshop: Workshop,
    job: harness.Job,
    path: str,
    options: tuple[Option, ...],
    unlikely: Mapping[int, float] = UNLIKELY,
    sure: float = math.inf,
) -> Verdict:
    """Run the options on inputs near the tests' and judge; without a comparison nothing is doubted
    by it. ``options`` are likeliest first.
    """
    some = options[:_MOST]
    old = (await (case.origin or case.snapshot).read(path)).decode("utf-8", "surrogateescape")
    changed = await to_thread.run_sync(lambda: [changed_lines(old, o.text) for o in some])
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts: dict[str, Any] = {
            "mode": "rivals",
            "path": f"{bench.root}/{path}",
            "failing": [],
            "passing": [],
            "candidates": [o.text for o in some],
            "whole": await to_thread.run_sync(testcode.parse, old) is None,
            "changed": changed,
            "seconds": _CPU,
            "workers": harness.workers(),
            "total": _SECONDS,
        }
        lines = await harness.run(bench, script, job, facts, _SECONDS + 10)
    plays: dict[int, dict[str, str]] = {}
    calls = 0
    missed: dict[int, list[str]] = {}
    holes: dict[int, list[str]] = {}
    for line in lines:
        index, found = line.get("i"), line.get("plays")
        if isinstance(index, int) and isinstance(found, list):
            plays[index] = {str(name): str(outcome) for name, outcome in found}
            calls = max(calls, int(line.get("calls") or 0))
            rows = some[index].text.split("\n")
            missed[index] = [rows[n - 1] for n in line.get("missed") or () if n <= len(rows)]
            holes[index] = [str(name) for name in line.get("holes") or ()]
    told = judged(some, plays, calls, unlikely, sure, missed)
    undefined = holes.get(told.order[0])
    if undefined and not told.doubt:
        names = ", ".join(f"`{name}`" for name in undefined[:3])
        return replace(told, doubt=f"nothing defines {names}, which no test runs into")
    return told


def judged(
    options: tuple[Option, ...],
    plays: dict[int, dict[str, str]],
    calls: int = 9,
    unlikely: Mapping[int, float] = UNLIKELY,
    sure: float = math.inf,
    missed: Mapping[int, list[str]] | None = None,
) -> Verdict:
    """Group the options by what they did; doubt where a likely one contradicts the likeliest, or
    where the likeliest does the same on every input. ``calls`` is how many the tests make;
    an option less likely than ``unlikely`` says for so many is not claimed, one likelier than
    ``sure`` may give the same answer to everything. ``missed`` are the changed lines of each that
    no test runs: a likely option without such a line speaks against it.
    """
    order = tuple(range(len(options)))
    far = _FAR.get(calls, _FAR_OF_MANY) if options[0].score < sure else _FAR_OF_MANY
    if options[0].score < unlikely.get(min(calls, _MANY), 0.0):
        return Verdict(order[:1], f"an unlikely change, and only {_number(calls)} to show it right")
    known = [i for i in order if plays.get(i)]
    if not known or known[0] != 0:
        close = len(options) > 1 and options[1].score * far > options[0].score
        doubt = f"{len(options)} changes pass and could not be compared" if close else ""
        return Verdict(order, doubt if calls < _MANY else "")
    shared = [n for n in plays[0] if all(n in plays[i] for i in known)]
    groups: dict[tuple[str, ...], list[int]] = {}
    for i in known:
        groups.setdefault(tuple(plays[i][n] for n in shared), []).append(i)
    first, *others = groups
    best = tuple(groups[first])
    told = Verdict(best, classes=len(groups), inputs=len(shared))
    outcomes = {outcome for outcome in first if solid(outcome)}
    if len(shared) >= _FEW and len(outcomes) < 2 and options[best[0]].score < sure:
        same = next(iter(outcomes), "an error")
        return replace(told, doubt=f"with it the answer is {same} whatever is asked")
    near = [i for i in order if i != best[0] and options[i].score * far >= options[best[0]].score]
    unseen = (missed or {}).get(best[0], [])
    if any(line not in options[i].text.split("\n") for line in unseen for i in near):
        return replace(told, doubt="no test runs the line, and it could be corrected otherwise too")
    for other in others:
        rival = max(options[i].score for i in groups[other])
        apart = [
            (name, one, two)
            for name, one, two in zip(shared, first, other, strict=True)
            if one != two and solid(one) and solid(two)
        ]
        if apart and rival * far >= options[best[0]].score:
            name, one, two = apart[0]
            return replace(
                told,
                doubt=f"the tests do not say which is meant: for {_cut(name)} one change gives "
                f"{_cut(one)}, another {_cut(two)}",
            )
    return told


def changed_lines(old: str, new: str) -> list[int]:
    """Lines of ``new`` (from 1) that are not in ``old``; where lines only went, their neighbours.
    Blocking.
    """
    found: list[int] = []
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    for what, _, _, start, stop in matcher.get_opcodes():
        if what != "equal":
            found += range(start + 1, stop + 1) if stop > start else (start, start + 1)
    return found


def solid(outcome: str) -> bool:
    """A value, or an error that is raised on purpose; not a crash and not a time-out."""
    return not outcome.startswith("!") or outcome.startswith("!!")


def _cut(text: str) -> str:
    return text if len(text) < 90 else text[:80] + "…"


def _number(calls: int) -> str:
    return "one example" if calls == 1 else f"{calls} examples"
