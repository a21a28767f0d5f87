"""What reviews found, what the user dismissed, and answers about code that need no second asking.

Lines and columns count from 1, columns in code points, ends lie just behind the last character.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import Key, Millis, Table, WorkspaceId


class Finding(Table):
    """One finding over all its reviews. ``base`` is what equal findings in other places share."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("workspace_id", "fingerprint"),
        Index(None, "workspace_id", "state"),
    )

    id: Mapped[Key]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    fingerprint: Mapped[str]
    base: Mapped[str]
    around: Mapped[str]
    """Fingerprint of the lines around it: tells twins apart."""
    path: Mapped[str]
    line: Mapped[int]
    column: Mapped[int]
    end_line: Mapped[int]
    end_column: Mapped[int]
    quote: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    origin: Mapped[str]
    category: Mapped[str]
    cwe: Mapped[str]
    severity: Mapped[str]
    confidence: Mapped[float]
    proof: Mapped[str]
    advice: Mapped[str]
    state: Mapped[str]
    """open, or gone: a later review of the same place did not find it again."""
    run_id: Mapped[str | None] = mapped_column(
        ForeignKey("runs.id", ondelete="SET NULL"), index=True
    )
    """The review that saw it last."""
    first_at: Mapped[Millis]
    seen_at: Mapped[Millis]


class FindingPlace(Table):
    """A piece of evidence (``role`` is its kind) or a related place (``role`` is "related")."""

    __tablename__ = "finding_places"

    finding_id: Mapped[int] = mapped_column(
        ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str]
    text: Mapped[str]
    path: Mapped[str]
    """Empty for evidence that is at no place."""
    line: Mapped[int]
    column: Mapped[int]
    end_line: Mapped[int]
    end_column: Mapped[int]
    quote: Mapped[str]


class Dismissal(Table):
    """The user's word that a finding is none. It outlives the finding's row."""

    __tablename__ = "dismissals"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[str]
    around: Mapped[str]
    path: Mapped[str]
    line: Mapped[int]
    quote: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    reason: Mapped[str]
    made_at: Mapped[Millis]
    revoked_at: Mapped[Millis | None]


class Reviewed(Table):
    """What a model said about one hunk, so that it is not asked again about the same text."""

    __tablename__ = "reviewed"
    __table_args__ = (Index(None, "used_at"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    workspace_id: Mapped[WorkspaceId]
    answer: Mapped[bytes]
    tokens: Mapped[int]
    """What the answer cost, input and output."""
    used_at: Mapped[Millis]
