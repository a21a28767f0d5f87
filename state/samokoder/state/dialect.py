"""The few statements SQLite and PostgreSQL spell differently."""

import zlib
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state.schema import Table


def is_postgres(s: AsyncSession) -> bool:
    """Whether the session talks to a PostgreSQL server."""
    return s.get_bind().dialect.name == "postgresql"


def insert(s: AsyncSession, table: type[Table]) -> Any:
    """An INSERT that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    if not is_postgres(s):
        return sqlite.insert(table)
    # 75 ms and some memory that a daemon on SQLite never needs
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


async def serialise(s: AsyncSession, name: str) -> None:
    """Let only one transaction at a time pass here, until it ends.

    SQLite has one writer anyway. Several are taken in alphabetical order, or two may deadlock.
    """
    if is_postgres(s):
        key = zlib.crc32(name.encode())
        await s.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
