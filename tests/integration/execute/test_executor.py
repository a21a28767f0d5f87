"""Commands of agents in real runs: allowed, confined, streamed, bounded, recorded (R5)."""

import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.checks.check import Check
from samokoder.agents.execute.command import Batch, Command
from samokoder.agents.execute.executor import Executor
from samokoder.agents.execute.grants import NO, ONLINE, RUN
from samokoder.agents.execute.stream import TOTAL
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.agents.runs.view import RunView
from samokoder.agents.sandbox import confine
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.state import blobs, events, executions, steps
from samokoder.state.runs import RunState

Body = Callable[[Run, Executor], Awaitable[Batch]]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "работа"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ScratchPool]:
    pool = ScratchPool(tmp_path / "scratch")
    yield pool
    await pool.close()


class Room:
    """An engine with one kind of run, which executes what it is told."""

    def __init__(self, engine: Engine, workspace: Path) -> None:
        self.engine = engine
        self.workspace = workspace
        self.batch: Batch | None = None

    async def start(self, **more: Any) -> str:
        more.setdefault("headless", True)
        return await self.engine.submit(order(self.workspace, "exec", **more))

    async def done(self, **more: Any) -> tuple[Batch, str]:
        run_id = await self.start(**more)
        run = await self.engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
        assert self.batch is not None
        return self.batch, run_id

    async def recorded(self, run_id: str) -> list[tuple[executions.Execution, str]]:
        async with self.engine.db.reading() as s:
            rows = await executions.listing(s, run_id)
            return [
                (row, (await blobs.get(s, row.output)).decode() if row.output else "")
                for row in rows
            ]


@asynccontextmanager
async def room(
    workspace: Path, pool: ScratchPool, body: Body, state: Path | None = None
) -> AsyncIterator[Room]:
    found: list[Room] = []

    async def run_body(run: Run, params: object) -> str:
        found[0].batch = await body(run, Executor(pool, found[0].engine.db))
        return "done"

    async with engine_room(kind("exec", run_body), state=state) as engine:
        found.append(Room(engine, workspace))
        yield found[0]


def executing(*argvs: tuple[str, ...], known: bool = True, **more: Any) -> Body:
    """Runs these commands; ``known`` makes them checks of the project."""
    commands = tuple(Command(argv) for argv in argvs)
    checks = tuple(Check("known", "command", argv) for argv in argvs) if known else ()

    async def body(run: Run, executor: Executor) -> Batch:
        return await executor.execute(run, run.snapshot, commands, key="work", known=checks, **more)

    return body


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


async def test_commands_share_one_copy_and_the_workspace_stays_as_it_was(
    workspace: Path, pool: ScratchPool
) -> None:
    body = executing(
        ("sh", "-c", "echo two >>a.txt; mkdir b; echo new >b/c"), ("cat", "a.txt"),
        take=("b/c", "nothing"),
    )  # fmt: skip
    async with room(workspace, pool, body) as r:
        batch, run_id = await r.done()
        assert batch.ok
        assert [x.output for x in batch.results] == ["", "one\ntwo\n"]
        assert [t.data for t in batch.taken] == [b"new\n", None]
        assert sorted(os.listdir(workspace)) == ["a.txt"]
        assert (workspace / "a.txt").read_text() == "one\n"
        rows = await r.recorded(run_id)
        assert [(row.exit_code, text) for row, text in rows] == [(0, ""), (0, "one\ntwo\n")]
        async with r.engine.db.reading() as s:
            step = await steps.find(s, run_id, "work")
        assert step is not None and step.finished
        assert {row.step_id for row, _ in rows} == {step.id}
        best = (await confine.all_available())[0].name
        assert {row.confinement for row, _ in rows} == {best} == {batch.results[0].sandbox}
        assert all(row.finished_at is not None for row, _ in rows)


async def test_a_vital_command_that_fails_ends_the_batch(
    workspace: Path, pool: ScratchPool
) -> None:
    async with room(workspace, pool, executing(("false",), ("true",))) as r:
        batch, run_id = await r.done()
        assert not batch.ok
        assert [x.exit_code for x in batch.results] == [1]
        assert len(await r.recorded(run_id)) == 1


async def test_outside_the_policy_nobody_agreed_so_it_is_not_started(
    workspace: Path, pool: ScratchPool
) -> None:
    """R5: headless runs refuse."""
    body = executing(("touch", "made"), ("true",), known=False, take=("made",))
    async with room(workspace, pool, body) as r:
        batch, run_id = await r.done()
        assert "nobody allowed it" in batch.results[0].refused
        assert len(batch.results) == 1 and batch.taken[0].data is None
        assert await r.recorded(run_id) == [], "what never ran has no receipt"


