"""What was changed in a workspace: sets, files, hunks, each with what was there before."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import BIG, BlobId, Key, Millis, StepId, Table


class ChangeSet(Table):
    """Changes applied together. An undo is another one that points to what it takes back."""

    __tablename__ = "change_sets"
    __table_args__ = (
        UniqueConstraint("run_id", "key"),
        Index(None, "workspace_id", "state"),
    )

    id: Mapped[Key]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    step_id: Mapped[StepId | None]
    undoes_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("change_sets.id", ondelete="SET NULL"), index=True
    )
    key: Mapped[str]
    title: Mapped[str]
    hash: Mapped[bytes]
    state: Mapped[str]
    reason: Mapped[str]
    proven: Mapped[bool]
    created_at: Mapped[Millis]
    moved_at: Mapped[Millis]
    applied_at: Mapped[Millis | None]


class FileChange(Table):
    """One file of a change set. ``before``/``after`` is what was proposed; ``found``/``written``
    what stood there when it was applied and what was put there, which differs after a merge."""

    __tablename__ = "file_changes"

    id: Mapped[Key]
    change_set_id: Mapped[int] = mapped_column(
        ForeignKey("change_sets.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    path_id: Mapped[int] = mapped_column(ForeignKey("paths.id"), index=True)
    new_path_id: Mapped[int | None] = mapped_column(BIG, ForeignKey("paths.id"), index=True)
    before_id: Mapped[BlobId | None]
    after_id: Mapped[BlobId | None]
    found_id: Mapped[BlobId | None]
    written_id: Mapped[BlobId | None]
    before_mode: Mapped[int | None]
    after_mode: Mapped[int | None]
    via: Mapped[str]
    """Who wrote it: `disk`, or the editor connection; empty while nobody has."""
    version: Mapped[int | None]
    """The document's version after an editor applied it."""


class Hunk(Table):
    """Bytes ``[before_start, before_end)`` of the old content became ``[after_start, after_end)``
    of the new one."""

    __tablename__ = "hunks"

    id: Mapped[Key]
    file_change_id: Mapped[int] = mapped_column(
        ForeignKey("file_changes.id", ondelete="CASCADE"), index=True
    )
    step_id: Mapped[StepId | None]
    """The step it comes from, where that is not the change set's own."""
    undoes_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("hunks.id", ondelete="SET NULL"), index=True
    )
    before_start: Mapped[int]
    before_end: Mapped[int]
    after_start: Mapped[int]
    after_end: Mapped[int]
    state: Mapped[str]
