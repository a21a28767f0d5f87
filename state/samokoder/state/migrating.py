"""Migrations: forward only, after a backup, all or nothing. Alembic is imported here alone.

The scripts are read in a worker thread; the statements run on the state's own connection, so that
SQLite and PostgreSQL take the same way.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from anyio.to_thread import run_sync
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from samokoder.state import backup
from samokoder.state.address import Address
from samokoder.state.errors import StateDamaged

SCRIPTS = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class Revisions:
    """The migration scripts, read."""

    config: Config
    scripts: ScriptDirectory
    names: tuple[str, ...]
    """Oldest first."""


def read(folder: Path = SCRIPTS) -> Revisions:
    """Load the scripts; touches the disk."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    names = tuple(reversed([script.revision for script in scripts.walk_revisions()]))
    return Revisions(config, scripts, names)


async def forward(
    address: Address,
    engine: AsyncEngine,
    version: str | None,
    backups: Path | None,
    *,
    folder: Path = SCRIPTS,
) -> None:
    """Bring the tables from ``version`` (None: no tables) to the newest revision."""
    revisions = await run_sync(read, folder)
    if version is not None and version not in revisions.names:
        raise StateDamaged(f"{address.label} has the unknown revision {version}")
    if address.file is not None and version is not None:
        target = backups or backup.folder_of(address.file)
        await run_sync(backup.copy, address.file, target, f"before-{revisions.names[-1]}")
    async with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        raw: Any = await connection.get_raw_connection()
        if sqlite:  # rebuilding a table must not cascade; only outside a transaction can it be off
            await raw.driver_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            async with connection.begin():
                if not sqlite:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(7301)"))
                await connection.run_sync(run, revisions, "head")
                if sqlite:
                    broken = (await connection.execute(text("PRAGMA foreign_key_check"))).first()
                    if broken is not None:
                        raise StateDamaged(f"{address.label}: {broken[0]} points to nothing")
        finally:
            if sqlite:
                await raw.driver_connection.execute("PRAGMA foreign_keys=ON")


def run(connection: Connection, revisions: Revisions, target: str) -> None:
    """Apply what is missing up to ``target`` (a revision, or ``head``) in the open transaction."""

    # the version is read again inside: another process may have been faster
    def steps(version: Any, _context: Any) -> Any:
        return revisions.scripts._upgrade_revs(target, version)

    with EnvironmentContext(revisions.config, revisions.scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True, render_as_batch=True)
        environment.run_migrations()
