"""Ready texts of one file against the tests, all in one go, and what speaks against the best."""

from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from samokoder.agents.repair.case import Case
from samokoder.agents.repair.mutation import harness, rivalry
from samokoder.agents.repair.workshop import Workshop

_SECONDS = 30.0
"""Wall seconds of all texts."""
_EACH = 4.0
"""CPU seconds of one."""
_SURE = 0.45
"""Likelihood of a repair of the syntax that says more than a few tests, as a missing bracket."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``order``: indices of the texts worth a proof. ``doubt``: see ``rivalry.Verdict``."""

    order: tuple[int, ...]
    doubt: str = ""


def job_for(case: Case) -> harness.Job | None:
    """How to run the failing tests of the case fast; None when nothing here can."""
    for result in case.evidence.results:
        job = None if result.ok else harness.job_of(result.check)
        if job is not None:
            slow = 0.0 if result.timed_out else 15 * result.seconds
            return replace(job, trace=min(30.0, max(job.trace, slow)))
    return None


async def tried(
    case: Case, workshop: Workshop, path: str, options: tuple[rivalry.Option, ...]
) -> Trial:
    """Those that pass come first, compared with each other; without any the order stays."""
    everything = Trial(tuple(range(len(options))))
    job = job_for(case)
    if job is None or not options:
        return everything
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts: dict[str, Any] = {
            "mode": "try",
            "path": f"{bench.root}/{path}",
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
        return everything
    mine = tuple(options[i] for i in good)
    verdict = await rivalry.compared(case, workshop, job, path, mine, unlikely={}, sure=_SURE)
    return Trial(tuple(good[i] for i in verdict.order), verdict.doubt)
