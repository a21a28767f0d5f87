"""The body of a generation: plan, approval, then task after task until the plan is done.

Every turn of the loop begins with a look at the workspace: the plan's document and the user's own
edits are taken up there, and only there, so that a run that is replayed after a crash takes the
same turns. Tasks that can go on are drafted together as far as the provider's places allow; they
are checked and delivered one after the other.
"""

from dataclasses import dataclass, field
from functools import partial

import msgspec

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.errors import AnswerUnusable, LimitReached, ModelError, ModelMissing
from samokoder.agents.generate import (
    document,
    drafting,
    ordering,
    planning,
    settling,
    standing,
    starting,
    tech_lead,
    technical_writer,
)
from samokoder.agents.generate import project as projects
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft
from samokoder.agents.generate.estimate import Clock
from samokoder.agents.generate.plan import Plan, Task
from samokoder.agents.generate.project import Project
from samokoder.agents.generate.request import (
    Estimate,
    GenerateRequest,
    GenerateResult,
    TaskEnd,
    TaskOutcome,
)
from samokoder.agents.generate.settling import Settled, may_run
from samokoder.agents.generate.small import writer as small_writer
from samokoder.agents.generate.standing import Standing
from samokoder.agents.generate.together import together
from samokoder.agents.models.model import Role
from samokoder.agents.preview import detect as preview
from samokoder.agents.repair.workshop import Tools, Workshop
from samokoder.agents.runs.context import Run
from samokoder.state.errors import SamokoderError

UNTESTED = "no test covers it yet"


@dataclass
class Work:
    """A generation under way."""

    run: Run
    request: GenerateRequest
    workshop: Workshop
    project: Project
    state: Standing
    plan: Plan
    parallel: int
    review: bool
    outcomes: dict[str, TaskOutcome] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """How tasks ended, by id: as in their outcome, or "held" until a test covers them."""
    held: list[Settled] = field(default_factory=list)
    drafts: dict[str, Draft] = field(default_factory=dict)
    details: dict[str, Task] = field(default_factory=dict)
    results: tuple[CheckResult, ...] | None = None
    """What the checks say of the tree, where that is known."""
    notes: list[str] = field(default_factory=list)
    turn: int = 0
    epics: set[str] = field(default_factory=set)
    """Epics the user let be worked on."""
    stopped: str = ""


async def generate(run: Run, request: GenerateRequest, tools: Tools) -> GenerateResult:
    """Do it. At a limit the result says so and holds what was done."""
    if await run.profile(Role.CODER) is None:
        raise ModelMissing("generating needs a model")
    workshop = await tools.workshop(run.settings)
    project = await projects.gather(run, request)
    state = standing.begin(run.snapshot)
    first = await standing.look(run, state, "look/0")
    _known(state, first)
    clock = Clock()
    if request.brief or request.feedback:
        plan = await planning.planned(run, request, project, clock)
        text = document.render(plan)
        if not await planning.written(run, state, text, f"Plan: {plan.title}", "plan/0"):
            await run.say("The plan stays a proposal")
    else:
        plan = planning.standing_plan(state, first)
    found = await planning.guess(run, plan, clock)
    await run.emit("plan", title=plan.title, tasks=len(plan.open), path=document.PATH)
    if request.plan_only:
        return _result(plan, found, stopped="")
    if not await planning.approved(run, plan, found):
        return _result(plan, found, stopped="the plan was not approved")
    profile = await run.profile(Role.CODER)
    work = Work(
        run,
        request,
        workshop,
        project,
        state,
        plan,
        projects.parallel(run, profile),
        await drafting.judged(run),
    )
    left = document.parse(first.plan or "").plan.open
    if left and (request.brief or request.feedback):
        some = f"the plan that was there had {len(left)} open tasks"
        work.notes.append(f"{some}; undoing this run brings it back")
    limited = ""
    try:
        await _turns(work)
        if run.settings.generate.documentation and not work.stopped and not project.small:
            await _documented(work)
    except LimitReached as error:
        limited = str(error)
    except ModelError as error:
        work.stopped = str(error)
    await _end(work)
    result = _result(work.plan, found, stopped=limited or work.stopped)
    offer = await _offer(work) if any(o.end == "done" for o in work.outcomes.values()) else ""
    return _complete(work, result, limited=bool(limited), offer=offer)


async def _offer(work: Work) -> str:
    """The command that shows the result running; empty when nothing is there to be shown."""
    try:
        await preview.detect(work.state.tree)
    except SamokoderError:
        return ""
    return "samokoder preview start"


def _known(state: Standing, seen: standing.Seen) -> None:
    """The plan's document as it was found."""
    if seen.plan is not None:
        state.plan = document.parse(seen.plan)
        state.written = seen.plan
    state.plan_hash = seen.plan_hash


