"""How far each task of the plan is, for whoever looks at the run."""

from collections.abc import Collection, Mapping

from samokoder.agents.generate.plan import Plan
from samokoder.agents.generate.request import TaskOutcome
from samokoder.state.tasks import Planned, TaskState

HELD = "it waits for the task that tests it"


def shown(
    plan: Plan,
    outcomes: Mapping[str, TaskOutcome],
    ended: Mapping[str, str],
    running: Collection[str],
) -> tuple[Planned, ...]:
    """The tasks in the order of the plan, then those that are in it no more.

    ``ended`` are ends by id as :mod:`turns` keeps them, ``running`` ids that are worked on.
    """
    found: dict[str, Planned] = {}
    for task in plan.tasks:
        outcome = outcomes.get(task.id)
        if outcome is not None:
            found[task.id] = _of(outcome)
        elif task.done:
            found[task.id] = Planned(task.id, task.title, TaskState.DONE)
        elif ended.get(task.id) == "held":
            found[task.id] = Planned(task.id, task.title, TaskState.WAITING, HELD)
        else:
            state = TaskState.RUNNING if task.id in running else TaskState.PLANNED
            found[task.id] = Planned(task.id, task.title, state, task.detail)
    for id, outcome in outcomes.items():
        found.setdefault(id, _of(outcome))
    return tuple(found.values())


def _of(outcome: TaskOutcome) -> Planned:
    return Planned(outcome.id, outcome.title, TaskState(outcome.end), outcome.reason)
