"""Migrations: from every released schema forward, after a backup, all or nothing (R25)."""

import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import Server
from sqlalchemy import Connection, create_engine, text

from samokoder.state import address, backup, engines, migrating, runs, schema
from samokoder.state.database import Database
from samokoder.state.errors import StateDamaged


def fill_0001(connection: Connection) -> None:
    """A run with one applied change, as the first release would have left it."""
    for statement in (
        "INSERT INTO workspaces VALUES (1, '/srv/old', 1, 1)",
        "INSERT INTO runs VALUES ('01old', 1, NULL, 'fix', 'Old', 'succeeded', '', '', x'', NULL,"
        " NULL, NULL, 1, 1, 2, NULL)",
        "INSERT INTO blobs VALUES (1, "
        "x'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 3, 0, x'616263', 1)",
        "INSERT INTO paths VALUES (1, 1, 'a.py')",
        "INSERT INTO change_sets VALUES (1, 1, '01old', NULL, NULL, 'k', 'T', x'00', 'applied',"
        " '', 1, 1, 1, 1)",
        "INSERT INTO file_changes VALUES (1, 1, 'modify', 1, NULL, 1, 1, 1, 1, NULL, NULL,"
        " 'disk', NULL)",
        "INSERT INTO hunks VALUES (1, 1, NULL, NULL, 0, 3, 0, 3, 'applied')",
    ):
        connection.execute(text(statement))


def fill_0002(connection: Connection) -> None:
    """With a finding, its evidence, a dismissal and an answer about a hunk."""
    fill_0001(connection)
    for statement in (
        "INSERT INTO findings VALUES (1, 1, 'f1', 'b1', 'a1', 'a.py', 1, 1, 1, 4, 'abc', 'F821',"
        " 'Undefined name', 'ruff', 'correctness', '', 'warning', 0.9, '', '', 'open', '01old',"
        " 1, 1)",
        "INSERT INTO finding_places VALUES (1, 0, 'rule', 'F821', '', 0, 0, 0, 0, '')",
        "INSERT INTO dismissals VALUES (1, 'f1', 'b1', 'a1', 'a.py', 1, 'abc', 'F821',"
        " 'Undefined name', 'a plugin defines it', 1, NULL)",
        "INSERT INTO reviewed VALUES (x'00', 1, x'5b5d', 10, 1)",
    ):
        connection.execute(text(statement))


def fill_0003(connection: Connection) -> None:
    """With a preview that has ended, what it was granted and a note."""
    fill_0002(connection)
    for statement in (
        "INSERT INTO previews VALUES ('01preview', 1, NULL, 'Old', 'python', 'stopped', '', '',"
        " x'7b7d', 'python:3.12-slim', 'python app.py', 'runc', 'unix:///run/docker.sock',"
        " '/app', '', 0, 1, 2, 2, 3, 4, 5,"
        " x'68656c6c6f')",
        "INSERT INTO preview_facts VALUES ('01preview', 'egress', 0, 'example.org:443')",
    ):
        connection.execute(text(statement))


RELEASED: dict[str, Callable[[Connection], None]] = {
    "0001": fill_0001,
    "0002": fill_0002,
    "0003": fill_0003,
}
"""What each released schema is filled with. A new migration adds its own builder here."""

NEXT = '''"""A migration of the future."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "LAST"


def upgrade() -> None:
    with op.batch_alter_table("runs", recreate="always") as table:
        table.add_column(sa.Column("colour", sa.String(), server_default="blue", nullable=False))
    MORE
'''


def build(file: Path, revision: str) -> None:
    """A file as the release with this schema wrote it: by its migrations alone."""
    revisions = migrating.read()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrating.run(connection, revisions, revision)
        RELEASED[revision](connection)
    engine.dispose()