async def _turns(work: Work) -> None:
    """Task after task, each after a look at what the user did meanwhile."""
    while True:
        work.turn += 1
        await _looked(work)
        todo = ordering.ready(work.plan.tasks, work.ended)
        todo = [t for t in todo if t.id not in work.ended]
        if not todo:
            return
        task = todo[0]
        if task.epic not in work.epics:
            if not await planning.epic_approved(work.run, work.plan, task.epic):
                work.stopped = f"“{task.epic or work.plan.title}” was not approved"
                return
            work.epics.add(task.epic)
        await _drafted(work, todo)
        if task.digest in work.drafts:
            await _settled(work, task)


async def _looked(work: Work) -> None:
    """Take up the user's edits of the plan and of files; tick what is done since."""
    run, state = work.run, work.state
    seen = await standing.look(run, state, f"look/{work.turn}")
    paths = standing.take_up(state, seen)
    if paths:
        work.results = None
        await run.say(f"Taking up what you changed: {', '.join(paths[:5])}")
    state.plan_hash = seen.plan_hash
    if seen.plan is not None:
        if seen.plan != state.written:
            _edited(work, seen.plan)
        state.plan = document.parse(seen.plan)
        work.plan = state.plan.plan
    ticked = state.plan
    for id, end in work.ended.items():
        if end == "done":
            ticked = ticked.ticked(id)
    if ticked.text != state.plan.text and seen.plan is not None:
        await planning.written(run, state, ticked.text, "Plan: progress", f"plan/{work.turn}")
        work.plan = state.plan.plan


def _edited(work: Work, text: str) -> None:
    """Say what the user did to the plan."""
    before = {t.id: t.title for t in work.plan.tasks}
    after = {t.id: t.title for t in document.parse(text).plan.tasks}
    said = standing.differences(before, after)
    work.notes += said
    for id, title in before.items():
        if id not in after and id not in work.ended:
            work.outcomes[id] = TaskOutcome(
                id=id, title=title, end="deleted", reason="you took it out of the plan"
            )


async def _drafted(work: Work, todo: list[Task]) -> None:
    """Draft the next task, and with it what else can be written in the free places.

    Tasks without files get them from the tech lead, the next ones while this one is written.
    """
    run = work.run
    first = todo[0]
    if not first.works and first.digest not in work.details:
        await run.say(f"{first.id}: finding the files for “{first.title}”")
        if not await _detailed(work, first):
            return
    wave: list[Task] = []
    taken: set[str] = set()
    later: list[Task] = []
    files = 0
    for task in todo:
        whole = work.details.get(task.digest, task)
        if task.digest in work.drafts:
            taken |= whole.paths
            continue
        same = task.epic in work.epics
        if not whole.works:
            later.append(task)
        elif task is first or (same and files < work.parallel and not taken & whole.paths):
            wave.append(task)
            taken |= whole.paths
            files += len(whole.works)
    coming = [t for t in work.plan.open if not t.works and t.digest not in work.details]
    soon = next((t for t in coming if t.id not in work.ended and t.epic in work.epics), None)

    async def one(task: Task) -> bool:
        whole = work.details.get(task.digest, task)
        bad = planning.refused((whole,))
        ground = Ground(work.plan, whole, work.state.tree, work.project.guides)
        if bad:
            work.drafts[task.digest] = Draft(ground, failed=bad[task.id])
            return False
        await run.say(f"{task.id}: {task.title}")
        found = None
        if starting.is_start(whole):
            found = await starting.draft(ground)
        elif work.project.small and may_run(run, work.workshop) and small_writer.suits(ground):
            found = await small_writer.draft(run, work.workshop, ground)
        work.drafts[task.digest] = found or await drafting.draft(run, ground, review=work.review)
        return True

    jobs = {t.id: partial(one, t) for t in wave}
    if soon is not None and soon is not first and work.parallel > 1:
        jobs[f"{soon.id}/detail"] = partial(_detailed, work, soon)
    await together(jobs)


async def _detailed(work: Work, task: Task) -> bool:
    """Let the tech lead name the task's files; False when it cannot, and the task has failed."""
    try:
        found = await tech_lead.detail(work.run, work.project, work.plan, task)
    except AnswerUnusable as error:
        _over(work, task, "failed", str(error))
        return False
    work.details[task.digest] = found
    return True


def _over(work: Work, task: Task, end: TaskEnd, reason: str) -> None:
    """A task that came to nothing."""
    work.ended[task.id] = end
    work.outcomes[task.id] = TaskOutcome(id=task.id, title=task.title, end=end, reason=reason)


