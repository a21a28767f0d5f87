"""Backups: made in use, checked, rotated, put back; the replaced file is kept (R25)."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from samokoder.state import address, backup, blobs, workspaces
from samokoder.state.database import Database
from samokoder.state.errors import StateBusy, StateDamaged, StateError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A closed state that knows one workspace and one content."""
    path = tmp_path / "state" / "state.db"

    async def fill() -> None:
        async with Database.open(path) as db, db.session() as s:
            await workspaces.ensure(s, "/srv/kept")
            await blobs.put(s, b"content")

    anyio.run(fill)
    return path


def roots(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [root for (root,) in connection.execute("SELECT root FROM workspaces ORDER BY id")]


def test_a_backup_of_a_state_in_use_is_whole(file: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=10)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute(f"INSERT INTO workspaces VALUES (NULL, '/srv/{number}', 1, 1)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [backup.copy(file, backup.folder_of(file), label) for label in ("", "x", "y")]
    finally:
        stop.set()
        writer.join()
    for each in made:
        assert backup.verify(each.path, sample=None)
        assert each.path.stat().st_mode & 0o777 == 0o600
        assert roots(each.path)[0] == "/srv/kept"
    names = sorted(path.name for path in backup.folder_of(file).iterdir())
    assert names == sorted(each.path.name for each in made)


def test_the_oldest_go_first(file: Path) -> None:
    folder = backup.folder_of(file)
    made = [backup.copy(file, folder).path for _ in range(4)]
    assert [each.path for each in backup.listing(folder)] == made[::-1]
    assert backup.rotate(folder, keep=2) == 2
    assert [each.path for each in backup.listing(folder)] == made[:1:-1]
    assert backup.rotate(folder, keep=0) == 1
    # what a killed process left goes too, what is being made does not
    for name, age in (("old", backup.LEFT_OVER + 60), ("new", 0)):
        partial = folder / f".state-{name}.partial"
        partial.touch()
        os.utime(partial, (time.time() - age,) * 2)
    backup.rotate(folder)
    assert [path.name for path in folder.glob(".*")] == [".state-new.partial"]


def test_when_a_backup_is_due(file: Path) -> None:
    folder = backup.folder_of(file)
    assert backup.due(folder, 24)
    assert not backup.due(folder, 0)
    made = backup.copy(file, folder)
    hour = 3_600_000
    assert not backup.due(folder, 1, now=made.made_at + hour // 2)
    assert backup.due(folder, 1, now=made.made_at + hour + 1_000)


async def test_the_schedule_makes_what_is_due(file: Path) -> None:
    where = address.resolve(file)
    made = await backup.keep(where, hours=24)
    assert made is not None
    assert await backup.keep(where, hours=24) is None


def test_a_restored_state_is_the_backup_and_the_old_one_is_kept(file: Path) -> None:
    made = backup.copy(file, backup.folder_of(file))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO workspaces VALUES (NULL, '/srv/later', 1, 1)")
        connection.commit()
    aside = backup.restore(file, made.path)
    assert aside is not None
    assert roots(aside) == ["/srv/kept", "/srv/later"]
    assert roots(file) == ["/srv/kept"]
    assert file.stat().st_mode & 0o777 == 0o600

    async def used() -> None:
        async with Database.open(file) as db, db.session() as s:
            assert await blobs.get(s, blobs.name(b"content")) == b"content"

    anyio.run(used)
    assert made.path.exists()


def test_a_damaged_state_is_replaced_too(file: Path) -> None:
    made = backup.copy(file, backup.folder_of(file))
    damage = b"broken" * 999
    file.write_bytes(damage)
    with pytest.raises(StateDamaged):
        backup.verify(file)
    aside = backup.restore(file, made.path)
    assert aside is not None
    assert aside.read_bytes() == damage
    assert roots(file) == ["/srv/kept"]


def test_a_lost_state_is_restored(file: Path) -> None:
    made = backup.copy(file, backup.folder_of(file))
    file.unlink()
    assert backup.restore(file, made.path) is None
    assert roots(file) == ["/srv/kept"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE blobs SET data = x'00'",
        "UPDATE blobs SET packed = 1",
        "PRAGMA foreign_keys=OFF; INSERT INTO paths VALUES (1, 99, 'orphan')",
        "DELETE FROM alembic_version",
        "DROP TABLE blobs",
    ],
)
def test_a_bad_backup_replaces_nothing(file: Path, change: str) -> None:
    made = backup.copy(file, backup.folder_of(file))
    with closing(sqlite3.connect(made.path)) as connection:
        connection.executescript(change)
    with pytest.raises(StateDamaged):
        backup.restore(file, made.path)
    assert roots(file) == ["/srv/kept"]
    assert sorted(path.name for path in file.parent.iterdir()) == ["backups", "state.db"]


def test_a_cut_off_backup_replaces_nothing(file: Path) -> None:
    made = backup.copy(file, backup.folder_of(file))
    os.truncate(made.path, made.size - 4_096)
    with pytest.raises(StateDamaged):
        backup.restore(file, made.path)
    with pytest.raises(StateError, match="does not exist"):
        backup.restore(file, made.path.with_name("missing.db"))


def test_a_newer_backup_is_refused(file: Path) -> None:
    made = backup.copy(file, backup.folder_of(file))
    with closing(sqlite3.connect(made.path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StateError, match="9999"):
        backup.restore(file, made.path)


async def test_a_state_in_use_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with Database.open(file) as db:
        made = await anyio.to_thread.run_sync(backup.copy, file, tmp_path / "backups")
        with pytest.raises(StateBusy, match="in use"):
            await anyio.to_thread.run_sync(backup.restore, file, made.path)
        async with db.session() as s:
            await workspaces.ensure(s, "/srv/still here")
    assert roots(file) == ["/srv/still here"]


def test_a_full_disk_leaves_no_half_backup(file: Path) -> None:
    folder = file.with_name("backups")
    folder.write_text("not a folder")
    with pytest.raises(StateError, match="backups"):
        backup.copy(file, folder)


def test_a_server_is_its_administrators() -> None:
    where = address.resolve("postgresql://ann@db.example/team?sslmode=disable")
    with pytest.raises(StateError, match="pg_dump"):
        backup.file_of(where)
