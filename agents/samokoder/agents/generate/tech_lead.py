"""The tech lead: tasks, the files of each, their order and how each is checked."""

from msgspec import Struct

from samokoder.agents.errors import AnswerUnusable
from samokoder.agents.generate import asking, plan
from samokoder.agents.generate.plan import Plan, Task, Work
from samokoder.agents.generate.project import Project
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run

NAME = "tech_lead"


class Step(Struct, frozen=True):
    """A task as the tech lead answers it."""

    id: str = ""
    title: str = ""
    detail: str = ""
    epic: str = ""
    works: tuple[Work, ...] = ()
    checks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Steps(Struct, frozen=True):
    """What the tech lead answers."""

    tasks: tuple[Step, ...] = ()


async def cut(run: Run, project: Project, title: str, demands: str, design: str) -> Plan:
    """The plan. Raises AnswerUnusable when there is no task in it."""
    steps = await asking.ask(
        run,
        Role.PLANNER,
        NAME,
        Steps,
        key="tasks",
        max_tokens=8192,
        brief=project.brief,
        demands=demands,
        design=design,
        existing=project.outline,
        earlier=project.earlier,
        feedback=project.feedback,
        task=None,
    )
    if not steps.tasks:
        raise AnswerUnusable("the tech lead named no task")
    return plan.normal(
        Plan(
            title=title,
            brief=project.brief,
            demands=demands,
            design=design,
            tasks=tuple(_task(s) for s in steps.tasks),
        )
    )


async def detail(run: Run, project: Project, whole: Plan, task: Task) -> Task:
    """A task the user has only named, with its files. The rest of it stays as it is."""
    steps = await asking.ask(
        run,
        Role.PLANNER,
        NAME,
        Steps,
        key=f"detail/{task.id}/{task.digest}",
        max_tokens=4096,
        brief=whole.brief,
        demands=whole.demands,
        design=whole.design,
        existing=project.outline,
        earlier="\n".join(f"{t.id}: {t.title}" for t in whole.tasks if t.id != task.id),
        feedback="",
        task=task,
    )
    if not steps.tasks or not steps.tasks[0].works:
        raise AnswerUnusable(f"the tech lead named no file for “{task.title}”")
    found = _task(steps.tasks[0])
    return Task(
        id=task.id,
        title=task.title,
        detail=task.detail or plan.paragraph(found.detail),
        epic=task.epic,
        works=plan.normal(Plan(title="x", tasks=(found,))).tasks[0].works,
        checks=task.checks or found.checks,
        needs=task.needs,
    )


def _task(step: Step) -> Task:
    return Task(
        id=step.id,
        title=step.title,
        detail=step.detail,
        epic=step.epic,
        works=step.works,
        checks=step.checks,
        needs=step.needs,
    )
