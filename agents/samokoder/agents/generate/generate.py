"""The body of a generation: plan, approval, then task after task until the plan is done.

Tasks that can go on are drafted together as far as the provider's places allow; they are checked
and delivered one after the other (:mod:`turns`).
"""

import msgspec

from samokoder.agents.errors import AnswerUnusable, LimitReached, ModelError, ModelMissing
from samokoder.agents.execute.store import equipped
from samokoder.agents.generate import (
    document,
    drafting,
    planning,
    progress,
    settling,
    standing,
    technical_writer,
    turns,
)
from samokoder.agents.generate import project as projects
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft
from samokoder.agents.generate.estimate import Clock
from samokoder.agents.generate.plan import Plan, Task
from samokoder.agents.generate.request import (
    Estimate,
    GenerateRequest,
    GenerateResult,
    TaskOutcome,
)
from samokoder.agents.generate.standing import Standing
from samokoder.agents.generate.turns import Work
from samokoder.agents.models.model import Role
from samokoder.agents.preview import detect as preview
from samokoder.agents.repair.workshop import Tools, Workshop
from samokoder.agents.runs.context import Run
from samokoder.state.errors import SamokoderError


async def generate(run: Run, request: GenerateRequest, tools: Tools) -> GenerateResult:
    """Do it. At a limit the result says so and holds what was done."""
    if await run.profile(Role.CODER) is None:
        raise ModelMissing("generating needs a model")
    async with equipped(run, await tools.workshop(run.settings)) as workshop:
        return await _generated(run, request, workshop)


async def _generated(run: Run, request: GenerateRequest, workshop: Workshop) -> GenerateResult:
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
    await run.plan(progress.shown(plan, {}, {}, ()))
    if request.plan_only:
        return _result(plan, found, stopped="")
    if not await planning.approved(run, plan, found):
        return _result(plan, found, stopped="the plan was not approved")
    profile = await run.profile(Role.CODER)
    work = turns.Work(
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
        await turns.take(work)
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
    await turns.release(work, proven=False)
    for task in work.plan.open:
        if task.id in work.ended or task.id in work.outcomes:
            continue
        missing = [n for n in task.needs if work.ended.get(n) != "done"]
        reason = f"it needs {', '.join(missing)}" if missing else work.stopped or "not begun"
        work.outcomes[task.id] = TaskOutcome(
            id=task.id, title=task.title, end="waiting", reason=reason
        )
    work.turn += 1
    await turns.looked(work)
    await turns.show(work)


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
    wanted = [r for r in work.results or () if r.check.origin == "user"]
    unmet = [f"`{' '.join(r.check.argv)}` does not pass in the end" for r in wanted if not r.ok]
    return msgspec.structs.replace(
        result,
        offer=offer,
        tasks=tuple(outcomes),
        planned=len(mine),
        notes=tuple(dict.fromkeys((*work.notes, *unmet))),
        complete=bool(mine)
        and all(o.end == "done" for o in mine)
        and not unmet
        and not result.stopped,
        limited=limited,
    )
