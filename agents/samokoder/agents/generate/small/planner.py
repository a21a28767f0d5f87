"""Planning for a small model: one module and its tests, read from the brief; no model is asked.

A brief that names no module and no function is cut by the tech lead like any other, with one call.
"""

from posixpath import basename

from samokoder.agents.generate import plan, tech_lead
from samokoder.agents.generate.plan import Plan, Task, Work
from samokoder.agents.generate.project import Project
from samokoder.agents.generate.small import given
from samokoder.agents.generate.small.brief import Wish, foreign, wish
from samokoder.agents.runs.context import Run


async def planned(run: Run, project: Project) -> Plan:
    """One task of few small files."""
    found = await given.tested(run.snapshot, project.brief)
    if found is not None:
        return _plan(project, f"Write {found.path}", (found.work,))
    wanted = wish(project.brief) if not foreign(project.brief) else None
    if wanted is not None and f"{wanted.module}.py" not in run.snapshot.files:
        return _plan(project, f"Write {wanted.module}", works_of(wanted))
    return await tech_lead.cut(run, project, project.brief[:60], "", "")


def works_of(wanted: Wish) -> tuple[Work, ...]:
    """The files of a new module."""
    module, test = f"{wanted.module}.py", f"test_{wanted.module}.py"
    return (
        Work(path=module, purpose="the module", gives=wanted.functions),
        Work(path=test, purpose=f"tests of {basename(module)}", needs=(module,)),
    )


def _plan(project: Project, title: str, works: tuple[Work, ...]) -> Plan:
    task = Task(id="T1", title=title, works=works)
    return plan.normal(Plan(title=title, brief=project.brief, tasks=(task,)))
