"""The body of a fix run: checks before, the ladder for each cause, delivery of what is proven."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import anyio
from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult, Evidence, Problem
from samokoder.agents.checks.detect import sources
from samokoder.agents.checks.parse import parse
from samokoder.agents.checks.places import Places
from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.model import Role
from samokoder.agents.repair import diagnose, imports, ladder, later, templates, verdicts
from samokoder.agents.repair.case import Case, Receipt, Rung, Verdict
from samokoder.agents.repair.check import chosen
from samokoder.agents.repair.deterministic import Deterministic
from samokoder.agents.repair.proof import Prover
from samokoder.agents.repair.rewrite import Rewrite
from samokoder.agents.repair.workshop import Tools, Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace import diff
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.errors import SamokoderError

_CAUSES = 25
"""Causes that one run looks at."""
_LEARNED = 20
"""Attempts that are kept for people, the newest."""


@dataclass(frozen=True, slots=True)
class FixRequest:
    """What to fix: a diagnostic (``problem``), a place (``path``, ``line``), a failing ``command``,
    pasted ``text``, or with none of these whatever makes the project's checks fail. ``all`` goes on
    until the checks are green or the budget is spent. ``rungs`` empty: those of the settings.
    """

    path: str = ""
    line: int = 0
    problem: Problem | None = None
    command: str = ""
    text: str = ""
    all: bool = False
    rungs: tuple[str, ...] = ()
    watch: bool = False
    """What no check can prove may be proposed: who asks can see what the editor says of it."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One cause and what came of it. ``delivered``: applied to the workspace."""

    verdict: Verdict
    title: str
    rung: str = ""
    note: str = ""
    reason: str = ""
    diff: str = ""
    paths: tuple[str, ...] = ()
    delivered: bool = False
    receipt: Receipt | None = None
    tallies: tuple[ladder.Tally, ...] = ()
    change: ChangeSet | None = None
    limited: bool = False
    learned: tuple[str, ...] = ()
    """What was tried and seen, oldest first, when nothing was proven."""


@dataclass(frozen=True, slots=True)
class FixResult:
    """``verdict`` is PROVEN when everything asked is proven; ``nothing`` when nothing was wrong.

    ``seconds`` is wall time of the run's code, ``tokens`` and ``calls`` of all models.
    """

    verdict: Verdict
    fixes: tuple[Fixed, ...] = ()
    before: tuple[CheckResult, ...] = ()
    nothing: bool = False
    reason: str = ""
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    left: tuple[Problem, ...] = ()
    limited: bool = False
    """A limit of the budget ended it before the rungs were exhausted."""


async def fix(run: Run, request: FixRequest, tools: Tools) -> FixResult:
    """Fix what the request names; nothing unproven is ever applied on its own."""
    checks = await _with_source(run, request)
    workshop = await tools.workshop(run.settings)
    return await mend(run, request, workshop, checks, suggest=request.watch)


async def _with_source(run: Run, request: FixRequest) -> tuple[Check, ...]:
    """The checks, with the tool that made the diagnostic where none of them is that tool."""
    problem = request.problem
    if problem is None or request.command or not sources.kind_of(problem.source):
        return await chosen(run, request.command)
    own = await sources.check_for(run.snapshot, run.settings, problem.source, problem.path)
    try:
        checks = await chosen(run, request.command)
    except InvalidInput:
        if own is None:
            raise
        checks = ()
    kinds = {c.kind for c in checks}
    return (own, *checks) if own is not None and own.kind not in kinds else checks


