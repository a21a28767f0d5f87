"""The step whose effect is running in this task; what it records is attributed to it."""

from contextvars import ContextVar

current_step: ContextVar[int | None] = ContextVar("current_step", default=None)
"""The journal's number of the step."""