def tables(file: Path) -> dict[str, list[str]]:
    """Every table and index with the clauses of its definition, in any order."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: sorted(re.split(r"[\s,()]+", sql)) for name, sql in found}


def backups(file: Path) -> "Awaitable[tuple[backup.Backup, ...]]":
    return anyio.to_thread.run_sync(backup.listing, backup.folder_of(file))


def test_every_revision_has_a_builder() -> None:
    names = migrating.read().names
    assert names[-1] == schema.HEAD
    assert list(RELEASED) == list(names)


@pytest.mark.parametrize("revision", RELEASED)
async def test_every_released_schema_opens_with_its_rows(tmp_path: Path, revision: str) -> None:
    file = tmp_path / "state.db"
    await anyio.to_thread.run_sync(build, file, revision)
    async with Database.open(file) as db, db.reading() as s:
        (run,) = await runs.newest(s)
        assert (run.id, run.title) == ("01old", "Old")
        assert (await s.execute(text("SELECT count(*) FROM hunks"))).scalar() == 1
    assert len(await backups(file)) == (revision != schema.HEAD)


async def test_a_new_file_equals_a_migrated_one(tmp_path: Path) -> None:
    fresh, migrated = tmp_path / "fresh.db", tmp_path / "migrated.db"
    async with Database.open(fresh):
        pass

    def compare() -> list[object]:
        engine = create_engine(f"sqlite:///{migrated}")
        with engine.begin() as connection:
            migrating.run(connection, migrating.read(), "head")
            context = MigrationContext.configure(connection)
            difference = compare_metadata(context, schema.Table.metadata)
        engine.dispose()
        return difference

    assert await anyio.to_thread.run_sync(compare) == []
    assert tables(fresh) == tables(migrated)


@pytest.mark.postgres
async def test_a_new_server_equals_a_migrated_one(postgres: Server) -> None:
    found = address.resolve(postgres.fresh_database())
    writer, _ = engines.connect(found)
    try:
        await migrating.forward(found, writer, None, None)
        async with writer.connect() as connection:

            def compare(sync: Connection) -> list[object]:
                return compare_metadata(MigrationContext.configure(sync), schema.Table.metadata)

            assert await connection.run_sync(compare) == []
    finally:
        await writer.dispose()
    async with Database.open(postgres.fresh_database()) as db:
        async with db.reading() as s:
            version = await s.execute(text("SELECT version_num FROM alembic_version"))
            assert version.scalar() == schema.HEAD


@pytest.fixture
def future(tmp_path: Path) -> Path:
    """A folder of migrations with one more than there is."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for script in (migrating.SCRIPTS / "versions").glob("*.py"):
        (folder / "versions" / script.name).write_text(script.read_text())
    return folder


def add_next(folder: Path, more: str) -> None:
    (folder / "versions" / "9999_next.py").write_text(
        NEXT.replace("MORE", more).replace("LAST", schema.HEAD)
    )


async def migrate(file: Path, folder: Path) -> None:
    found = address.resolve(file)
    writer, reader = engines.connect(found)
    try:
        await migrating.forward(found, writer, "0001", None, folder=folder)
    finally:
        await writer.dispose()
        await reader.dispose()


async def test_a_rebuilt_table_keeps_what_points_to_it(tmp_path: Path, future: Path) -> None:
    add_next(future, "")
    file = tmp_path / "state.db"
    await anyio.to_thread.run_sync(build, file, "0001")
    await migrate(file, future)
    with closing(sqlite3.connect(file)) as connection:
        row = connection.execute("SELECT id, colour FROM runs").fetchall()
        assert row == [("01old", "blue")]
        # with foreign keys on, dropping the old table would have emptied these
        assert connection.execute("SELECT count(*) FROM change_sets").fetchone() == (1,)
    (copy,) = await backups(file)
    assert copy.path.stem.endswith("-before-9999")
    assert await anyio.to_thread.run_sync(backup.verify, copy.path) == "0001"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ("raise RuntimeError('half way')", RuntimeError),
        ("op.execute('DELETE FROM workspaces')", StateDamaged),
    ],
)
async def test_a_migration_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, future: Path, more: str, error: type[Exception]
) -> None:
    add_next(future, more)
    file = tmp_path / "state.db"
    await anyio.to_thread.run_sync(build, file, "0001")
    before = tables(file)
    with pytest.raises(error):
        await migrate(file, future)
    assert tables(file) == before
    async with Database.open(file) as db, db.reading() as s:
        assert [run.id for run in await runs.newest(s)] == ["01old"]


async def test_two_processes_migrate_once(tmp_path: Path, future: Path) -> None:
    add_next(future, "")
    file = tmp_path / "state.db"
    await anyio.to_thread.run_sync(build, file, "0001")
    async with anyio.create_task_group() as group:
        group.start_soon(migrate, file, future)
        group.start_soon(migrate, file, future)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("9999",)
        ]


async def test_a_revision_nobody_knows_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    await anyio.to_thread.run_sync(build, file, "0001")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000x'")
        connection.commit()
    with pytest.raises(StateDamaged, match="0000x"):
        async with Database.open(file):
            pass
