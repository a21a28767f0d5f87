"""Tasks: the parts of a run's plan, in the order the user gave them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, rows, schema


class TaskState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Task:
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


async def add(s: AsyncSession, run_id: str, key: str, title: str, body: str = "") -> Task:
    """A planned task after the run's last one. ``key`` is unique in the run."""
    last = select(func.coalesce(func.max(schema.Task.position) + 1, 0)).where(
        schema.Task.run_id == run_id
    )
    statement = (
        insert(schema.Task)
        .values(
            run_id=run_id,
            key=key,
            position=last.scalar_subquery(),
            title=title,
            body=body,
            state=TaskState.PLANNED.value,
            created_at=clock.now_ms(),
        )
        .returning(*_COLUMNS)
    )
    return Task(*(await s.execute(statement)).one())


async def listing(s: AsyncSession, run_id: str) -> tuple[Task, ...]:
    """The run's tasks in order."""
    order = schema.Task.position, schema.Task.id
    statement = select(*_COLUMNS).where(schema.Task.run_id == run_id).order_by(*order)
    return tuple(Task(*row) for row in await s.execute(statement))


async def move(s: AsyncSession, task_id: int, to: TaskState, expect: Sequence[TaskState]) -> bool:
    """Go to ``to`` if the task is in one of ``expect``."""
    done = to in (TaskState.DONE, TaskState.FAILED, TaskState.SKIPPED)
    statement = (
        update(schema.Task)
        .where(schema.Task.id == task_id, schema.Task.state.in_([str(state) for state in expect]))
        .values(state=str(to), finished_at=clock.now_ms() if done else None)
        .returning(schema.Task.id)
    )
    return (await s.execute(statement)).first() is not None


async def edit(
    s: AsyncSession, task_id: int, *, title: str | None = None, body: str | None = None
) -> None:
    """Change a task's words."""
    values = {k: v for k, v in (("title", title), ("body", body)) if v is not None}
    if values:
        await s.execute(update(schema.Task).where(schema.Task.id == task_id).values(values))


async def reorder(s: AsyncSession, run_id: str, task_ids: Sequence[int]) -> None:
    """Put the run's tasks in this order; those not named follow in their old one."""
    rest = [task.id for task in await listing(s, run_id) if task.id not in set(task_ids)]
    for position, task_id in enumerate([*task_ids, *rest]):
        statement = update(schema.Task).where(
            schema.Task.id == task_id, schema.Task.run_id == run_id
        )
        await s.execute(statement.values(position=position))


async def remove(s: AsyncSession, task_id: int) -> bool:
    """Take a planned task out of the plan; False once it has begun."""
    statement = (
        delete(schema.Task)
        .where(schema.Task.id == task_id, schema.Task.state == TaskState.PLANNED.value)
        .returning(schema.Task.id)
    )
    return (await s.execute(statement)).first() is not None
