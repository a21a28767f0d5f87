"""The scenario every editor plays: check, fix, review, generate, cancel, undo, reattach (R30).

:func:`play` plays it with the client of this project; what it leaves in the workspace and in the
stream of events is what every real editor has to leave. Parts the server does not offer are left
out by all of them alike.
"""

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.to_thread import run_sync
from crashing import Room

from samokoder.server import client as lsp
from samokoder.state import events
from samokoder.state.database import Database

CALC = (
    'def double(x):\n\x0c    """Twice x: é, 🎉, a\u2028b."""\n'
    "    y = x ** 3  # 🎉 é, so\n    return y\n"
)
SLOW = "def half(x):\n    return x // 4\n"
MIXED = '"""Line ends of Windows: é 🎉."""\r\n\r\n\r\ndef third(x):\r\n    return x / 4  # 🎉\r\n'
TEST = (
    "import unittest\nfrom {name} import {function}\n\n\nclass T(unittest.TestCase):\n"
    "    def test_it(self):\n        self.assertEqual({function}({given}), {wanted})\n"
)
WEB = (
    "import subprocess\n\nfrom flask import request\n\n\ndef run():\n"
    '    """é 🎉"""\n    x = "🎉"; return subprocess.call(request.args[x], shell=True)\n'
)
WEB_LINE = 8
QUARTER = "def quarter(x):\n    return x / 4\n"
QUARTER_TEST = (
    "import unittest\n\nfrom quarter import quarter\n\n\nclass QuarterTest(unittest.TestCase):\n"
    "    def test_quarter(self):\n        self.assertEqual(quarter(8), 2)\n"
)
BRIEF = "A module with a function that quarters a number"
PLAN: dict[str, Any] = {
    "You write specifications": {"title": "Quarters", "demands": ["quarter(8) is 2"]},
    "You are a software architect": {
        "overview": "One module.",
        "stack": ["Python"],
        "parts": [
            {
                "path": "quarter.py",
                "purpose": "quarters",
                "gives": ["def quarter(x: float) -> float"],
            }
        ],
    },
    "You are a tech lead": {
        "tasks": [
            {
                "id": "T1",
                "title": "Quarters and their tests",
                "works": [
                    {"path": "quarter.py", "purpose": "quarters"},
                    {"path": "test_quarter.py", "purpose": "tests", "needs": ["quarter.py"]},
                ],
            }
        ]
    },
}
NOTE = "Nothing here changes: é 🎉\u2028\x0c\r\nmixed\nends\r"
RULES = [
    ("calc.py", "    y = x ** 3  # 🎉 é, so", "    y = x * 2  # 🎉 é, so", 0.0),
    ("slow.py", "    return x // 4", "    return x // 2", 60.0),
    ("mixed.py", "    return x / 4  # 🎉", "    return x / 3  # 🎉", 1.5),
]
STEPS = ("check", "fix", "review", "generate", "cancel", "undo", "reattach")


def prepare(folder: Path) -> Room:
    """A room with three bugs, two of which a model takes its time for."""
    folder.mkdir(parents=True, exist_ok=True)
    room = Room(folder)
    for name in ("calc", "test_calc"):
        (room.work / f"{name}.py").unlink()
    for name, text, function, given, wanted in (
        ("calc", CALC, "double", 4, 8),
        ("slow", SLOW, "half", 8, 4),
        ("mixed", MIXED, "third", 9, 3),
    ):
        (room.work / f"{name}.py").write_bytes(text.encode())
        test = TEST.format(name=name, function=function, given=given, wanted=wanted)
        (room.work / f"test_{name}.py").write_bytes(test.encode())
    (room.work / "note.txt").write_bytes(NOTE.encode())
    (room.work / "web.py").write_bytes(WEB.encode())
    rules: list[dict[str, Any]] = [
        {"match": words, "answer": json.dumps(answer)} for words, answer in PLAN.items()
    ]
    rules += [
        {"regex": f"^(?:Write|Change) {name}:", "answer": f"```\n{text}```\n"}
        for name, text in (("quarter.py", QUARTER), ("test_quarter.py", QUARTER_TEST))
    ]
    rules += [
        {
            "match": old.strip(),
            "answer": f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n",
            "delay": delay,
        }
        for path, old, new, delay in RULES
    ]
    script = {"rules": rules, "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    room.configure(
        f'[model]\ncoder = "scripted:{room.folder / "script.json"}"\n'
        '[fix]\nrungs = ["L0", "L2"]\n[sandbox]\nunconfined = true\n'
        '[generate]\nreview = "never"\ndocumentation = false\n'
    )
    return room


def check(name: str) -> str:
    """The command that fails while a file is broken."""
    return f"{sys.executable} -m unittest -q test_{name}"


