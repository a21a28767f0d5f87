"""What was spent: reservations before a model call, and every attempt of every call."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import BIG, BlobId, Key, Millis, StepId, Table


class Reservation(Table):
    """The worst case, held before the call and replaced by what it really took."""

    __tablename__ = "reservations"
    __table_args__ = (Index(None, "run_id"), Index(None, "created_at"))

    id: Mapped[Key]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    state: Mapped[str]
    calls: Mapped[int]
    tokens: Mapped[int]
    micros: Mapped[int | None]
    created_at: Mapped[Millis]
    settled_at: Mapped[Millis | None]


class Usage(Table):
    """The ledger summed up per day, kept with every call and after its run is gone."""

    __tablename__ = "usage"
    __table_args__ = ({"sqlite_with_rowid": False},)

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Midnight UTC of the day the attempts began."""
    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failed: Mapped[int]
    unknown: Mapped[int]
    tokens_in: Mapped[int]
    tokens_out: Mapped[int]
    tokens_cached: Mapped[int]
    micros: Mapped[int]
    unpriced: Mapped[int]


class ModelCall(Table):
    """One attempt. ``state`` unknown: it was in flight when the process died."""

    __tablename__ = "model_calls"
    __table_args__ = (
        Index(None, "run_id", "request_hash"),
        Index(None, "started_at"),
    )

    id: Mapped[Key]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    step_id: Mapped[StepId | None]
    reservation_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("reservations.id", ondelete="SET NULL"), index=True
    )
    key: Mapped[str]
    request_hash: Mapped[bytes]
    attempt: Mapped[int]
    role: Mapped[str]
    agent: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    state: Mapped[str]
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    tokens_cached: Mapped[int | None]
    estimated: Mapped[bool]
    micros: Mapped[int | None]
    error_code: Mapped[str]
    error: Mapped[str]
    answer_id: Mapped[BlobId | None]
    started_at: Mapped[Millis]
    finished_at: Mapped[Millis | None]
