"""Opening a state: is it there, whole, ours, and of this version? Creates or migrates it.

Neither the ORM's inspector nor alembic is touched when the version fits.
"""

import os
import sqlite3
from pathlib import Path

from anyio.to_thread import run_sync
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from samokoder.state import engines, faults, paths, schema
from samokoder.state.address import Address
from samokoder.state.errors import StateDamaged, StateTooNew

CHECKED_BYTES = 8 << 20
"""Files up to this size are checked whole on opening (about 2 ms a MiB); larger ones by
``backup.verify`` in the background."""


async def prepare(
    address: Address, writer: AsyncEngine, reader: AsyncEngine, backups: Path | None
) -> None:
    """Make the state usable by this version, or say why it cannot be.

    An up-to-date state is only looked at: nobody's write is waited for.
    """
    try:
        if address.file is not None:
            await run_sync(_make_file, address.file)
        async with reader.connect() as connection:
            version = await _version(connection, address)
        if version == schema.HEAD:
            return
        if version is None:
            await _create(writer, address)
            return
        if version > schema.HEAD:
            raise StateTooNew(f"{address.label} has revision {version}, this knows {schema.HEAD}")
        from samokoder.state.migrating import forward

        await forward(address, writer, version, backups)
    except UnicodeDecodeError as error:
        raise StateDamaged(f"{address.label} holds text that cannot be read") from error
    except (DBAPIError, OSError, sqlite3.Error) as error:
        known = faults.translated(error, address.label)
        if known is None:
            raise
        raise known from error


async def _version(connection: AsyncConnection, address: Address) -> str | None:
    """The revision of the tables; None when there are no tables at all."""
    if connection.dialect.name == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = set((await connection.execute(text(names))).scalars())
    if not tables:
        return None
    if not {"alembic_version", "runs"} <= tables:
        raise StateDamaged(f"{address.label} is not a state of Samokoder")
    found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    if found is None:
        raise StateDamaged(f"{address.label} does not say which version wrote it")
    return str(found)


async def _create(engine: AsyncEngine, address: Address) -> None:
    """All tables at once; equal to what the migrations build."""
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(7301)"))
        if await _version(connection, address) is not None:  # another process was faster
            return
        await connection.run_sync(schema.Table.metadata.create_all)
        await connection.execute(
            text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        await connection.execute(
            text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD}
        )


def _make_file(file: Path) -> None:
    """The empty file with its permissions and modes, or a check of the one that is there."""
    paths.private(file.parent)
    used_before = file.exists() and any(file.parent.glob("backups/state-*.db"))
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
        size = os.fstat(handle).st_size
        head = os.read(handle, 100)
    finally:
        os.close(handle)
    if used_before and not size:
        raise StateDamaged(f"{file} is empty, and there are backups of it")
    if size:
        _check_size(file, size, head)
    connection = sqlite3.connect(file, timeout=engines.BUSY_MS / 1000, isolation_level=None)
    try:
        if not size:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise StateDamaged(f"{file} cannot be put into WAL mode (it stays {mode})")
        if 0 < size <= CHECKED_BYTES:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StateDamaged(f"{file}: {verdict}")
    finally:
        connection.close()


def _check_size(file: Path, size: int, head: bytes) -> None:
    """A file is whole pages; SQLite itself would take a shorter one for new, or pad its end."""
    log = Path(f"{file}-wal")
    if log.exists() and log.stat().st_size:
        return  # an interrupted copy of the log into the file: SQLite finishes it
    page = int.from_bytes(head[16:18], "big")
    if size < 512 or size % (65_536 if page == 1 else page or 512):
        raise StateDamaged(f"{file} is cut off")
