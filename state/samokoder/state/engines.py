"""Connections: one writer and a few readers for SQLite, one pool for PostgreSQL."""

import aiosqlite
import anyio
from sqlalchemy import AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from samokoder.state.address import Address

NORMAL = "NORMAL"
DURABLE = "FULL"
BUSY_MS = 10_000
"""How long another process's write may be waited for."""
READERS = 4

_ON_CONNECT = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA journal_size_limit=4194304",
    "PRAGMA temp_store=MEMORY",
)


def writer(address: Address) -> AsyncEngine:
    """Transactions begin with the write lock: two processes never both read, then both write."""
    if address.file is None:
        return _postgres(address)
    engine = _sqlite(address, 1, _ON_CONNECT)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def reader(address: Address) -> AsyncEngine:
    """Transactions that only look."""
    if address.file is None:
        return _postgres(address).execution_options(postgresql_readonly=True)
    engine = _sqlite(address, READERS, (*_ON_CONNECT, "PRAGMA query_only=ON"))
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _postgres(address: Address) -> AsyncEngine:
    return create_async_engine(address.url, pool_size=READERS, max_overflow=READERS)


def _sqlite(address: Address, size: int, statements: tuple[str, ...]) -> AsyncEngine:
    async def connect() -> aiosqlite.Connection:
        # the driver must not begin transactions by itself
        connection = await aiosqlite.connect(
            str(address.file), isolation_level=None, timeout=BUSY_MS / 1000
        )
        try:
            await connection.executescript(";".join(statements))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await connection.close()
            raise
        return connection

    return create_async_engine(
        # without a name here, or the dialect would look at the file on the event loop
        "sqlite+aiosqlite://",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
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
