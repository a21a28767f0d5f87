"""Runs a fix in a daemon, kills the daemon with SIGKILL at some moment, and looks at what is left.

``python tests/faults/crashing.py --moments 50 --seed 7`` prints one line a moment and a summary.
"""

import argparse
import contextlib
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.to_thread import run_sync

from samokoder.agents.models import script_log
from samokoder.server import client as lsp

BEFORE = 'def double(x):\n    """Twice x."""\n    y = x ** 3\n    return y\n'
AFTER = BEFORE.replace("x ** 3", "x * 2")
TEST = (
    "import unittest\nfrom calc import double\n\n\nclass T(unittest.TestCase):\n"
    "    def test_d(self):\n        self.assertEqual(double(4), 8)\n"
)
ANSWER = "calc.py\n<<<<<<< SEARCH\n    y = x ** 3\n=======\n    y = x * 2\n>>>>>>> REPLACE\n"


@dataclass
class Room:
    """A home, a workspace and a scripted model of their own."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("state", "cache", "config", "runtime"):
            (self.folder / name).mkdir(mode=0o700)
        self.work.mkdir()
        self.reset()
        script = {"rules": [{"answer": ANSWER}], "log": "calls.jsonl"}
        (self.folder / "script.json").write_bytes(msgspec.json.encode(script))

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def env(self) -> dict[str, str]:
        names = ("state", "cache", "config", "runtime")
        return {f"SAMOKODER_{n.upper()}_DIR": str(self.folder / n) for n in names}

    def reset(self) -> None:
        """The broken program again."""
        (self.work / "calc.py").write_text(BEFORE)
        (self.work / "test_calc.py").write_text(TEST)

    def configure(self, text: str) -> None:
        """The user's own settings file."""
        (self.folder / "config" / "config.toml").write_text(text)

    def tree(self) -> dict[str, str]:
        """The contents of every file of the workspace by path."""
        return {
            p.relative_to(self.work).as_posix(): p.read_text()
            for p in sorted(self.work.rglob("*"))
            if p.is_file()
        }

    def daemon(self) -> int:
        """The daemon's process id; 0 when none is known."""
        try:
            return int((self.folder / "runtime" / "daemon.pid").read_text())
        except (OSError, ValueError):
            return 0

    def fix(self, **more: Any) -> dict[str, Any]:
        """Arguments of the fix."""
        return {
            "root": str(self.work),
            "check": f"{sys.executable} -m unittest -q",
            "yes": True,
            "model": f"scripted:{self.folder / 'script.json'}",
            "rungs": ["L0", "L2"],
            "unconfined": True,
            **more,
        }

    def bought(self) -> list[str]:
        """Hashes of the requests the scripted model was asked, from its own log."""
        return [call.hash for call in script_log.read(self.folder / "calls.jsonl")]

    def left_behind(self) -> list[str]:
        """Temporary files of ours in the workspace."""
        return [p.name for p in self.work.rglob(".samokoder-*")]


@contextlib.asynccontextmanager
async def editor(room: Room) -> AsyncIterator[lsp.Client]:
    """A client of the room's daemon."""
    async with lsp.connect(env=room.env) as client:
        await client.initialize(room.work)
        yield client


async def stop(room: Room) -> None:
    """End the room's daemon in good order and wait until it is gone."""
    pid = room.daemon()
    if not pid:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with anyio.move_on_after(10):
        while _alive(pid):
            await anyio.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def kill_after(room: Room, seconds: float) -> dict[str, str]:
    """Start the fix, kill the daemon some time after it began; the tree right after."""
    with contextlib.suppress(lsp.RequestFailed, anyio.BrokenResourceError):
        async with editor(room) as client, anyio.create_task_group() as tasks:

            async def fix() -> None:
                with contextlib.suppress(lsp.RequestFailed, anyio.BrokenResourceError):
                    await client.command("samokoder.fix", room.fix())

            begun = anyio.Event()
            client.on_notice = lambda method, _: begun.set() if method == "$/progress" else None
            tasks.start_soon(fix)
            # the moments count from the run's first sign of life
            with anyio.move_on_after(10):
                await begun.wait()
            await anyio.sleep(seconds)
            os.kill(room.daemon(), signal.SIGKILL)
            await client.closed.wait()
            tasks.cancel_scope.cancel()
    return room.tree()


@dataclass(frozen=True)
class Moment:
    """What one kill led to."""

    seconds: float
    before: bool
    after: bool
    reported: bool
    finished: str
    right: bool
    bought: int
    left: list[str]

    @property
    def good(self) -> bool:
        """Nothing half done, nothing lost, nothing bought twice."""
        done = self.right if self.reported else self.before
        return (self.before or self.after) and done and self.bought <= 2 and not self.left


async def moment(seconds: float) -> Moment:
    """One kill and what the next start makes of it."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        room = Room(Path(folder))
        start = room.tree()
        wanted = {**start, "calc.py": AFTER}
        try:
            async with editor(room):
                tree = None  # the daemon is warm from here on
            tree = await kill_after(room, seconds)
            left_now = room.left_behind()
            async with editor(room) as client:
                state, known = "", []
                with anyio.move_on_after(30):
                    while True:
                        known = await client.command("samokoder.run.list")
                        state = known[0]["state"] if known else "never recorded"
                        if state not in ("queued", "running", "waiting"):
                            break
                        await anyio.sleep(0.05)
                final = room.tree()
                return Moment(
                    seconds,
                    _same(tree, start),
                    _same(tree, wanted),
                    bool(known),
                    state,
                    final == wanted,
                    len(await run_sync(room.bought)),
                    [] if _same(tree, start) or _same(tree, wanted) else left_now,
                )
        finally:
            await stop(room)


def _same(tree: dict[str, str] | None, wanted: dict[str, str]) -> bool:
    """Equal but for temporary files, which recovery removes."""
    assert tree is not None
    return {k: v for k, v in tree.items() if ".samokoder-" not in k} == wanted


async def main() -> int:
    """Kill at many random moments; returns 0 when all of them were good."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--longest", type=float, default=0.3)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    seen: Counter[str] = Counter()
    for number in range(given.moments):
        found = await moment(chance.uniform(0.0, given.longest))
        seen["good" if found.good else "BAD"] += 1
        seen[f"tree {'before' if found.before else 'after' if found.after else 'MIXED'}"] += 1
        seen[f"then {found.finished}"] += 1
        print(number, found, flush=True)
    digest = hashlib.sha256(str(seen).encode()).hexdigest()[:8]
    print(f"seed {given.seed}: {dict(seen)} ({digest})")
    return 1 if seen["BAD"] else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
