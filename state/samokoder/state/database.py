"""The one way to the state: open it, then work inside ``session()`` or ``reading()``.

Durability. SQLite runs in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing that
was committed, a power cut may lose the last transactions but never damages the file. That is enough
for the journal, whose steps are idempotent. What must be on the disk *before* something outside
the state happens (the intent to write user files) or was paid for (a model's answer) is written in
``session(durable=True)``: that commit syncs the log, and with it everything committed earlier.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from samokoder.state import address, engines, faults, opening
from samokoder.state.address import Address


class Session(AsyncSession):
    """A session whose statements are not cut short by cancellation, only what is between them.

    A driver that is cancelled inside a call loses its connection, and with SQLite its thread.
    """

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        await checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True):
            return await super().execute(*args, **kwargs)


@dataclass(slots=True)
class Database:
    """An open state. Use it in one event loop; any number of tasks may share it."""

    address: Address
    _writer: AsyncEngine
    _reader: AsyncEngine
    _writing: anyio.Lock = field(default_factory=anyio.Lock)
    _looking: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(engines.READERS))

    @classmethod
    @asynccontextmanager
    async def open(
        cls, where: str | Path | None = None, *, backups: Path | None = None
    ) -> AsyncIterator["Database"]:
        """The state at a file, a URL or (None) in the state folder, migrated to this version.

        ``backups`` is the folder for the copy made before a migration; None means ``backups``
        beside the file. Raises StateDamaged, StateTooNew, StateUnwritable or StateBusy.
        """
        found = await run_sync(address.resolve, where)
        database = cls(found, *engines.connect(found))
        try:
            await opening.prepare(found, database._writer, database._reader, backups)
            yield database
        finally:
            with anyio.CancelScope(shield=True):
                await database._writer.dispose()
                await database._reader.dispose()

    @asynccontextmanager
    async def session(self, *, durable: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction that may write: committed at the end, rolled back on any error.

        On SQLite it holds the file's write lock from its start, so keep it short and never await
        anything but the database inside. Events are appended last (see ``events``).
        """
        if self.address.file is None:
            async with self._looking, self._scope(self._writer) as session:
                yield session
            return
        # waiting here is fair; waiting in SQLite's busy handler is not
        async with self._writing:
            mode = engines.DURABLE if durable else engines.NORMAL
            async with self._scope(self._writer.execution_options(samokoder_sync=mode)) as session:
                yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One consistent view that cannot write; never waits for writers."""
        async with self._looking, self._scope(self._reader) as session:
            yield session

    @asynccontextmanager
    async def _scope(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        session = Session(engine, expire_on_commit=False, autoflush=False)
        try:
            yield session
            # a commit that was begun is waited for, so that its outcome is known
            with anyio.CancelScope(shield=True):
                await session.commit()
        except (SQLAlchemyError, OSError) as error:
            known = faults.translated(error, self.address.label)
            if known is None:
                raise
            raise known from error
        finally:
            with anyio.CancelScope(shield=True):
                await session.close()
