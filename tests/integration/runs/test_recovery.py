"""What a crash cut short is put right by one writer only. R1"""

from pathlib import Path

import anyio
import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.runs import leasing
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.state import blobs, changes, events, runs
from samokoder.state.changes import NewFile, Write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one file."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


async def _cut_short(engine: Engine, run_id: str) -> None:
    """A change set whose intent was journalled, and nothing after it."""
    async with engine.db.session(durable=True) as s:
        name = await blobs.put(s, b"new\n")
        file = NewFile("new.txt", "create", None, name)
        number = await changes.record(
            s, run_id, key="change", title="a new file", hash="00" * 32, files=(file,)
        )
        (change,) = await changes.unfinished(s) or (await changes.get(s, number),)
        assert change is not None
        assert await changes.begin(s, number, {change.files[0].id: Write(None, name)})


async def _recovered(engine: Engine) -> int:
    await engine.stream.flush()
    async with engine.db.reading() as s:
        return sum(1 for event in await events.after(s, 0) if event.kind == "recovered")


async def test_a_run_that_is_taken_up_recovers_alone(workspace: Path, tmp_path: Path) -> None:
    reached, going_on = anyio.Event(), anyio.Event()

    async def body(run: Run, params: object) -> str:
        reached.set()
        await going_on.wait()
        return "ok"

    state = tmp_path / "state.db"
    async with engine_room(kind("write", body, writes=True), state=state) as engine:
        run_id = await engine.submit(order(workspace, "write"))
        await reached.wait()
        await _cut_short(engine, run_id)
    reached = anyio.Event()
    async with engine_room(kind("write", body, writes=True), state=state) as engine:
        assert await engine.take_up() == (run_id,)
        await reached.wait()
        await anyio.sleep(0.3)  # whoever else wants to write has tried by now
        assert await _recovered(engine) == 1
        async with engine.db.reading() as s:
            assert await changes.unfinished(s) == ()
        going_on.set()
        assert (await engine.finished(run_id)).state is runs.RunState.SUCCEEDED


async def test_what_no_run_will_finish_is_finished_at_the_start(
    workspace: Path, tmp_path: Path
) -> None:
    async def body(run: Run, params: object) -> str:
        return "ok"

    state = tmp_path / "state.db"
    async with engine_room(kind("write", body, writes=True), state=state) as engine:
        run_id = await engine.submit(order(workspace, "write"))
        await engine.finished(run_id)
        await _cut_short(engine, run_id)
    async with engine_room(kind("write", body, writes=True), state=state) as engine:
        await engine.take_up()
        with anyio.fail_after(5):
            while not await _recovered(engine):
                await anyio.sleep(0.02)
        async with engine.db.reading() as s:
            assert await changes.unfinished(s) == ()


async def test_two_who_write_for_one_run_wait_for_each_other(workspace: Path) -> None:
    inside, most = 0, 0

    async def body(run: Run, params: object) -> str:
        return "ok"

    async with engine_room(kind("write", body)) as engine:
        run_id = await engine.submit(order(workspace, "write"))
        await engine.finished(run_id)
        async with engine.db.reading() as s:
            row = await runs.get(s, run_id)
        assert row is not None

        async def write() -> None:
            nonlocal inside, most
            async with leasing.writing(engine, row.workspace_id, run_id):
                inside += 1
                most = max(most, inside)
                await anyio.sleep(0.05)
                inside -= 1

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(write)
    assert most == 1
