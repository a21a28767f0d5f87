"""Ready texts of one file against the tests, all in one go, and what speaks against the best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from samokoder.agents.repair.case import Case
from samokoder.agents.repair.mutation import harness, rivalry
from samokoder.agents.repair.mutation.generation import Tried, bred
from samokoder.agents.repair.workshop import Workshop

_SECONDS = 30.0
"""Wall seconds of all texts."""
_EACH = 4.0
"""CPU seconds of one."""
SURE = 0.45
"""Likelihood of a repair of the syntax that says more than a few tests, as a missing bracket."""
_UNLIKELY: Mapping[int, float] = {0: 0.1, 1: 0.1, 2: 0.05}
"""As in ``rivalry``, for repairs of the syntax: the parser points to their place."""
_LIKELIER = 3
"""Likelier texts that fail, of which small changes are rivals too."""
_CHANGES = 300
"""Small changes of each of them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``found``: the texts worth a proof, likeliest first; ``passes``: whether they pass the tests.
    ``doubt``: see ``rivalry.Verdict``.
    """

    found: tuple[Tried, ...]
    passes: bool = False
    doubt: str = ""


def job_for(case: Case) -> harness.Job | None:
    """How to run the failing tests of the case fast; None when nothing here can."""
    for result in case.evidence.results:
        job = None if result.ok else harness.job_of(result.check)
        if job is not None:
            slow = 0.0 if result.timed_out else 15 * result.seconds
            return replace(job, trace=min(30.0, max(job.trace, slow)))
    return None


async def tried(case: Case, workshop: Workshop, options: tuple[Tried, ...]) -> Trial:
    """Those texts of one file that pass the tests, compared with each other and with small changes
    of likelier ones that fail; without any that passes all of them.
    """
    job = job_for(case)
    if job is None or not options:
        return Trial(options)
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts: dict[str, Any] = {
            "mode": "try",
            "path": f"{bench.root}/{options[0].path}",
            "failing": [],
            "passing": [],
            "candidates": [o.text for o in options],
            "seconds": _EACH,
            "window": len(options),
            "workers": harness.workers(),
            "enough": len(options) * harness.workers(),
            "total": _SECONDS,
        }
        lines = await harness.run(bench, script, job, facts, _SECONDS + 10)
        good = sorted({int(x["i"]) for x in lines if x.get("ok") and isinstance(x.get("i"), int)})
        good = [i for i in good if 0 <= i < len(options)]
        if not good:
            return Trial(options)
        passing = [options[i] for i in good]
        for likelier in options[: min(good[0], _LIKELIER)]:
            passing += (await bred(case, bench, script, job, likelier, _CHANGES))[0]
    passing = ranked(passing)
    mine = tuple(rivalry.Option(t.text, t.score) for t in passing)
    path = options[0].path
    verdict = await rivalry.compared(case, workshop, job, path, mine, unlikely=_UNLIKELY, sure=SURE)
    return Trial(tuple(passing[i] for i in verdict.order), True, verdict.doubt)


def ranked(found: list[Tried]) -> list[Tried]:
    """Likeliest first, each text once."""
    unique = {t.text: t for t in sorted(found, key=lambda t: t.score)}
    return sorted(unique.values(), key=lambda t: -t.score)
