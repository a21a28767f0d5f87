"""`fix --all`: until green, one change set per cause, in the shell and in an editor (R8)."""

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from crashing import Room, editor, stop

pytestmark = pytest.mark.timeout(150)  # whole fixes, one after the other, each with a process

PRICES = "def net(price, share):\n    return price + price * share\n"
PRICES_RIGHT = PRICES.replace("price + price", "price - price")
NAMES = "def initials(names):\n    return [name[1] for name in names]\n"
NAMES_RIGHT = NAMES.replace("name[1]", "name[0]")
RIDDLE = "def secret(text):\n    return text\n"

TEST_PRICES = (
    "import unittest\nfrom prices import net\n\n\nclass Prices(unittest.TestCase):\n"
    "    def test_tenth(self):\n        self.assertEqual(net(100, 0.1), 90)\n\n"
    "    def test_half(self):\n        self.assertEqual(net(8, 0.5), 4)\n\n"
    "    def test_nothing(self):\n        self.assertEqual(net(7, 0), 7)\n\n"
    "    def test_all(self):\n        self.assertEqual(net(9, 1), 0)\n"
)
TEST_NAMES = (
    "import unittest\nfrom names import initials\n\n\nclass Names(unittest.TestCase):\n"
    "    def test_two(self):\n        self.assertEqual(initials(['Ann', 'Bob']), ['A', 'B'])\n\n"
    "    def test_one(self):\n        self.assertEqual(initials(['Zoe']), ['Z'])\n\n"
    "    def test_long(self):\n        self.assertEqual(initials(['Yves', 'Otto']), ['Y', 'O'])\n\n"
    "    def test_none(self):\n        self.assertEqual(initials([]), [])\n"
)
TEST_RIDDLE = (
    "import unittest\nfrom riddle import secret\n\n\nclass Riddle(unittest.TestCase):\n"
    "    def test_one(self):\n        self.assertEqual(secret('a'), '0cc175b9')\n\n"
    "    def test_two(self):\n        self.assertEqual(secret('b'), '92eb5ffe')\n"
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    for file in made.work.iterdir():
        file.unlink()
    lay(made, prices=PRICES, test_prices=TEST_PRICES, names=NAMES, test_names=TEST_NAMES)
    yield made
    await stop(made)


def lay(room: Room, **files: str) -> None:
    for name, text in files.items():
        (room.work / f"{name}.py").write_text(text)


async def shell(room: Room, *words: str) -> tuple[int, Any]:
    """Exit code and JSON of the command line."""
    done = await anyio.run_process(
        [sys.executable, "-m", "samokoder.server.main", *words, "--json"],
        env={**os.environ, **room.env},
        cwd=room.work,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or b"null")


async def test_in_the_shell_all_causes_are_fixed_one_by_one(room: Room) -> None:
    code, said = await shell(room, "fix", "--all", "--yes", "--no-model")
    assert (code, said["fixes"], said["left"]) == (0, 2, [])
    assert (room.work / "prices.py").read_text() == PRICES_RIGHT
    assert (room.work / "names.py").read_text() == NAMES_RIGHT
    _, view = await shell(room, "run", "show", said["run"]["id"])
    sets = [[f["path"] for f in change["files"]] for change in view["changes"]]
    assert sorted(sets) == [["names.py"], ["prices.py"]], "a change set for each cause"
    code, again = await shell(room, "fix", "--all", "--yes", "--no-model")
    assert (code, again["verdict"]) == (0, "nothing to fix")


async def test_what_cannot_be_fixed_does_not_stop_the_rest(room: Room) -> None:
    lay(room, riddle=RIDDLE, test_riddle=TEST_RIDDLE)
    code, said = await shell(room, "fix", "--all", "--yes", "--no-model")
    assert code == 1 and not said["solved"]
    assert said["fixes"] == 2
    assert {p["path"] for p in said["left"]} == {"test_riddle.py"}
    assert (room.work / "riddle.py").read_text() == RIDDLE
    assert (room.work / "prices.py").read_text() == PRICES_RIGHT


async def test_in_an_editor_every_cause_is_an_edit(room: Room) -> None:
    async with editor(room) as client:
        prices = await client.open(room.work / "prices.py")
        names = await client.open(room.work / "names.py")
        arguments = {"all": True, "yes": True, "no_model": True, "root": str(room.work)}
        said = await client.command("samokoder.fix", arguments)
        assert said["solved"] and said["fixes"] == 2, said["reason"]
        assert client.documents[prices].text == PRICES_RIGHT
        assert client.documents[names].text == NAMES_RIGHT
        assert len(client.edits) == 2
        assert (room.work / "prices.py").read_text() == PRICES, "saving is the editor's"
        await client.command("samokoder.run.undo", {"run": said["run"]["id"]})
        assert client.documents[prices].text == PRICES
        assert client.documents[names].text == NAMES
