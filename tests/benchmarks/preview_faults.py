"""Prints how soon it is told that there is no engine, or that it was killed, and what is left.

Run: scripts/engine run .venv/bin/python tests/benchmarks/preview_faults.py

Bounds: a typed error within 1 s of asking, or of the kill for what was under way; everything of
the previews is gone after the engine has come back.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

from preview_room import Room, page, room

from samokoder.agents.errors import EngineFailed, EngineMissing
from samokoder.agents.preview import life
from samokoder.agents.preview.engine import connect

ROOT = Path(__file__).resolve().parents[2]
BOUND = 1.0
KILLS = (("prepared", 0.05), ("prepared", 0.25), ("started", 0.05), ("started", 1.0))
"""When: after it was said, and how many seconds after."""
WAITS = {"app.py": "import time\ntime.sleep(99)\n"}


def kill() -> float:
    """Kill the engine and its containerd; when."""
    base = Path(os.environ["SAMOKODER_ENGINE_DIR"])
    os.kill(int((base / "engine.pid").read_text()), signal.SIGKILL)
    killed = time.monotonic()
    with contextlib.suppress(OSError, ValueError):
        # its containerd goes by itself, a moment later
        os.kill(int((base / "exec/containerd/containerd.pid").read_text()), signal.SIGKILL)
    return killed


def restart() -> None:
    subprocess.run([sys.executable, ROOT / "scripts/engine", "restart"], check=True, timeout=60)


async def failing(work: Callable[[], Awaitable[object]]) -> tuple[float, str]:
    """When it failed, and with which error."""
    try:
        await work()
    except (EngineFailed, EngineMissing) as error:
        return time.monotonic(), f"{type(error).__name__} ({error.code})"
    return time.monotonic(), "no error"


def told(what: str, seconds: float, error: str) -> bool:
    good = seconds < BOUND and error != "no error"
    print(f"{what:<34}{seconds:>7.3f} s  {error}{'' if good else '  OVER'}", flush=True)
    return good


async def main() -> int:
    begun = time.monotonic()
    at, error = await failing(lambda: connect("unix:///nowhere/engine.sock"))
    good = told("no engine", at - begun, error)
    with tempfile.TemporaryDirectory() as folder:
        async with room(Path(folder)) as one:
            good &= await mid_start(one)
            good &= await mid_run(one)
    return 0 if good else 1


async def mid_start(one: Room) -> bool:
    """Killed while containers are made, while the program starts, while it is waited for."""
    await one.previews.stop((await one.start()).id)
    good = True
    for word, pause in (
        ("prepared", 0.05),
        ("prepared", 0.25),
        ("started", 0.05),
        ("started", 1.0),
    ):
        one.said.clear()
        ends: list[tuple[float, str]] = []

        async def start(ends: list[tuple[float, str]] = ends) -> None:
            ends.append(await failing(lambda: one.start(files=WAITS)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(start)
            while not any(word in text for text in one.said):
                await anyio.sleep(0.005)
            await anyio.sleep(pause)
            killed = await anyio.to_thread.run_sync(kill)
        ((at, error),) = ends
        good &= told(f"killed {pause:g} s after being {word}", at - killed, error)
        good &= await back(one)
    return good


async def mid_run(one: Room) -> bool:
    """Killed while a preview runs: every question after that."""
    status = await one.start()
    await anyio.to_thread.run_sync(kill)
    good = True
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "start": one.start,
        "engine": one.previews.engine,
    }
    for name, work in questions.items():
        begun = time.monotonic()
        at, error = await failing(work)
        good &= told(f"{name} after the kill", at - begun, error)
    begun = time.monotonic()
    await life.look(one.previews)
    cause = (await one.previews.status(status.id)).cause
    good &= told("state after the kill", time.monotonic() - begun, f"cause: {cause}")
    good &= await back(one)
    again = await one.start()
    good &= await page(again.url) == "hello"
    await one.previews.stop(again.id)
    return good


async def back(one: Room) -> bool:
    """Start the engine again; whether nothing is left once it was looked at."""
    await anyio.to_thread.run_sync(restart)
    await life.look(one.previews)
    left = await one.left()
    print(f"{'':<34}after it is back: {len(left)} left")
    return not left


if __name__ == "__main__":
    sys.exit(anyio.run(main))
