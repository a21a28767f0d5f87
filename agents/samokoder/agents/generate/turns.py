"""The turns of a generation: look at the workspace, draft what can be drafted, settle one task.

What the user does to the plan's document and to files is taken up at the beginning of a turn and
only there, so that a run that is replayed after a crash takes the same turns.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.generate import (
    document,
    drafting,
    ordering,
    planning,
    progress,
    settling,
    standing,
    starting,
    tech_lead,
)
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft
from samokoder.agents.generate.plan import Plan, Task
from samokoder.agents.generate.project import Project
from samokoder.agents.generate.request import (
    GenerateRequest,
    TaskEnd,
    TaskOutcome,
)
from samokoder.agents.generate.settling import Settled, may_run
from samokoder.agents.generate.small import writer as small_writer
from samokoder.agents.generate.standing import Standing
from samokoder.agents.generate.together import together
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.current import working_on
from samokoder.state.tasks import Planned

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
    told: tuple[Planned, ...] = ()
    """The tasks as they were shown last."""
    stopped: str = ""


async def take(work: Work) -> None:
    """Task after task, each after a look at what the user did meanwhile."""
    while True:
        work.turn += 1
        await looked(work)
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
        with working_on(task.id):
            await _drafted(work, todo)
            if task.digest in work.drafts:
                await _settled(work, task)
            elif task.id not in work.ended:
                _over(work, task, "failed", "no file was named for it")
        await show(work)


async def show(work: Work, running: Collection[str] = ()) -> None:
    """Show how far the tasks are, where that has changed."""
    now = progress.shown(work.plan, work.outcomes, work.ended, running)
    if now != work.told:
        work.told = now
        await work.run.plan(now)


async def looked(work: Work) -> None:
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
        with working_on(task.id):
            return await written(task)

    async def written(task: Task) -> bool:
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
    await show(work, [first.id, *jobs, *(t.id for t in todo if t.digest in work.drafts)])
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
    await release(work, proven=True)


async def release(work: Work, *, proven: bool) -> None:
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
