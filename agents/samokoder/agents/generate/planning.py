"""From a brief to an approved plan: specification, design, tasks, the document, the question."""

from collections.abc import Sequence
from dataclasses import replace

from samokoder.agents.errors import Conflict, InvalidInput
from samokoder.agents.generate import (
    architect,
    document,
    drafting,
    spec_writer,
    standing,
    starting,
    tech_lead,
)
from samokoder.agents.generate import estimate as estimates
from samokoder.agents.generate import project as projects
from samokoder.agents.generate.estimate import Clock
from samokoder.agents.generate.plan import Plan, Task, faults
from samokoder.agents.generate.project import Project
from samokoder.agents.generate.request import Estimate, GenerateRequest
from samokoder.agents.generate.small import planner as small_planner
from samokoder.agents.generate.standing import Standing
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeSet

GO, STOP = "Go ahead", "Stop here"


async def planned(run: Run, request: GenerateRequest, project: Project, clock: Clock) -> Plan:
    """The plan for a brief or for feedback on an earlier run."""
    earlier = request.earlier
    start: tuple[str, str, ChangeSet] | None = None
    if project.small and not request.feedback:
        clock.calls += 1
        return await small_planner.planned(run, project)
    if earlier is not None and request.feedback:
        await run.say("Planning what you asked to be changed")
        title, demands, design = earlier.title, earlier.demands, earlier.design
        clock.calls += 1
    else:
        await run.say("Writing down what it must do")
        title, demands = await spec_writer.write(run, project)
        await run.say("Designing it")
        scaffolds = "" if project.outline else starting.offered()
        found = await architect.design(run, project, demands, scaffolds=scaffolds)
        design = architect.markdown(found)
        if scaffolds and found.scaffold:
            start = await starting.files(found.scaffold, run.root.name, title)
        if start is not None:
            laid = run.snapshot.with_changes(start[2])
            project = replace(project, outline=await projects.outline(laid, (), 2000))
        await run.say("Cutting it into tasks")
        clock.calls += 3
    plan = await tech_lead.cut(run, project, title, demands, design)
    if start is not None:
        plan = starting.first(plan, *start)
    return plan


def refused(tasks: Sequence[Task]) -> dict[str, str]:
    """Tasks whose files may not be touched, with the reason."""
    return {t.id: "; ".join(why) for t in tasks if (why := faults(t))}


async def written(run: Run, state: Standing, text: str, title: str, key: str) -> bool:
    """The plan's document with this text, delivered like any other change.

    It is proven in that it holds nothing that runs. False when it stays proposed.
    """
    if text == state.plan.text and state.plan_hash:
        return True
    change_set = standing.plan_change(state, text, title)
    try:
        applied = await run.deliver(change_set, proven=True, key=key, agent="tech_lead")
    except Conflict:
        applied = False
    state.plan = document.parse(text)
    state.written = text
    return applied


async def guess(run: Run, plan: Plan, clock: Clock) -> Estimate:
    """What the plan's open tasks may cost; a step, since it looks at the clock."""
    profile = await run.profile(Role.CODER)
    reviewed = await drafting.judged(run)
    small = profile is not None and profile.small

    async def made() -> Estimate:
        return estimates.estimate(
            plan.open,
            profile,
            parallel=projects.parallel(run, profile),
            reviewed=reviewed,
            documented=run.settings.generate.documentation,
            each=0.0 if small else clock.each(),
            small=small,
        )

    return await run.step("estimate", made, Estimate, agent="tech_lead", pure=True)


async def approved(run: Run, plan: Plan, found: Estimate) -> bool:
    """Whether the user lets the whole plan be worked on; asked only where the settings say so."""
    if run.settings.generate.approval != "plan":
        return True
    titles = "\n".join(f"{t.id}: {t.title}" for t in plan.open)
    text = (
        f"The plan is in {document.PATH} (edit it there):\n{titles}\n"
        f"It takes {estimates.told(found)}. Go ahead?"
    )
    return await run.question("approve/plan", text, (GO, STOP), GO) == GO


async def epic_approved(run: Run, plan: Plan, epic: str) -> bool:
    """Whether the user lets this epic be worked on."""
    if run.settings.generate.approval != "epic":
        return True
    mine = [t for t in plan.open if t.epic == epic]
    titles = "\n".join(f"{t.id}: {t.title}" for t in mine)
    text = f"Next: {epic or plan.title}\n{titles}\nGo ahead?"
    return await run.question(f"approve/epic/{epic}", text, (GO, STOP), GO) == GO


def standing_plan(state: Standing, seen: standing.Seen) -> Plan:
    """The plan that is in the workspace. InvalidInput when there is none with an open task."""
    plan = document.parse(seen.plan).plan if seen.plan is not None else None
    if plan is None or not plan.open:
        raise InvalidInput(
            f"there is no brief, and no open task in {document.PATH}",
            hint='Say what to make: `samokoder generate "…"`, or write tasks into that file.',
        )
    return plan
