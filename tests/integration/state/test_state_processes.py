"""Several processes on one file, and processes that are killed (R1)."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from samokoder.state import blobs, events, reservations, runs, snapshots, steps, workspaces
from samokoder.state.database import Database

WRITER = """
import sys
from pathlib import Path

import anyio

from samokoder.state import blobs, events, runs, snapshots, steps, workspaces
from samokoder.state.database import Database
from samokoder.state.snapshots import File


async def main(file, name, number):
    async with Database.open(Path(file)) as db:
        async with db.session() as s:
            workspace = (await workspaces.ensure(s, "/srv/" + name)).id
            run = (await runs.create(s, workspace_id=workspace, kind="fix")).id
        print("ready", flush=True)
        base = None
        for index in range(number):
            content = f"{name} {index} ".encode() * 50
            async with db.session(durable=index % 3 == 0) as s:
                step = await steps.begin(s, run, f"step-{index}")
                files = {f"{i}.py": File(blobs.name(content), len(content), 420) for i in range(9)}
                await blobs.put(s, content)
                base = await snapshots.save(s, workspace, files, base)
                await steps.finish(s, step.id, content, snapshot_id=base)
                await events.append(s, "step", run_id=run)
            print(index, flush=True)


anyio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]))
"""


def start(file: Path, name: str, number: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", WRITER, str(file), name, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_that_create_and_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "state" / "state.db"
    writers = [start(file, name, 40) for name in ("one", "two", "three")]
    outputs = [writer.communicate(timeout=50)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert [output.split()[-1] for output in outputs] == ["39"] * 3

    async def check() -> None:
        async with Database.open(file) as db, db.reading() as s:
            found = await runs.newest(s)
            assert [len(await steps.listing(s, run.id)) for run in found] == [40] * 3
            numbers = [event.number for event in await events.after(s, 0)]
            assert numbers == list(range(1, 121))

    anyio.run(check)


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_process_loses_nothing_it_committed(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "state" / "state.db"
    writer = start(file, "one", 100_000)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.4))
    os.kill(writer.pid, signal.SIGKILL)
    said = [int(line) for line in writer.stdout.read().split()]
    writer.stdout.close()
    writer.wait()

    async def check() -> int:
        async with Database.open(file) as db, db.reading() as s:
            (run,) = await runs.newest(s)
            found = await steps.listing(s, run.id)
            for index, step in enumerate(found):
                # a step is there with all that belongs to it, or not at all
                content = f"one {index} ".encode() * 50
                assert await steps.result(s, step) == content
                assert step.snapshot_id is not None
                files = await snapshots.load(s, step.snapshot_id)
                assert {entry.hash for entry in files.values()} == {blobs.name(content)}
            assert len(await events.after(s, 0, limit=10_000)) == len(found)
            return len(found)

    kept = anyio.run(check)
    assert kept in (len(said), len(said) + 1)
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


RESERVER = """
import sys
from pathlib import Path

import anyio

from samokoder.state import reservations
from samokoder.state.database import Database


async def main(where, run):
    async with Database.open(where) as db:
        won = 0
        for _ in range(30):
            async with db.session() as s:
                limits = reservations.Limits(tokens=100)
                found = await reservations.reserve(s, run, limits, tokens=3, micros=0)
                won += isinstance(found, reservations.Reserved)
        print(won)


anyio.run(main, *sys.argv[1:])
"""


async def test_processes_share_one_budget(db: Database, run_id: str) -> None:
    address = db.address
    where = f"sqlite:///{address.file}" if address.file else address.url.render_as_string(False)
    command = [sys.executable, "-W", "error", "-c", RESERVER, where, run_id]

    won: list[int] = []

    async def one() -> None:
        done = await anyio.run_process(command)
        won.append(int(done.stdout))

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(one)
    assert sum(won) == 33
    async with db.reading() as s:
        assert (await reservations.used(s, run_id=run_id)).tokens == 99


async def test_two_open_states_in_one_process(tmp_path: Path) -> None:
    """A daemon and a command line that runs its engine beside it."""
    file = tmp_path / "state.db"
    async with Database.open(file) as one, Database.open(file) as two:

        async def write(db: Database, name: str) -> None:
            for number in range(25):
                async with db.session() as s:
                    await workspaces.ensure(s, f"/srv/{name}/{number}")

        async with anyio.create_task_group() as group:
            group.start_soon(write, one, "one")
            group.start_soon(write, two, "two")
        async with one.reading() as s:
            assert len(await workspaces.listing(s)) == 50
            await blobs.missing(s, [])
