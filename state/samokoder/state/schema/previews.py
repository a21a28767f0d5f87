"""Previews: what runs in containers, until when, and what it was granted."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import BIG, Millis, Table, WorkspaceId


class Preview(Table):
    __tablename__ = "previews"
    __table_args__ = (Index(None, "phase"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[WorkspaceId]
    owner_id: Mapped[str | None] = mapped_column(
        ForeignKey("owners.id", ondelete="SET NULL"), index=True
    )
    """The process that is starting or stopping it; none when it runs by itself."""
    title: Mapped[str]
    stack: Mapped[str]
    phase: Mapped[str]
    cause: Mapped[str]
    reason: Mapped[str]
    spec: Mapped[bytes]
    """How it is made, as the engine encodes it."""
    image: Mapped[str]
    command: Mapped[str]
    runtime: Mapped[str]
    engine: Mapped[str]
    """The address of the engine it runs in; its containers are nowhere else."""
    code: Mapped[str]
    folder: Mapped[str]
    port: Mapped[int]
    """On 127.0.0.1; 0 while there is none."""
    created_at: Mapped[Millis]
    ready_at: Mapped[Millis | None]
    used_at: Mapped[Millis]
    deadline_at: Mapped[Millis]
    latest_at: Mapped[Millis]
    """No use extends the deadline beyond this."""
    ended_at: Mapped[Millis | None]
    output: Mapped[bytes | None]
    """The end of what it printed, kept when its containers are gone."""


class PreviewFact(Table):
    """A granted variable's name, a granted host, or a note; ``kind`` says which."""

    __tablename__ = "preview_facts"

    preview_id: Mapped[str] = mapped_column(
        ForeignKey("previews.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    text: Mapped[str]