async def mend(
    run: Run,
    request: FixRequest,
    workshop: Workshop,
    checks: tuple[Check, ...],
    *,
    suggest: bool = False,
) -> FixResult:
    """As :func:`fix`, with these checks. ``suggest``: look for a change also where they pass; it
    cannot be proven then, and stays a proposal.
    """
    started = time.monotonic()
    await run.say("Running " + ", ".join(c.id for c in checks))
    async with anyio.create_task_group() as group:  # what later rungs need, while the checks run
        group.start_soon(to_thread.run_sync, warm)
        before, error = await _before(run, workshop, checks)
    if error is not None:
        raise error
    asked = _asked(request, run)
    text = "\n".join(
        filter(None, (request.text, request.problem.message if request.problem else ""))
    )
    if not suggest and all(r.ok for r in before) and not any(r.problems for r in before):
        reason = "all checks pass"
        if asked or request.text:
            reason = "the checks pass: the problem cannot be reproduced by running them"
        return FixResult(Verdict.REFUSED, before=before, nothing=True, reason=reason)
    focus, missing = diagnose.focused(asked, before)
    if not focus:
        # a bare place only says where to look: then whatever fails is the problem
        focus = tuple(p for p in missing if p.message)
    work = _Work(run, workshop, checks, text, await rungs(run, workshop, request.rungs))
    if request.all and not focus:
        fixes, last = await _all(work, before)
    else:
        fixed, last = await _one(work, run.snapshot, before, focus, "fix")
        fixes = [fixed]
    proven = all(f.verdict is Verdict.PROVEN for f in fixes)
    some = any(f.verdict is not Verdict.REFUSED for f in fixes)
    return FixResult(
        Verdict.PROVEN if proven else Verdict.UNVERIFIED if some else Verdict.REFUSED,
        tuple(fixes),
        before,
        reason="; ".join(f.reason for f in fixes if f.reason and f.verdict is not Verdict.PROVEN),
        tokens=sum(t.tokens for f in fixes for t in f.tallies),
        calls=sum(t.calls for f in fixes for t in f.tallies),
        seconds=time.monotonic() - started,
        left=tuple(p for r in last for p in r.problems),
        limited=any(f.limited for f in fixes),
    )


def warm() -> None:
    """Load what the rungs read from files. Blocking."""
    templates.warm()
    imports.table()


async def _before(
    run: Run, workshop: Workshop, checks: tuple[Check, ...]
) -> tuple[tuple[CheckResult, ...], SamokoderError | None]:
    """Results on the workspace as it is; an error is returned, a task group would wrap it."""
    try:
        results = await run.step(
            "before",
            lambda: workshop.check(run.snapshot, checks),
            tuple[CheckResult, ...],
            pure=True,
        )
    except SamokoderError as error:
        return (), error
    return results, None


@dataclass
class _Work:
    run: Run
    workshop: Workshop
    checks: tuple[Check, ...]
    text: str
    rungs: Sequence[Rung]


def _asked(request: FixRequest, run: Run) -> list[Problem]:
    """The problems that the request names, as far as it names any."""
    if request.problem is not None:
        return [request.problem]
    if request.text:
        places = Places(roots=(str(run.root),), files=run.snapshot.files.keys())
        return list(parse("text", request.text, places).problems)
    if request.path and request.path in run.snapshot.files:
        return [Problem(request.path, request.line, "")]
    return []


async def _all(
    work: _Work, before: tuple[CheckResult, ...]
) -> tuple[list[Fixed], tuple[CheckResult, ...]]:
    """One change set per cause, each on top of the ones before it, until nothing is left to try."""
    fixes: list[Fixed] = []
    snapshot, tried = work.run.snapshot, set[frozenset[str]]()
    for number in range(_CAUSES):
        fresh = [
            c for c in diagnose.causes(before) if frozenset(map(verdicts.key, c.focus)) not in tried
        ]
        if not fresh:
            break
        cause = fresh[0]
        tried.add(frozenset(map(verdicts.key, cause.focus)))
        where = cause.focus[0].path if cause.focus else "the checks"
        await work.run.say(f"{len(fresh)} left to look at; now {where}")
        fixed, after = await _one(work, snapshot, before, cause.focus, f"fix{number}")
        fixes.append(fixed)
        if fixed.verdict is Verdict.PROVEN and fixed.change is not None:
            snapshot, before = snapshot.with_changes(fixed.change), after
    return fixes, before


