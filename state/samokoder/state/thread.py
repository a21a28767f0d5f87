"""A SQLite connection in its own thread that is asked once per statement.

The driver goes to its thread for the cursor, the statement, the rows and the cursor's end: four
switches, each of which can take a millisecond on a busy machine. Here all of it is one.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite


class Cursor:
    """What SQLAlchemy's adapter asks of a cursor; rows are there when ``execute`` returns."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Run one statement and fetch all its rows."""
        return await self._run("execute", statement, parameters)

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> "Cursor":
        """Run one statement with each set of parameters."""
        return await self._run("executemany", statement, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""

    async def _run(self, method: str, statement: str, parameters: Any) -> "Cursor":
        def work() -> tuple[Any, int, int | None, list[Any]]:
            cursor = self._connection.driver.cursor()
            try:
                getattr(cursor, method)(statement, parameters)
                rows = cursor.fetchall() if cursor.description else []
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
            finally:
                cursor.close()

        found = await self._connection.call(work)
        self.description, self.rowcount, self.lastrowid, self._rows = found
        return self


class Connection(aiosqlite.Connection):
    """An aiosqlite connection with that cursor."""

    def cursor(self) -> Any:
        return Cursor(self)

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection of the standard library; only for its own thread."""
        return self._conn

    async def call(self, work: Any) -> Any:
        """Run a function in the connection's thread."""
        return await self._execute(work)  # type: ignore[no-untyped-call]


async def connect(file: Path, *, timeout: float, statements: Iterable[str]) -> Connection:
    """Open the file, in no transaction, and run the statements. ``timeout`` is in seconds."""

    def opened() -> sqlite3.Connection:
        # the driver must not begin transactions by itself
        connection = sqlite3.connect(file, timeout=timeout, isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement)
        except BaseException:  # whatever it was: no connection is left open
            connection.close()
            raise
        return connection

    connection = Connection(opened, iter_chunk_size=64)
    await connection
    return connection