async def _settled(work: Work, task: Task) -> None:
    """Check the task's draft, and deliver it with what waited for its tests."""
    draft = work.drafts.pop(task.digest)
    work.notes += draft.notes
    if draft.failed:
        _over(work, task, "failed", draft.failed)
        await work.run.say(f"{task.id} is left out: {draft.failed}")
        return
    settled = await settling.settle(
        work.run,
        work.workshop,
        draft,
        work.state.tree,
        before=work.results,
        command=work.request.check,
    )
    work.results = settled.before if settled.before or work.results is not None else None
    if not settled.good:
        reason = settled.judgement.reason or "its checks fail"
        work.ended[task.id] = "failed"
        work.outcomes[task.id] = settled.outcome("failed", reason)
        await work.run.say(f"{task.id} is left out: {reason}")
        return
    if settled.doubt:
        outcome = await settling.deliver(work.run, work.workshop, settled, proven=False)
        work.outcomes[task.id] = outcome
        work.ended[task.id] = "proposed"
        await work.run.say(f"{task.id} waits for you: {settled.doubt}")
        return
    standing.made(work.state, settled.change_set, applied=False)
    work.results = settled.after
    work.held.append(settled)
    work.ended[task.id] = "held"
    if not settled.judgement.tested:
        await work.run.say(f"{task.id} is written; it waits for the task that tests it")
        return
    await _release(work, proven=True)


async def _release(work: Work, *, proven: bool) -> None:
    """Deliver what was held, in the order it was made."""
    held, work.held = work.held, []
    for settled in held:
        id = settled.draft.ground.task.id
        if not proven and not settled.judgement.tested:
            settled.refused = (*settled.refused, UNTESTED)
        outcome = await settling.deliver(work.run, work.workshop, settled, proven=proven)
        work.outcomes[id] = outcome
        if outcome.end == "done":
            standing.reached(work.state, settled.change_set)
            work.ended[id] = "done"
        elif outcome.end == "conflict":
            work.ended[id] = "conflict"
        await work.run.emit("task", id=id, title=outcome.title, end=outcome.end)


async def _documented(work: Work) -> None:
    """The technical writer, when anything was made."""
    run = work.run
    done = [o for o in work.outcomes.values() if o.end in ("done", "proposed")]
    made = tuple(f"{o.title}: {', '.join(o.paths)}" for o in done)
    if not made:
        return
    await run.say("Bringing the documentation up to date")
    paths = tuple(dict.fromkeys(p for o in done for p in o.paths))
    try:
        change_set = await technical_writer.write(run, work.plan, work.state.tree, made, paths)
    except AnswerUnusable as error:
        work.notes.append(f"the documentation was not written: {error}")
        return
    if change_set is None:
        return
    task = Task(id="docs", title=technical_writer.TITLE)
    draft = Draft(Ground(work.plan, task, work.state.tree))
    settled = await settling.document(
        run, work.workshop, draft, work.state.tree, change_set, work.results, work.request.check
    )
    if not settled.good:
        reason = f"the documentation is left out: {settled.judgement.reason}"
        work.notes.append(reason)
        return
    outcome = await settling.deliver(run, work.workshop, settled, proven=not settled.doubt)
    work.outcomes[task.id] = outcome
    standing.made(work.state, change_set, applied=outcome.end == "done")


async def _end(work: Work) -> None:
    """Propose what no test covers, say what waits, tick what is done."""
    await _release(work, proven=False)
    for task in work.plan.open:
        if task.id in work.ended or task.id in work.outcomes:
            continue
        missing = [n for n in task.needs if work.ended.get(n) != "done"]
        reason = f"it needs {', '.join(missing)}" if missing else work.stopped or "not begun"
        work.outcomes[task.id] = TaskOutcome(
            id=task.id, title=task.title, end="waiting", reason=reason
        )
    work.turn += 1
    await _looked(work)


def _result(plan: Plan, found: Estimate, *, stopped: str) -> GenerateResult:
    return GenerateResult(
        title=plan.title,
        brief=plan.brief,
        demands=plan.demands,
        design=plan.design,
        plan=document.PATH,
        planned=len(plan.open),
        estimate=found,
        stopped=stopped,
    )


def _complete(work: Work, result: GenerateResult, *, limited: bool, offer: str) -> GenerateResult:
    order = {t.id: n for n, t in enumerate(work.plan.tasks)}
    outcomes = sorted(work.outcomes.values(), key=lambda o: order.get(o.id, len(order)))
    mine = [o for o in outcomes if o.end != "deleted"]
    return msgspec.structs.replace(
        result,
        offer=offer,
        tasks=tuple(outcomes),
        planned=len(mine),
        notes=tuple(dict.fromkeys(work.notes)),
        complete=bool(mine) and all(o.end == "done" for o in mine) and not result.stopped,
        limited=limited,
    )
