"""Opening: private files, quick when nothing is due, clear when it cannot be (R25)."""

# ruff: noqa: ASYNC240 the tests touch files between their awaits

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

from samokoder.state import blobs, engines, events, runs, schema, workspaces
from samokoder.state.database import Database
from samokoder.state.errors import (
    StateBusy,
    StateDamaged,
    StateError,
    StateTooNew,
    StateUnwritable,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


async def fill(file: Path, contents: int = 40) -> None:
    """A state with something in every page one could hit."""
    async with Database.open(file) as db, db.session() as s:
        workspace = (await workspaces.ensure(s, "/srv/project")).id
        for number in range(contents):
            await blobs.put(s, random.Random(number).randbytes(3_000))
            run = await runs.create(s, workspace_id=workspace, kind="fix")
            await events.append(s, "run.queued", run_id=run.id)


async def opened(file: Path) -> None:
    async with Database.open(file):
        pass


async def test_only_the_user_can_read_it(file: Path) -> None:
    async with Database.open(file) as db:
        async with db.session() as s:
            await workspaces.ensure(s, "/srv")
        assert file.parent.stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
    # closed, it is one file
    assert [path.name for path in file.parent.iterdir()] == ["state.db"]


async def test_a_file_left_readable_is_closed_to_others(file: Path) -> None:
    await opened(file)
    file.chmod(0o644)
    await opened(file)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_the_connections_are_set_up_as_promised(file: Path) -> None:
    async def pragma(name: str, *, durable: bool = False) -> object:
        async with db.session(durable=durable) as s:
            return (await s.execute(text(f"PRAGMA {name}"))).scalar()

    async with Database.open(file) as db:
        assert await pragma("journal_mode") == "wal"
        assert await pragma("foreign_keys") == 1
        assert await pragma("auto_vacuum") == 2
        assert await pragma("busy_timeout") == engines.BUSY_MS
        assert await pragma("synchronous") == 1
        assert await pragma("synchronous", durable=True) == 2
        assert await pragma("synchronous") == 1


async def test_who_only_reads_cannot_write(file: Path) -> None:
    async with Database.open(file) as db:
        with pytest.raises(StateUnwritable):
            async with db.reading() as s:
                await workspaces.ensure(s, "/srv")


async def test_an_open_state_leaves_no_thread_behind(file: Path) -> None:
    before = set(threading.enumerate())
    async with Database.open(file) as db:

        async def cancelled_at(delay: float) -> None:
            with anyio.move_on_after(delay):
                async with db.session() as s:
                    for number in range(1_000):
                        await workspaces.ensure(s, f"/srv/{number}")

        async def looked() -> None:
            async with db.reading() as s:
                await workspaces.listing(s)

        async with anyio.create_task_group() as group:
            for step in range(25):
                group.start_soon(cancelled_at, step / 400)
                group.start_soon(looked)
        async with db.reading() as s:
            assert await workspaces.listing(s) == ()
    left = [t for t in set(threading.enumerate()) - before if "worker" not in t.name.lower()]
    assert left == []


SLOW = (
    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 400000)"
    " SELECT max(i) FROM n"
)


async def test_a_cancelled_statement_does_not_cost_its_connection(file: Path) -> None:
    async with Database.open(file) as db:
        async with db.session() as s:
            await workspaces.ensure(s, "/srv/before")
        before = set(threading.enumerate())
        with anyio.move_on_after(0.005) as scope:
            async with db.session() as s:
                await workspaces.ensure(s, "/srv/cancelled")
                await s.execute(text(SLOW))
                await s.execute(text(SLOW))
        assert scope.cancelled_caught
        async with db.session() as s:
            assert [each.root for each in await workspaces.listing(s)] == ["/srv/before"]
        assert set(threading.enumerate()) == before


async def test_opening_again_is_quick(file: Path) -> None:
    await fill(file, 200)
    took = []
    for _ in range(7):
        began = time.perf_counter()
        async with Database.open(file):
            took.append(time.perf_counter() - began)
    print(f"open of an up-to-date state: {min(took) * 1e3:.1f} ms at best")
    assert min(took) <= 0.060


async def test_a_small_commit_is_cheap(file: Path) -> None:
    took = []
    async with Database.open(file) as db:
        for number in range(60):
            began = time.perf_counter()
            async with db.session() as s:
                await events.append(s, f"event-{number}")
            took.append(time.perf_counter() - began)
    print(f"commit of one event: {sorted(took)[30] * 1e3:.2f} ms (median)")
    assert min(took) <= 0.002


@pytest.mark.parametrize("keep", [1, 99, 4_096, 30_000, -1, -4_096])
async def test_a_truncated_file_is_named(file: Path, keep: int) -> None:
    await fill(file)
    os.truncate(file, keep if keep > 0 else file.stat().st_size + keep)
    with pytest.raises(StateDamaged, match=r"state\.db") as caught:
        await opened(file)
    assert "state restore" in caught.value.hint


async def test_a_file_emptied_after_a_backup_is_not_taken_for_a_new_one(file: Path) -> None:
    await fill(file)
    (file.parent / "backups").mkdir()
    shutil.copy(file, file.parent / "backups" / "state-20260101T000000000Z.db")
    os.truncate(file, 0)
    with pytest.raises(StateDamaged, match="empty"):
        await opened(file)


