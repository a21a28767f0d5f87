"""What a generation is asked for and what comes of it: the values the run keeps."""

from typing import Literal

from msgspec import Struct


class Earlier(Struct, frozen=True, kw_only=True):
    """A finished run that is followed up; ``text`` tells what it made, for the tech lead."""

    run: str
    title: str = ""
    brief: str = ""
    demands: str = ""
    design: str = ""
    text: str = ""


class GenerateRequest(Struct, frozen=True, kw_only=True):
    """``brief`` empty: the plan in the workspace is worked on. ``files`` are those the user points
    at, ``selection`` marked text. ``plan_only``: end with the plan. ``check`` is a command that
    must pass beside the project's own.
    """

    brief: str = ""
    files: tuple[str, ...] = ()
    selection: str = ""
    constraints: tuple[str, ...] = ()
    check: str = ""
    plan_only: bool = False
    feedback: str = ""
    earlier: Earlier | None = None


TaskEnd = Literal["done", "proposed", "failed", "waiting", "conflict", "deleted"]


class Ran(Struct, frozen=True, kw_only=True):
    """One check that ran on the task's tree, or why it was ``not_run``."""

    command: str
    ok: bool
    id: str = ""
    not_run: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0


class LeftOut(Struct, frozen=True, kw_only=True):
    """A hunk that the reviewer never accepted; it is not in the result."""

    path: str
    line: int
    reason: str
    text: str = ""


class TaskOutcome(Struct, frozen=True, kw_only=True):
    """What became of a task. ``proposed``: made but not applied, ``reason`` says why.

    ``change`` is the key of its change set in the run's history.
    """

    id: str
    title: str
    end: TaskEnd
    reason: str = ""
    paths: tuple[str, ...] = ()
    change: str = ""
    checks: tuple[Ran, ...] = ()
    sandbox: str = ""
    hunks: int = 0
    left_out: tuple[LeftOut, ...] = ()
    repaired: str = ""


class Estimate(Struct, frozen=True, kw_only=True):
    """What the open tasks may cost. ``micros`` None: the price is unknown. ``seconds`` is wall
    time of the model calls.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micros: int | None = 0
    seconds: float = 0.0


class GenerateResult(Struct, frozen=True, kw_only=True):
    """``complete``: every task of the plan is done. ``notes`` are things the user should know."""

    title: str = ""
    brief: str = ""
    demands: str = ""
    design: str = ""
    plan: str = ""
    tasks: tuple[TaskOutcome, ...] = ()
    planned: int = 0
    estimate: Estimate = Estimate()
    notes: tuple[str, ...] = ()
    offer: str = ""
    """A command that shows the result running; empty when there is nothing to show."""
    complete: bool = False
    stopped: str = ""
    """Why it ended before the plan did; empty when it came to its end."""
    limited: bool = False
