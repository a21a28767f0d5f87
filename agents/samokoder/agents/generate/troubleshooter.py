"""The troubleshooter: failing checks of a task go up the fixing ladder, as any other failure."""

from dataclasses import dataclass

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult, Evidence
from samokoder.agents.repair import fix, ladder, verdicts
from samokoder.agents.repair.case import Case, Verdict
from samokoder.agents.repair.proof import Prover
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot

NAME = "troubleshooter"

RUNGS = ("L0", "L2", "L3")
"""Rungs for code that was just written: a search of mutations looks for a slip in code that was
right before, and takes minutes.
"""


@dataclass(frozen=True, slots=True)
class Repair:
    """``change_set`` starts from the failing tree; None when nothing was proven."""

    change_set: ChangeSet | None
    note: str = ""
    after: tuple[CheckResult, ...] = ()
    limited: bool = False


async def repair(
    run: Run,
    workshop: Workshop,
    tree: Snapshot,
    checks: tuple[Check, ...],
    before: tuple[CheckResult, ...],
    failing: tuple[CheckResult, ...],
    *,
    name: str,
    rungs: tuple[str, ...] = RUNGS,
) -> Repair:
    """Climb for what fails on ``tree`` and did not fail ``before`` the task."""
    old = {verdicts.key(p) for r in before for p in r.problems}
    problems = tuple(p for r in failing for p in r.problems)
    focus = tuple(p for p in problems if verdicts.key(p) not in old)
    case = Case(
        run,
        tree,
        checks,
        Evidence(failing, focus or problems),
        focus if old else (),
        failing,
        name=name,
    )
    allowed = tuple(n for n in rungs if n in run.settings.fix.rungs)
    if not allowed:
        return Repair(None, "no rung of the fixing ladder may be climbed")
    ladder_ = await fix.rungs(run, workshop, allowed)
    await to_thread.run_sync(fix.warm)
    async with Prover(workshop, tree, checks, failing, case.focus) as prover:
        outcome = await ladder.climb(case, ladder_, prover)
    if outcome.verdict is not Verdict.PROVEN or outcome.candidate is None:
        return Repair(None, outcome.reason, limited=outcome.limited)
    after = outcome.receipt.after if outcome.receipt is not None else ()
    note = f"{outcome.candidate.rung}: {outcome.candidate.note}"
    return Repair(outcome.candidate.change_set, note, after)
