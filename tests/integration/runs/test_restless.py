"""A workspace in which a file is written all the time, as a log is. R2"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.runs.context import Run
from samokoder.state.runs import RunState


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a log that gets a line as often as the machine can."""
    root = tmp_path / "work"
    root.mkdir()
    for number in range(40):
        (root / f"m{number:02}.py").write_text(f"X = {number}\n")
    (root / "same.txt").write_text("line 0\n")
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.wait(0.0005):
            (root / "server.log").write_text(f"line {number}\n")
            number = (number + 1) % 4000

    writer = threading.Thread(target=write)
    writer.start()
    yield root
    ended.set()
    writer.join()


async def test_a_run_takes_a_file_as_it_is_when_it_is_read(restless: Path, tmp_path: Path) -> None:
    async def body(run: Run, params: object) -> str:
        log = await run.snapshot.read("server.log")
        assert log == b"" or log.startswith(b"line")
        assert await run.snapshot.read("m07.py") == b"X = 7\n"
        now = await run.look()
        return "read" if await now.read("server.log") is not None else "failed"

    async with engine_room(kind("look", body), state=tmp_path / "state.db") as engine:
        for _ in range(10):
            run_id = await engine.submit(order(restless, "look"))
            await engine.ended(run_id)
            run, _, _ = await engine.outcome(run_id)
            assert run.state is RunState.SUCCEEDED, run.reason
