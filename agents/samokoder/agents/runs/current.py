"""Where the run's code stands; what it records is attributed to that."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

current_step: ContextVar[int | None] = ContextVar("current_step", default=None)
"""The journal's number of the step whose effect is running."""

current_task: ContextVar[str] = ContextVar("current_task", default="")
"""The key of the task of the plan that is worked on; empty for work that belongs to none."""


@contextmanager
def working_on(task: str) -> Iterator[None]:
    """Steps taken inside belong to this task."""
    token = current_task.set(task)
    try:
        yield
    finally:
        current_task.reset(token)