def tree(room: Room) -> dict[str, bytes]:
    """Every file of the workspace, byte by byte."""
    return {
        path.relative_to(room.work).as_posix(): path.read_bytes()
        for path in sorted(room.work.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def expected(before: dict[str, bytes]) -> dict[str, bytes]:
    """The tree at the end: the first fix undone, the second never made, the third there, what was
    generated too; the plan is left out.
    """
    return {
        **before,
        "mixed.py": MIXED.replace("x / 4", "x / 3").encode(),
        "quarter.py": QUARTER.encode(),
        "test_quarter.py": QUARTER_TEST.encode(),
    }


async def log(room: Room) -> list[tuple[Any, ...]]:
    """The stream of events without what differs by chance: ids, prices, seconds, folders."""
    state = room.folder / "state"
    found: list[tuple[Any, ...]] = []
    names: dict[str, str] = {}
    async with Database.open(next(state.glob("*.db"))) as db, db.reading() as s:
        stored = await events.after(s, 0, limit=10_000)
    for event in stored:
        run = names.setdefault(event.run_id or "", f"run {len(names) + 1}")
        text = event.facts
        for id, name in names.items():
            text = text.replace(id, name) if id else text
        facts = json.loads(text.replace(str(room.folder), "ROOM"))
        facts.pop("seconds", None)
        shown = re.sub(r"\d+(\.\d+)? s\b", "… s", json.dumps(facts, sort_keys=True))
        found.append((run, event.kind, shown))
    return found


@dataclass
class Player:
    """Plays the scenario through one client after the other."""

    room: Room
    client: lsp.Client
    played: list[str] = field(default_factory=list)
    offered: frozenset[str] = frozenset()

    async def save(self, *names: str) -> None:
        for name in names:
            await self.client.save((self.room.work / name).as_uri())

    async def fix(self, name: str, **more: Any) -> dict[str, Any]:
        uri = (self.room.work / f"{name}.py").as_uri()
        args = {"uri": uri, "check": check(name), **more}
        return dict(await self.client.command("samokoder.fix", args))

    async def state(self, run: str, *wanted: str) -> None:
        with anyio.fail_after(30):
            while True:
                view = await self.client.command("samokoder.run.show", {"run": run})
                if view["summary"]["state"] in wanted:
                    return
                await anyio.sleep(0.05)


async def play(room: Room) -> list[str]:
    """The scenario with this project's own client; the parts that were played."""
    run = ""
    async with lsp.connect(env=room.env) as client:
        player = await _attach(room, client)
        for name in ("calc", "slow", "mixed", "test_calc"):
            await client.open(room.work / f"{name}.py")
        await client.command("samokoder.trust")
        checked = await client.command("samokoder.check", {"check": check("calc")})
        assert not checked["ok"]
        player.played.append("check")

        fixed = await player.fix("calc")
        assert fixed["applied"], fixed
        await player.save("calc.py")
        player.played.append("fix")

        web = (room.work / "web.py").as_uri()
        reviewed = await client.command("samokoder.review", {"uri": web, "no_model": True})
        assert [f["line"] for f in reviewed["findings"]] == [WEB_LINE], reviewed
        player.played.append("review")

        client.answer = _agreed
        made = await client.command(
            "samokoder.generate", {"brief": BRIEF, "check": check("quarter")}
        )
        assert made["complete"], made
        player.played.append("generate")

        asked = len(await run_sync(room.bought))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancelled, player)
            await _asked(room, asked + 1)
            tasks.cancel_scope.cancel()
        (newest, *_) = await client.command("samokoder.run.list")
        await player.state(newest["id"], "cancelled")
        player.played.append("cancel")

        await client.command("samokoder.run.undo", {"run": fixed["run"]["id"]})
        await player.save("calc.py")
        player.played.append("undo")

        run = (await player.fix("mixed", wait=False))["run"]["id"]
        await client.stop()
    await waiting(room, run)
    async with lsp.connect(env=room.env) as client:
        again = await _attach(room, client)
        await client.open(room.work / "mixed.py")
        await again.state(run, "succeeded")
        await again.save("mixed.py")
        player.played.append("reattach")
        await client.stop()
    return player.played


def _agreed(method: str, params: Any) -> Any:
    return {"title": params["actions"][0]["title"]} if method.endswith("Request") else None


async def _attach(room: Room, client: lsp.Client) -> Player:
    offered = await client.initialize(room.work)
    commands = offered["executeCommandProvider"]["commands"]
    return Player(room, client, offered=frozenset(commands))


async def _cancelled(player: Player) -> None:
    await player.fix("slow")


async def _asked(room: Room, times: int) -> None:
    """Wait until the model has been asked so often."""
    with anyio.fail_after(30):
        while len(await run_sync(room.bought)) < times:
            await anyio.sleep(0.05)


async def waiting(room: Room, run: str) -> None:
    """Wait until a run waits for an editor, looking from outside."""
    with anyio.fail_after(30):
        while True:
            async with lsp.connect(env=room.env) as client:
                await client.initialize(room.folder / "config")  # not attached to the workspace
                view = await client.command("samokoder.run.show", {"run": run})
                await client.stop()
            if view["summary"]["state"] == "waiting":
                return
            await anyio.sleep(0.1)


def environ(room: Room) -> dict[str, str]:
    """The environment of an editor in this room; its own configuration is there too."""
    return {**os.environ, **room.env, "HOME": str(room.folder), "XDG_CONFIG_HOME": str(room.folder)}
