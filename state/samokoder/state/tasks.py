"""Tasks: the parts of a run's plan, in the order of the plan, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


class TaskState(StrEnum):
    """``proposed``: made, waits for a person. ``waiting``: what it needs is not done."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    PROPOSED = "proposed"
    WAITING = "waiting"
    FAILED = "failed"
    CONFLICT = "conflict"
    DELETED = "deleted"


OPEN = (TaskState.PLANNED, TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class Planned:
    """A task as the plan has it now; ``key`` is unique in the run."""

    key: str
    title: str
    state: TaskState = TaskState.PLANNED
    body: str = ""
    """What the plan says of it; once it has ended, why it ended so."""


@dataclass(frozen=True, slots=True)
class Task:
    """A row: see :class:`Planned`. Times are UTC milliseconds."""

    id: int
    run_id: str
    key: str
    position: int
    title: str
    body: str
    state: TaskState
    created_at: int
    finished_at: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TaskState(self.state))


_COLUMNS = rows.columns(Task, schema.Task)


async def put(s: AsyncSession, run_id: str, plan: Sequence[Planned]) -> dict[str, int]:
    """Make the run's tasks these, in this order; their ids by key.

    Put again, a task keeps its id and the time it was first seen ended.
    """
    known = {task.key: task for task in await listing(s, run_id)}
    now = clock.now_ms()
    for position, task in enumerate(plan):
        old = known.get(task.key)
        if old is not None and (
            (old.position, old.title, old.body, old.state)
            == (position, task.title, task.body, task.state)
        ):
            continue
        before = old.finished_at if old is not None and old.state is task.state else None
        changing = {
            "position": position,
            "title": task.title,
            "body": task.body,
            "state": str(task.state),
            "finished_at": None if task.state in OPEN else before or now,
        }
        await s.execute(
            dialect.insert(s, schema.Task)
            .values(run_id=run_id, key=task.key, created_at=now, **changing)
            .on_conflict_do_update(index_elements=["run_id", "key"], set_=changing)
        )
    gone = known.keys() - {task.key for task in plan}
    if gone:
        here = schema.Task.run_id == run_id
        await s.execute(delete(schema.Task).where(here, schema.Task.key.in_(sorted(gone))))
    return {task.key: task.id for task in await listing(s, run_id)}


async def listing(s: AsyncSession, run_id: str) -> tuple[Task, ...]:
    """The run's tasks in order."""
    order = schema.Task.position, schema.Task.id
    statement = select(*_COLUMNS).where(schema.Task.run_id == run_id).order_by(*order)
    return tuple(Task(*row) for row in await s.execute(statement))