async def asked(r: Room, run_id: str) -> RunView:
    while True:
        view = await r.engine.view(run_id)
        if any(q.answer is None for q in view.questions):
            return view
        await anyio.sleep(0.02)


@pytest.mark.parametrize("answer", [RUN, NO])
async def test_outside_the_policy_the_user_is_asked(
    workspace: Path, pool: ScratchPool, answer: str
) -> None:
    body = executing(("touch", "made"), known=False, take=("made",))
    async with room(workspace, pool, body) as r:
        run_id = await r.start(headless=False)
        with anyio.fail_after(20):
            view = await asked(r, run_id)
            question = view.questions[0]
            assert "`touch made`" in question.text
            assert question.options == (RUN, ONLINE, NO)
            await r.engine.answer(run_id, "", answer, by="test")
            await r.engine.finished(run_id)
        assert r.batch is not None
        assert r.batch.ok == (answer == RUN)
        assert (r.batch.taken[0].data is not None) == (answer == RUN)


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine's loopback, and who called."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(10))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("granted", [False, True])
async def test_no_network_unless_granted(workspace: Path, pool: ScratchPool, granted: bool) -> None:
    if not (await confine.all_available())[0].confines:
        pytest.skip("no sandbox works here")
    with listener() as (port, heard):
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 3).send(b'hello')"
        async with room(workspace, pool, executing(python(code))) as r:
            batch, _ = await r.done(flags={"sandbox.network": granted})
            assert batch.ok == granted
            assert batch.results[0].network == granted
        assert heard == ([b"hello"] if granted else [])


async def test_an_installer_needs_a_grant_of_the_network(
    workspace: Path, pool: ScratchPool
) -> None:
    install = (sys.executable, "-m", "pip", "install", "--help")
    async with room(workspace, pool, executing(install, known=False)) as r:
        batch, _ = await r.done()
        assert "network" in batch.results[0].refused, "nobody was there to grant it"
        batch, _ = await r.done(flags={"execute.network": "always"})
        assert batch.ok and batch.results[0].network
        run_id = await r.start(headless=False, flags={"execute.network": "never"})
        await r.engine.finished(run_id)
        assert r.batch is not None and "network" in r.batch.results[0].refused
        assert (await r.engine.view(run_id)).questions == (), "never is not asked about"
        run_id = await r.start(headless=False)
        with anyio.fail_after(20):
            assert (await asked(r, run_id)).questions[0].options == (ONLINE, NO)
            await r.engine.answer(run_id, "", ONLINE, by="test")
            await r.engine.finished(run_id)
        assert r.batch.ok and r.batch.results[0].network


async def test_cyrillic_and_escape_sequences_come_through_whole(
    workspace: Path, pool: ScratchPool
) -> None:
    text = "\x1b[31mОшибка: ёж\x1b[0m 🦔\n"
    code = f"import os\nfor b in {text.encode()!r}: os.write(1, bytes([b]))"
    async with room(workspace, pool, executing(python(code))) as r:
        batch, run_id = await r.done()
        assert batch.results[0].output == text
        assert (await r.recorded(run_id))[0][1] == text
        assert await told(r, run_id) == text


async def told(r: Room, run_id: str) -> str:
    """What the run's events say the commands printed."""
    import msgspec

    async with r.engine.db.reading() as s:
        found = await events.after(s, 0, run_id=run_id)
    return "".join(msgspec.json.decode(e.facts)["text"] for e in found if e.kind == "output")


@pytest.mark.timing
async def test_two_megabytes_take_less_than_a_second_and_events_stay_small(
    workspace: Path, pool: ScratchPool
) -> None:
    code = "import sys; sys.stdout.write('начало\\n' + 'строка хвоста\\n' * 80_000 + 'конец')"
    async with room(workspace, pool, executing(python(code))) as r:
        started = time.monotonic()
        batch, run_id = await r.done()
        whole = time.monotonic() - started
        result = batch.results[0]
        assert result.seconds < 1.0, f"{result.seconds:.2f} s, the whole run {whole:.2f} s"
        assert result.truncated and result.output.endswith("конец")
        assert result.output.startswith("начало")
        assert 0 < len(await told(r, run_id)) <= TOTAL + 100


async def test_output_is_told_while_the_command_runs(workspace: Path, pool: ScratchPool) -> None:
    body = executing(("sh", "-c", "echo early; sleep 30"))
    async with room(workspace, pool, body) as r:
        run_id = await r.start()
        with anyio.fail_after(20):
            while "early" not in await told(r, run_id):
                await anyio.sleep(0.05)
        await r.engine.cancel(run_id)


