"""The engine is killed, the daemon is killed: typed errors, nothing left in the end (R10)."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from images import PYTHON
from preview_room import HELLO, Room, page

from samokoder.agents.errors import EngineFailed, EngineMissing
from samokoder.agents.preview import life
from samokoder.agents.preview.engine import connect
from samokoder.agents.preview.spec import Cause, Phase
from samokoder.server import endpoint, runtime

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[3]
BOUND = 1.0
"""Seconds a failure may take to be told; the machine may be busy with other tests."""
SLACK = 4.0


@pytest.fixture
def own_engine(container_engine: str) -> Iterator[None]:
    """An engine that may be killed; it runs again at the end."""
    if not os.environ.get("SAMOKODER_ENGINE_DIR"):
        pytest.skip("no engine of our own: `scripts/engine run` has one that may be killed")
    yield
    engine("restart")


def engine(verb: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "scripts/engine"), verb], check=True, timeout=60)


async def test_without_an_engine_the_error_is_typed_quick_and_says_what_to_do() -> None:
    begun = time.monotonic()
    with pytest.raises(EngineMissing) as caught:
        await connect("unix:///nowhere/docker.sock")
    assert time.monotonic() - begun < BOUND
    assert "apt install docker.io" in caught.value.hint
    assert "/nowhere/docker.sock" in str(caught.value)


async def test_the_engine_dies_while_previews_run(previews_room: Room, own_engine: None) -> None:
    status = await previews_room.start()
    await anyio.to_thread.run_sync(engine, "kill")
    begun = time.monotonic()
    with pytest.raises(EngineMissing):
        await previews_room.start()
    assert time.monotonic() - begun < BOUND + SLACK
    await life.look(previews_room.previews)
    assert (await previews_room.previews.status(status.id)).cause is Cause.ENGINE_LOST
    assert "serving" not in [line.text for line in await previews_room.previews.lines(status.id)]
    await anyio.to_thread.run_sync(engine, "restart")
    await life.look(previews_room.previews)
    after = await previews_room.previews.status(status.id)
    assert (after.phase, after.cause) == (Phase.FAILED, Cause.ENGINE_LOST)
    assert await previews_room.left() == []
    again = await previews_room.start()
    assert await page(again.url) == "hello"


async def test_the_engine_dies_in_the_middle_of_a_start(
    previews_room: Room, own_engine: None
) -> None:
    failed_at = 0.0
    failures: list[BaseException] = []

    async def one() -> None:
        nonlocal failed_at
        try:
            await previews_room.start(files={"app.py": "import time\ntime.sleep(99)\n"})
        except (EngineFailed, EngineMissing) as error:
            failures.append(error)
            failed_at = time.monotonic()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        with anyio.fail_after(30):
            while not previews_room.said or "started" not in previews_room.said[-1]:
                await anyio.sleep(0.02)
        await anyio.sleep(0.2)
        await anyio.to_thread.run_sync(engine, "kill")
        killed_at = time.monotonic()
    assert len(failures) == 1
    assert failed_at - killed_at < BOUND + SLACK
    (status,) = await previews_room.previews.listing(ended=True)
    assert (status.phase, status.cause) == (Phase.FAILED, Cause.ENGINE_LOST)
    await anyio.to_thread.run_sync(engine, "restart")
    await life.look(previews_room.previews)
    assert await previews_room.left() == []


class Shell:
    """``samokoder`` in a folder, as a user types it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text("\n".join(x[4:] for x in HELLO.splitlines()))

    def __call__(self, *argv: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "samokoder.server.main", *argv, "--json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def daemon() -> int:
    """The process of the daemon, 0 when none runs."""
    answer = endpoint.ask(runtime.folder(), "status")
    return int(json.loads(answer)["pid"]) if answer else 0


def start_daemon() -> None:
    own = [sys.executable, "-m", "samokoder.server.main", "daemon", "--detach"]
    subprocess.run(own, check=True, stdout=subprocess.DEVNULL, timeout=30)
    deadline = time.monotonic() + 20
    while not daemon():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def rows() -> dict[str, tuple[str, str]]:
    """Phase and cause of every preview, as recorded."""
    (file,) = Path(os.environ["SAMOKODER_STATE_DIR"]).glob("*.db")
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT id, phase, cause FROM previews")
        return {id: (phase, cause) for id, phase, cause in found}


def test_the_daemon_is_killed_with_five_previews_up(
    container_engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", container_engine)
    samokoder = Shell(tmp_path / "project")
    start = ("preview", "start", "--image", PYTHON, "--port", "8000", "--yes")
    started = [samokoder(*start) for _ in range(3)]
    short = [samokoder(*start, "--minutes", "0.05") for _ in range(2)]
    try:
        pid = daemon()
        assert pid, "the shell has seen to it that somebody keeps the deadlines"
        os.kill(pid, signal.SIGKILL)
        time.sleep(max(0.0, max(one["deadline"] for one in short) / 1000 - time.time()))
        start_daemon()
        deadline = time.monotonic() + 60
        while True:
            # asking the command would reap by itself; the rows say what the daemon has done
            found = rows()
            if all(found[one["id"]][0] == "stopped" for one in short):
                break
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert {found[one["id"]][1] for one in short} == {"expired"}
        taken = {one["id"]: one for one in samokoder("preview", "status")["previews"]}
        assert {k: v["url"] for k, v in taken.items()} == {o["id"]: o["url"] for o in started}
        names = subprocess.run(
            ["docker", "-H", container_engine, "ps", "-aq", "--filter", "label=samokoder.preview"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert len(names) == 6, "two containers for each that lives"
    finally:
        samokoder("preview", "stop", "--all")
        endpoint.ask(runtime.folder(), "stop")
    deadline = time.monotonic() + 20
    while daemon() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not daemon()
