"""Connections: one writer and a few readers for SQLite, one pool for PostgreSQL."""

from pathlib import Path

from sqlalchemy import AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from samokoder.state import thread
from samokoder.state.address import Address

NORMAL = "NORMAL"
DURABLE = "FULL"
BUSY_MS = 10_000
"""How long another process's write may be waited for."""
READERS = 4
"""SQLite connections that look, or all to a server; who needs one waits in ``Database``."""

_ON_CONNECT = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA journal_size_limit=4194304",
    "PRAGMA temp_store=MEMORY",
)


def connect(address: Address) -> tuple[AsyncEngine, AsyncEngine]:
    """An engine for transactions that write and one for those that only look; nothing is opened.

    A SQLite writer begins with the write lock: two processes never both read, then both write.
    """
    if address.file is not None:
        writer = _sqlite(address.file, 1, _ON_CONNECT)
        reader = _sqlite(address.file, READERS, (*_ON_CONNECT, "PRAGMA query_only=ON"))
        event.listen(writer.sync_engine, "begin", _begin_immediate)
        event.listen(reader.sync_engine, "begin", _begin)
        return writer, reader
    server = create_async_engine(
        address.url,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=dict(address.connect),
    )
    looking = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return server, server.execution_options(**looking)


def _sqlite(file: Path, size: int, statements: tuple[str, ...]) -> AsyncEngine:
    async def opened() -> thread.Connection:
        return await thread.connect(file, timeout=BUSY_MS / 1000, statements=statements)

    return create_async_engine(
        # without a name here, or the dialect would look at the file on the event loop
        "sqlite+aiosqlite://",
        async_creator=opened,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        # every session ends its own transaction
        pool_reset_on_return=None,
    )


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    mode = connection.get_execution_options().get("samokoder_sync", NORMAL)
    held = connection.info.get("samokoder_sync", NORMAL)
    if mode != held:
        connection.exec_driver_sql(f"PRAGMA synchronous={mode}")
        connection.info["samokoder_sync"] = mode
    connection.exec_driver_sql("BEGIN IMMEDIATE")
