"""What all tables share: the metadata, constraint names, column types.

Times are whole milliseconds since the epoch, UTC (`*_at`). Money is whole micro-dollars (`micros`),
NULL when the price is not known. Hashes are raw SHA-256, 32 bytes.
"""

from typing import Annotated

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite numbers rows by itself only for INTEGER PRIMARY KEY
BIG = BigInteger().with_variant(Integer, "sqlite")

type_names = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=type_names)
    type_annotation_map = {int: BIG, bytes: LargeBinary}  # noqa: RUF012 read by SQLAlchemy


Key = Annotated[int, mapped_column(BIG, primary_key=True)]
"""An inner row's number."""

Millis = Annotated[int, mapped_column(BIG)]
"""UTC epoch in milliseconds."""

WorkspaceId = Annotated[
    int, mapped_column(BIG, ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
]
RunId = Annotated[str, mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)]
BlobId = Annotated[int, mapped_column(BIG, ForeignKey("blobs.id"), index=True)]
StepId = Annotated[int, mapped_column(BIG, ForeignKey("steps.id", ondelete="SET NULL"), index=True)]
