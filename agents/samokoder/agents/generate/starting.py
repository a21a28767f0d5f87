"""Starting from a scaffold: the first task of an empty workspace, written by no model.

The document says so in the task's words (``scaffold: NAME PROJECT``), so the user can take it out.
"""

import re

from anyio import to_thread

from samokoder.agents.errors import InvalidInput
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft, File
from samokoder.agents.generate.plan import Plan, Task, Work
from samokoder.agents.scaffold import catalogue
from samokoder.agents.scaffold.names import Names, names_of
from samokoder.agents.workspace.changeset import ChangeSet

ID = "T0"

_LINE = re.compile(r"^scaffold: (?P<template>[\w-]+) (?P<name>.+)$", re.MULTILINE)


def offered() -> str:
    """The scaffolds there are, for the architect."""
    return "; ".join(f"{t.name} ({t.summary})" for t in catalogue.TEMPLATES)


async def files(template: str, *names: str) -> tuple[str, str, ChangeSet] | None:
    """The scaffold, the name it was made for and its files; None when it is not to be had.

    ``names`` are tried in turn.
    """
    for name in names:
        try:
            made = await _files(catalogue.template(template), names_of(name))
        except InvalidInput:
            continue
        return template, name, made
    return None


async def _files(chosen: catalogue.Template, names: Names) -> ChangeSet:
    return await to_thread.run_sync(catalogue.change_set, chosen, names)


def first(whole: Plan, template: str, name: str, made: ChangeSet) -> Plan:
    """The plan with the scaffold before everything else."""
    works = tuple(Work(path=c.path) for c in made.changes)
    start = Task(
        id=ID,
        title=f"Start from {template}",
        detail=f"scaffold: {template} {name}",
        works=works,
    )
    later = tuple(
        Task(
            id=t.id,
            title=t.title,
            detail=t.detail,
            epic=t.epic,
            works=t.works,
            checks=t.checks,
            needs=(ID, *t.needs),
            done=t.done,
        )
        for t in whole.tasks
    )
    return Plan(
        title=whole.title,
        brief=whole.brief,
        demands=whole.demands,
        design=whole.design,
        tasks=(start, *later),
    )


def is_start(task: Task) -> bool:
    """Whether the task lays a scaffold."""
    return _LINE.search(task.detail) is not None


async def draft(ground: Ground) -> Draft:
    """The scaffold's files that the plan names and that are not there yet."""
    made = Draft(ground)
    said = _LINE.search(ground.task.detail)
    assert said is not None
    found = await files(said["template"], said["name"])
    if found is None:
        made.failed = f"there is no scaffold {said['template']} for {said['name']}"
        return made
    for change in found[2].changes:
        if change.path in ground.task.paths and change.path not in ground.tree.files:
            made.files[change.path] = File(Work(path=change.path), None, change.after)
    return made
