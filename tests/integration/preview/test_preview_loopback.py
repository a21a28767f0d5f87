"""Static pages where there is no container engine: served by whoever keeps the state (R10)."""

import json
import os
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from preview_room import Room, page, room

from samokoder.agents.errors import EngineMissing
from samokoder.agents.preview import loopback
from samokoder.agents.preview.spec import Cause, Phase, PreviewSpec, Stack
from samokoder.server import endpoint, runtime

NOWHERE = "unix:///nowhere/engine.sock"
PAGES = PreviewSpec(Stack.STATIC, start=("python", "--directory", "public"), port=8000)
FILES = {"public/index.html": "one", "public/.env": "KEY=1"}


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Room]:
    """A room without an engine, whose pages somebody serves."""
    async with room(tmp_path, engine=NOWHERE) as made, anyio.create_task_group() as tasks:
        tasks.start_soon(loopback.keep, made.previews)
        yield made
        await made.stop_all()
        tasks.cancel_scope.cancel()


async def test_pages_are_shown_without_an_engine(bare: Room) -> None:
    status = await bare.start(PAGES, FILES)
    assert (status.phase, status.url) == (Phase.RUNNING, f"http://127.0.0.1:{status.port}/")
    assert await page(status.url) == "one"
    assert "404" in await page(f"{status.url}.env")
    assert any("no container engine" in note for note in status.notes)
    assert await bare.previews.lines(status.id) == ()
    await bare.write({"public/index.html": "two"})
    with anyio.fail_after(10):
        while await page(status.url) != "two":
            await anyio.sleep(0.05)
    assert (await bare.previews.stop(status.id)).phase is Phase.STOPPED
    with anyio.fail_after(10):
        while await _answers(status.port):
            await anyio.sleep(0.05)


async def test_programs_are_not_run_without_an_engine(bare: Room) -> None:
    with pytest.raises(EngineMissing):
        await bare.start()
    with pytest.raises(EngineMissing):
        await bare.start(PAGES, FILES, runtime="runsc")


async def test_its_deadline_ends_it_and_use_moves_it(bare: Room) -> None:
    short = await bare.start(PAGES, FILES, minutes=0.01)
    with anyio.fail_after(10):
        while (await bare.previews.status(short.id)).phase is Phase.RUNNING:
            await anyio.sleep(0.05)
    assert (await bare.previews.status(short.id)).cause is Cause.EXPIRED


async def test_another_process_serves_it_on_the_same_port(tmp_path: Path) -> None:
    async with room(tmp_path, engine=NOWHERE) as first:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(loopback.keep, first.previews)
            status = await first.start(PAGES, FILES)
            tasks.cancel_scope.cancel()
        assert not await _answers(status.port), "who served it is gone"
        async with room(tmp_path, engine=NOWHERE) as second, anyio.create_task_group() as tasks:
            tasks.start_soon(loopback.keep, second.previews)
            with anyio.fail_after(10):
                while not await _answers(status.port):
                    await anyio.sleep(0.05)
            assert await page(status.url) == "one"
            tasks.cancel_scope.cancel()


async def test_nobody_serves_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "SECONDS", 0.3)
    async with room(tmp_path, engine=NOWHERE) as made:
        with pytest.raises(EngineMissing):
            await made.start(PAGES, FILES)
        (ended,) = await made.previews.listing(ended=True)
        assert ended.phase is Phase.FAILED


def test_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon that is started serves them; what was found is remembered when asked for."""
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    root = tmp_path / "pages"
    root.mkdir()
    (root / "index.html").write_text("one")
    (root / "samokoder.toml").write_text("# ours\n[preview]\nminutes = 5 # short\n")

    def samokoder(*argv: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "samokoder.server.main", "preview", *argv, "--json"],
            cwd=root,
            env={**os.environ},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    try:
        status = samokoder("start", "--yes", "--remember")
        with urllib.request.urlopen(status["url"], timeout=10) as answer:
            assert answer.read() == b"one"
        text = (root / "samokoder.toml").read_text()
        assert text.startswith("# ours\n[preview]\nminutes = 5 # short\n")
        assert tomllib.loads(text)["preview"]["port"] == 8000
        samokoder("stop")
        assert samokoder("status")["previews"] == []
    finally:
        endpoint.ask(runtime.folder(), "stop")
    deadline = time.monotonic() + 20
    while endpoint.ask(runtime.folder(), "status") and time.monotonic() < deadline:
        time.sleep(0.1)


async def _answers(port: int) -> bool:
    try:
        async with await anyio.connect_tcp("127.0.0.1", port):
            return True
    except OSError:
        return False
