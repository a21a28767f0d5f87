"""What a plan adds to the dependencies is installed for its checks, or that is said (R5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from briefs import fenced
from package_index import package_index
from workroom import planning, workroom

from samokoder.agents.execute.grants import NO, ONLINE
from samokoder.agents.generate.request import GenerateRequest

CODE = "from greeting_of_the_test import hello\n\n\ndef shout() -> str:\n    return {}\n"
TEST = """import unittest

from shout import shout


class ShoutTest(unittest.TestCase):
    def test_it(self):
        self.assertEqual(shout(), "ПРИВЕТ")
"""
RIGHT = "shout.py\n<<<<<<< SEARCH\n    return hello()\n=======\n    return hello().upper()\n"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with package_index() as (address, asked):
        monkeypatch.setenv("PIP_INDEX_URL", address)
        yield asked


def rules(code: str) -> tuple[dict[str, Any], ...]:
    works = [
        {"path": "requirements.txt", "purpose": "what it needs"},
        {"path": "shout.py", "purpose": "shouts"},
        {"path": "test_shout.py", "purpose": "tests of it"},
    ]
    other = [{"path": "other.html", "purpose": "a page"}]
    tasks = [
        {"id": "T1", "title": "Shouting", "works": works},
        {"id": "T2", "title": "Shouting again", "needs": ["T1"], "works": other},
    ]
    return (
        *planning(tasks),
        {"regex": "^Write requirements", "answer": fenced("greeting-of-the-test>=1\n")},
        {"regex": "^Write shout[.]py:", "answer": fenced(code)},
        {"regex": "^Write test_shout[.]py:", "answer": fenced(TEST)},
        {"regex": "^Write other[.]html:", "answer": fenced("<p>Hello</p>\n")},
        {"match": "You repair programs", "answer": f"{RIGHT}>>>>>>> REPLACE\n"},
    )


async def test_it_is_installed_beside_the_project_and_the_ladder_sees_it_too(
    tmp_path: Path, index: list[str]
) -> None:
    async with workroom(tmp_path / "w", rules(CODE.format("hello()"))) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        await room.engine.answer(run_id, (await room.question(run_id)).key, "Go ahead", by="test")
        question = await room.question(run_id)
        assert "greeting-of-the-test>=1'` needs network access" in question.text
        await room.engine.answer(run_id, question.key, ONLINE, by="test")
        _, result = await room.outcome(run_id)
        assert result.complete, result
        assert result.tasks[0].repaired.startswith("L2")
        assert sum(c.passed for c in result.tasks[0].checks) == 1
        assert index, "it came from the index"
        names = {p.name for p in room.root.iterdir()}
        assert names == {
            ".samokoder",
            "requirements.txt",
            "shout.py",
            "test_shout.py",
            "other.html",
        }


@pytest.mark.parametrize("asked", [False, True])
async def test_without_the_network_its_checks_are_not_run_and_nothing_is_applied(
    tmp_path: Path, index: list[str], asked: bool
) -> None:
    async with workroom(tmp_path / "w", rules(CODE.format("hello().upper()"))) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=not asked)
        if asked:
            first = await room.question(run_id)
            await room.engine.answer(run_id, first.key, "Go ahead", by="test")
            second = await room.question(run_id, after=first.key)
            await room.engine.answer(run_id, second.key, NO, by="test")
        _, result = await room.outcome(run_id)
        first_task, second_task = result.tasks
        assert first_task.end == "proposed"
        assert "unittest was not run: greeting_of_the_test is not installed" in first_task.reason
        assert "the network, which was not granted" in first_task.reason
        assert [c.id for c in first_task.checks if c.not_run] == ["unittest"]
        assert second_task.end == "waiting"
        assert not room.asked("You repair programs"), "no model mends what is merely not installed"
        assert not (room.root / "shout.py").exists()
        assert index == []
