"""Contents and manifests: every content once, every path text once, snapshots as differences."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from samokoder.state.schema.base import BIG, BlobId, Key, Millis, Table


class Blob(Table):
    """A content by its SHA-256. ``data`` is NULL while only the name is known."""

    __tablename__ = "blobs"

    id: Mapped[Key]
    hash: Mapped[bytes] = mapped_column(unique=True)
    size: Mapped[int]
    packed: Mapped[bool] = mapped_column(default=False)
    """Whether ``data`` is zlib-compressed."""
    data: Mapped[bytes | None]
    used_at: Mapped[Millis]
    """When it was last named by a writer; nothing younger than a day is collected."""


class Path(Table):
    """A POSIX path relative to the workspace's root."""

    __tablename__ = "paths"
    __table_args__ = (UniqueConstraint("workspace_id", "path"),)

    id: Mapped[Key]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    path: Mapped[str]


class Snapshot(Table):
    """A workspace at one moment: a full manifest (no base), or what differs from the parent."""

    __tablename__ = "snapshots"
    __table_args__ = (Index(None, "workspace_id", "hash"),)

    id: Mapped[Key]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(
        BIG, ForeignKey("snapshots.id", ondelete="SET NULL"), index=True
    )
    """Where it came from; history only."""
    delta_of_id: Mapped[int | None] = mapped_column(BIG, ForeignKey("snapshots.id"), index=True)
    """The snapshot its entries are relative to; NULL for a full manifest."""
    depth: Mapped[int]
    """Deltas between this one and its full manifest."""
    chained: Mapped[int]
    """Entries of all deltas of its chain."""
    files: Mapped[int]
    """Files in the whole manifest."""
    hash: Mapped[bytes]
    """Equal for equal manifests."""
    created_at: Mapped[Millis]
    used_at: Mapped[Millis]
    """When it was last saved again; nothing younger than a day is collected."""


class SnapshotEntry(Table):
    """One file of a manifest; ``blob_id`` NULL says it is gone."""

    __tablename__ = "snapshot_entries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("snapshots.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    path_id: Mapped[int] = mapped_column(
        ForeignKey("paths.id"), primary_key=True, autoincrement=False, index=True
    )
    blob_id: Mapped[BlobId | None]
    mode: Mapped[int]
