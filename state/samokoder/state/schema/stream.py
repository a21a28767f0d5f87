"""What is told to clients: the numbered stream, each client's place in it, unread notices."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import BIG, Key, Millis, RunId, Table, WorkspaceId


class Event(Table):
    """``facts`` is the JSON object of the event as the protocol sends it."""

    __tablename__ = "events"
    # numbers of removed events are never given out again
    __table_args__ = (Index(None, "run_id", "number"), {"sqlite_autoincrement": True})

    number: Mapped[Key]
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    workspace_id: Mapped[WorkspaceId | None]
    kind: Mapped[str]
    facts: Mapped[str]
    at: Mapped[Millis]


class Cursor(Table):
    """The number of the last event a client has confirmed."""

    __tablename__ = "cursors"

    client: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BIG)
    updated_at: Mapped[Millis]


class Notice(Table):
    __tablename__ = "notices"
    __table_args__ = (Index(None, "read_at"),)

    id: Mapped[Key]
    run_id: Mapped[RunId | None]
    workspace_id: Mapped[WorkspaceId | None]
    level: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[Millis]
    read_at: Mapped[Millis | None]