async def _one(
    work: _Work,
    snapshot: Snapshot,
    before: tuple[CheckResult, ...],
    focus: tuple[Problem, ...],
    name: str,
) -> tuple[Fixed, tuple[CheckResult, ...]]:
    """Climb for one cause and deliver what is proven; with it, what the checks say then."""
    problems = tuple(p for r in before for p in r.problems)
    case = Case(
        work.run,
        snapshot,
        work.checks,
        Evidence(before, focus or problems, work.text),
        focus,
        before,
        name=name,
    )
    async with Prover(work.workshop, snapshot, work.checks, before, focus) as prover:
        outcome = await ladder.climb(case, work.rungs, prover)

    async def again(merged: ChangeSet) -> bool:
        results = await work.workshop.check(snapshot.with_changes(merged), work.checks)
        return verdicts.difference(before, results, verdicts.goal(before, focus)).clean

    fixed = await _delivered(work, snapshot, outcome, name, again)
    if fixed.verdict is not Verdict.PROVEN:
        fixed = replace(fixed, learned=tuple(x[:300] for x in case.learned[-_LEARNED:]))
    receipt = outcome.receipt
    return fixed, receipt.after if receipt is not None and receipt.after else before


async def _delivered(
    work: _Work,
    snapshot: Snapshot,
    outcome: ladder.Outcome,
    name: str,
    again: Callable[[ChangeSet], Awaitable[bool]],
) -> Fixed:
    run, candidate = work.run, outcome.candidate
    if candidate is None:
        await run.say(f"Not fixed: {outcome.reason}", percent=100)
        return Fixed(
            outcome.verdict,
            "not fixed",
            reason=outcome.reason,
            limited=outcome.limited,
            tallies=outcome.tallies,
        )
    proven = outcome.verdict is Verdict.PROVEN
    shown = await _diff(snapshot, candidate.change_set)
    applied = await run.deliver(
        candidate.change_set,
        proven=proven,
        key=f"{name}/deliver",
        again=again,
        agent=candidate.rung,
    )
    what = "Fixed and proven" if proven else "A suggestion that is not proven"
    await run.say(f"{what} ({candidate.rung}): {candidate.note}", percent=100)
    return Fixed(
        outcome.verdict,
        candidate.change_set.title,
        candidate.rung,
        candidate.note,
        outcome.reason,
        shown,
        candidate.change_set.paths,
        applied,
        outcome.receipt,
        outcome.tallies,
        candidate.change_set,
    )


async def _diff(snapshot: Snapshot, change_set: ChangeSet) -> str:
    parts = []
    for change in change_set.changes:
        old = await snapshot.read(change.path) if change.path in snapshot.files else None
        parts.append(diff.unified(change.new_path or change.path, old, change.after))
    return "".join(parts)


async def rungs(run: Run, workshop: Workshop, named: Sequence[str] = ()) -> Sequence[Rung]:
    """The rungs that may be climbed, in the order that pays: a capable model answers one question
    faster and better than a search, a small one shares the machine and is asked after it.
    """
    allowed = named or run.settings.fix.rungs
    profile = await run.profile(Role.CODER)
    capable = profile is not None and not profile.small
    order = ("L0", "L2", "L1", "L3", "L4") if capable else ("L0", "L1", "L2", "L3", "L4")
    made: dict[str, Rung] = {
        "L0": Deterministic(workshop),
        "L1": later.Later("L1", "mutation.search", "Mutation", workshop),
        "L2": Rewrite(),
        "L3": later.Later("L3", "wider", "Wider"),
        "L4": later.Later("L4", "hunt.hunter", "Hunter", workshop),
    }
    asked = profile is not None and (workshop.confines or run.settings.sandbox.unconfined)
    if profile is not None and not asked:
        await run.say("No sandbox here: code a model writes is not run. `--unconfined` lets it.")
    return [
        made[name] for name in order if name in allowed and (name in ladder.MODEL_FREE or asked)
    ]
