"""A run in full, as `run show` and the editors present it."""

from typing import Any

import msgspec

from samokoder.agents.runs.order import RunSummary, Used


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the journal; ``done`` says whether its receipt is there."""

    key: str
    agent: str
    done: bool
    seconds: float | None = None


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the run's plan; ``reason`` says of an ended one why it ended so."""

    key: str
    title: str
    state: str
    reason: str = ""
    seconds: float | None = None
    """Of its steps, those at the same time counted each."""


class HunkView(msgspec.Struct, frozen=True, kw_only=True):
    """One hunk; ``id`` is what `run undo --hunk` takes."""

    id: int
    state: str
    before: str
    after: str
    before_line: int
    after_line: int


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a change set."""

    path: str
    kind: str
    new_path: str | None = None
    via: str = ""
    hunks: tuple[HunkView, ...] = ()


class FileTexts(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a change set before and after; None: no file, or no text (``binary``).

    What was rejected or taken over by another change set is not in ``after``.
    """

    change: int
    path: str
    new_path: str | None = None
    before: str | None = None
    after: str | None = None
    binary: bool = False


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One change set; ``undoes`` names the one it takes back."""

    id: int
    key: str
    title: str
    state: str
    proven: bool
    reason: str = ""
    undoes: int | None = None
    files: tuple[FileView, ...] = ()


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A question and its answer, once there is one."""

    key: str
    text: str
    options: tuple[str, ...]
    default: str
    answer: str | None = None
    answered_by: str = ""


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about one run; ``result`` is the kind's own."""

    summary: RunSummary
    used: Used
    tasks: tuple[TaskView, ...] = ()
    steps: tuple[StepView, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    result: dict[str, Any] | None = None
    interrupted: bool = False
    """True when it should be running and its process is gone."""
