"""Runs and what they consist of: owners, leases, tasks, steps, commands, questions."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import (
    BIG,
    BlobId,
    Key,
    Millis,
    RunId,
    StepId,
    Table,
)


class Workspace(Table):
    __tablename__ = "workspaces"

    id: Mapped[Key]
    root: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Millis]
    seen_at: Mapped[Millis]


class Trust(Table):
    """Something the user allowed in one workspace, for example a command or a provider."""

    __tablename__ = "trusts"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    granted_at: Mapped[Millis]
    revoked_at: Mapped[Millis | None]


class Owner(Table):
    """A process that executes runs. Its row goes when it ends, or when it is found dead."""

    __tablename__ = "owners"

    id: Mapped[str] = mapped_column(primary_key=True)
    machine: Mapped[str]
    pid: Mapped[int]
    started: Mapped[int]
    """The kernel's start time of the process, 0 where there is none: tells reused pids apart."""
    beat_at: Mapped[Millis]


class Run(Table):
    __tablename__ = "runs"
    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("runs.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str]
    title: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    client: Mapped[str]
    arguments: Mapped[bytes]
    """What was asked for, as the engine encodes it."""
    result: Mapped[bytes | None]
    base_snapshot_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("snapshots.id"), index=True
    )
    owner_id: Mapped[str | None] = mapped_column(
        ForeignKey("owners.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[Millis]
    started_at: Mapped[Millis | None]
    finished_at: Mapped[Millis | None]
    cancel_at: Mapped[Millis | None]
    """When somebody asked for the run to end."""


class Lease(Table):
    """The right to write into one workspace."""

    __tablename__ = "leases"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    owner_id: Mapped[str] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[RunId | None]
    acquired_at: Mapped[Millis]
    expires_at: Mapped[Millis]


class Task(Table):
    __tablename__ = "tasks"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[Key]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    key: Mapped[str]
    position: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[Millis]
    finished_at: Mapped[Millis | None]


class Step(Table):
    """The journal: a row is the intent, ``finished_at`` the receipt."""

    __tablename__ = "steps"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[Key]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("tasks.id", ondelete="SET NULL"), index=True
    )
    key: Mapped[str]
    kind: Mapped[str]
    agent: Mapped[str]
    attempts: Mapped[int]
    result_id: Mapped[BlobId | None]
    snapshot_id: Mapped[int | None] = mapped_column(BIG, ForeignKey("snapshots.id"), index=True)
    """The workspace after the step, where it changed."""
    started_at: Mapped[Millis]
    finished_at: Mapped[Millis | None]


class CommandExec(Table):
    __tablename__ = "command_execs"

    id: Mapped[Key]
    run_id: Mapped[RunId]
    step_id: Mapped[StepId | None]
    command: Mapped[str]
    """The command line as a person would type it."""
    cwd: Mapped[str]
    confinement: Mapped[str]
    exit_code: Mapped[int | None]
    timed_out: Mapped[bool]
    output_id: Mapped[BlobId | None]
    started_at: Mapped[Millis]
    finished_at: Mapped[Millis | None]


class Question(Table):
    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[Key]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    key: Mapped[str]
    text: Mapped[str]
    default: Mapped[str]
    asked_at: Mapped[Millis]
    answer: Mapped[str | None]
    answered_by: Mapped[str]
    answered_at: Mapped[Millis | None]


class QuestionOption(Table):
    __tablename__ = "question_options"

    question_id: Mapped[int] = mapped_column(
        ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