async def test_a_large_truncated_file_is_noticed_without_reading_it_all(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(file)
    monkeypatch.setattr("samokoder.state.opening.CHECKED_BYTES", 0)
    os.truncate(file, file.stat().st_size - 4_096)
    with pytest.raises(StateDamaged):
        await opened(file)


@pytest.mark.parametrize("seed", range(12))
async def test_flipped_bits_are_found_or_harmless(file: Path, seed: int) -> None:
    """Either opening says so, or everything that is read is what was written."""
    await fill(file)
    data = bytearray(file.read_bytes())
    chance = random.Random(seed)
    for _ in range(64):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    wanted = {random.Random(number).randbytes(3_000) for number in range(40)}
    try:
        async with Database.open(file) as db, db.reading() as s:
            names = [blobs.name(content) for content in wanted]
            read = set((await blobs.get_many(s, names)).values())
    except (StateError, KeyError):
        return
    assert read == wanted


@pytest.mark.parametrize("page", [2, 5, 9])
async def test_a_lost_page_is_found(file: Path, page: int) -> None:
    await fill(file)
    with file.open("r+b") as raw:
        raw.seek((page - 1) * 4_096)
        raw.write(bytes(4_096))
    with pytest.raises(StateDamaged):
        await opened(file)


async def test_a_destroyed_head_is_damage(file: Path) -> None:
    await fill(file)
    with file.open("r+b") as raw:
        raw.write(b"nonsense" * 8)
    with pytest.raises(StateDamaged):
        await opened(file)


async def test_another_programs_file_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE runs_of_somebody (id)")
    connection.close()
    with pytest.raises(StateDamaged, match="not a state of Samokoder"):
        await opened(file)


async def test_a_newer_state_is_left_alone(file: Path) -> None:
    await opened(file)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StateTooNew, match="9999"):
        await opened(file)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    with pytest.raises(StateDamaged, match="which version"):
        await opened(file)


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateUnwritable, match="state"):
        await opened(tmp_path / "state" / "state.db")


async def test_a_folder_where_the_file_should_be(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(StateUnwritable):
        await opened(file)


def as_child(file: Path, body: str, *before: str) -> "subprocess.CompletedProcess[str]":
    """Run ``body`` with an open state ``db`` in another process; its error's class on stdout."""
    script = CHILD.replace("BODY", textwrap.indent(textwrap.dedent(body), " " * 8).strip())
    command = [*before, sys.executable, "-W", "error", "-c", script, str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)


CHILD = """
import os, resource, signal, sys
from pathlib import Path

import anyio

from samokoder.state import blobs, workspaces
from samokoder.state.database import Database
from samokoder.state.errors import SamokoderError


async def main():
    async with Database.open(Path(sys.argv[1])) as db:
        BODY


try:
    anyio.run(main)
except SamokoderError as error:
    print(type(error).__name__, error)
"""
FILLING = """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with db.session() as s:
        await workspaces.ensure(s, "/srv/kept")
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    for number in range(500):
        async with db.session() as s:
            await blobs.put(s, number.to_bytes(4, "big") * 20_000 + os.urandom(4_000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits on file sizes")
async def test_a_full_disk_is_said_and_loses_nothing(file: Path) -> None:
    done = await anyio.to_thread.run_sync(as_child, file, FILLING)
    assert done.stdout.startswith("StateUnwritable"), done.stderr
    assert "Free some space" in done.stdout
    async with Database.open(file) as db, db.reading() as s:
        assert [each.root for each in await workspaces.listing(s)] == ["/srv/kept"]
        assert (await s.execute(text("PRAGMA integrity_check"))).scalar() == "ok"


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.parametrize("there", [True, False])
async def test_a_read_only_folder_is_said(file: Path, there: bool) -> None:
    if there:
        await fill(file)
    else:
        file.parent.mkdir()
    mounted = f"mount --bind {file.parent} {file.parent} && mount -o remount,ro,bind {file.parent}"
    wrapped = ["unshare", "-rm", "sh", "-c", f'{mounted} && exec "$@"', "sh"]
    probe = subprocess.run([*wrapped, "true"], capture_output=True, check=False)  # noqa: ASYNC221
    if probe.returncode:
        pytest.skip("no private mounts here")
    body = 'async with db.session() as s: await workspaces.ensure(s, "/srv")'
    done = await anyio.to_thread.run_sync(as_child, file, body, *wrapped)
    assert done.stdout.startswith("StateUnwritable"), done.stderr


async def test_a_writer_that_does_not_let_go_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(file)
    monkeypatch.setattr(engines, "BUSY_MS", 100)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        async with Database.open(file) as db:
            async with db.reading() as s:
                assert await workspaces.listing(s) == ()
            with pytest.raises(StateBusy, match=r"state\.db"):
                async with db.session() as s:
                    await workspaces.ensure(s, "/srv")
            other.execute("ROLLBACK")
            async with db.session() as s:
                await workspaces.ensure(s, "/srv")
    finally:
        other.close()


async def test_a_mistake_of_ours_is_not_dressed_up(file: Path) -> None:
    async with Database.open(file) as db:

        async def twice() -> None:
            async with db.session() as s:
                for _ in range(2):
                    row = {"root": "/srv", "created_at": 1, "seen_at": 1}
                    await s.execute(schema.Workspace.__table__.insert().values(row))

        with pytest.raises(Exception, match="UNIQUE") as caught:
            await twice()
        assert not isinstance(caught.value, StateError)