def alive(marker: str) -> list[int]:
    """Processes with this word in their command line, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
async def test_grandchildren_are_dead_after_cancelling(workspace: Path, pool: ScratchPool) -> None:
    marker = f"7{os.getpid()}.125"
    script = f"setsid sh -c 'sleep {marker} & sleep {marker}' & (sleep {marker} &) ; echo up; wait"
    async with room(workspace, pool, executing(("sh", "-c", script))) as r:
        run_id = await r.start()
        with anyio.fail_after(20):
            while "up" not in await told(r, run_id):
                await anyio.sleep(0.05)
            assert len(alive(f"sleep\0{marker}")) >= 2
            assert (await r.engine.cancel(run_id)).state is RunState.CANCELLED
        assert alive(marker) == []
        row, _ = (await r.recorded(run_id))[0]
        assert row.exit_code is None and row.finished_at is not None


async def test_time_and_memory_are_bounded(workspace: Path, pool: ScratchPool) -> None:
    hungry = python("x = bytearray(900 << 20); print('got it')")

    async def body(run: Run, executor: Executor) -> Batch:
        commands = (
            Command(("sleep", "30"), seconds=0.5, vital=False),
            Command(hungry, vital=False),
        )
        known = tuple(Check("c", "command", c.argv) for c in commands)
        return await executor.execute(run, run.snapshot, commands, key="work", known=known)

    async with room(workspace, pool, body) as r:
        batch, run_id = await r.done(flags={"sandbox.memory": 512})
        slow, big = batch.results
        assert slow.timed_out and not slow.ok and slow.seconds < 5
        assert not big.ok and "MemoryError" in big.output and "got it" not in big.output
        assert [row.timed_out for row, _ in await r.recorded(run_id)] == [True, False]


async def test_a_batch_cut_short_runs_again_and_a_finished_one_does_not(
    workspace: Path, pool: ScratchPool, tmp_path: Path
) -> None:
    """R1: what was done has a receipt; what was not begins anew in a fresh copy."""
    state = tmp_path / "state.db"
    block = True
    reached = anyio.Event()

    async def body(run: Run, executor: Executor) -> Batch:
        first = await executor.execute(
            run, run.snapshot, (Command(("python3", "-m", "unittest", "-h")),), key="first"
        )
        script = ("sh", "-c", "test ! -e mark && echo x >mark")
        if block:
            script = ("sh", "-c", "echo x >mark; sleep 30")
            reached.set()
        known = (Check("c", "command", script),)
        second = await executor.execute(
            run, run.snapshot, (Command(script),), key="second", known=known
        )
        return Batch((*first.results, *second.results))

    async with room(workspace, pool, body, state) as r:
        run_id = await r.start()
        with anyio.fail_after(20):
            await reached.wait()
            while len(await r.recorded(run_id)) < 2:
                await anyio.sleep(0.02)
    block = False
    async with room(workspace, pool, body, state) as r:
        await r.engine.take_up()
        with anyio.fail_after(20):
            run = await r.engine.finished(run_id)
        assert run.state is RunState.SUCCEEDED, run.reason
        assert r.batch is not None
        assert r.batch.ok, [(x.exit_code, x.timed_out, x.output[-2000:]) for x in r.batch.results]
        rows = await r.recorded(run_id)
        assert [row.exit_code for row, _ in rows] == [0, None, 0]


async def test_secrets_do_not_reach_the_receipt(
    workspace: Path, pool: ScratchPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", "tok-in-the-environment")
    key = "AKIA" + "QWERTYUIOPASDFGH"
    body = executing(("sh", "-c", f"env; echo aws_access_key_id={key}"))
    async with room(workspace, pool, body) as r:
        batch, run_id = await r.done()
        row, stored = (await r.recorded(run_id))[0]
        for text in (batch.results[0].output, stored, row.command, await told(r, run_id)):
            assert "tok-in-the-environment" not in text
            assert key not in text


async def test_without_a_sandbox_nothing_runs_until_that_is_allowed(
    workspace: Path, pool: ScratchPool
) -> None:
    async with room(workspace, pool, executing(("true",))) as r:
        run_id = await r.start(flags={"sandbox.mode": "off"})
        run = await r.engine.finished(run_id)
        assert run.state is RunState.FAILED and "sandbox" in run.reason
        batch, _ = await r.done(flags={"sandbox.mode": "off", "sandbox.unconfined": True})
        assert batch.ok and batch.results[0].sandbox == "none"
