"""Files of a level are written at once, within the places; what comes next is fetched early."""

import json
from pathlib import Path
from typing import Any

from briefs import fenced
from workroom import module, module_rules, planning, workroom

from samokoder.agents.models.script_log import Call

DELAY = 0.25


def _files(count: int, level: int, needs: list[str]) -> list[dict[str, Any]]:
    return [
        {"path": f"m{level}_{n}.json", "purpose": "a number", "needs": needs} for n in range(count)
    ]


def _most(calls: list[Call]) -> int:
    """How many were under way at the same time."""
    moments = sorted([(c.asked, 1) for c in calls] + [(c.ended, -1) for c in calls])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


async def test_a_level_is_written_at_once_within_the_places(tmp_path: Path) -> None:
    works = [*_files(5, 0, ["none"]), *_files(4, 1, ["m0_0.json"])]
    tasks = [{"id": "T1", "title": "All", "works": works}]
    rules = (
        *planning(tasks),
        {"regex": "^Write m", "answer": fenced('{"number": 1}\n'), "delay": DELAY},
    )
    async with workroom(tmp_path / "w", rules, flags={"model.parallel": 3}) as room:
        result = await room.generate()
        assert result.complete, result
        first, second = room.asked("Write m0_"), room.asked("Write m1_")
        assert (len(first), len(second)) == (5, 4)
        assert _most([*first, *second]) == 3
        done = next(c.ended for c in first if "Write m0_0" in c.messages[-1][1])
        assert all(c.asked >= done for c in second), "none before what it needs"
        early = min(c.asked for c in second)
        assert early < max(c.ended for c in first), "it waits for what it needs, not for the level"


async def test_what_another_file_gives_is_shown_to_who_needs_it(tmp_path: Path) -> None:
    works = [
        {"path": "a.py", "purpose": "a"},
        {"path": "b.py", "purpose": "b", "needs": ["a.py"]},
        {"path": "test_all.py", "purpose": "tests"},
    ]
    code = "def made(x: int) -> int:\n    return _hidden(x)\n\n\ndef _hidden(x):\n    return x\n"
    test = (
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        pass\n"
    )
    rules = (
        *planning([{"id": "T1", "title": "All", "works": works}]),
        {"regex": "^Write [ab]", "answer": fenced(code)},
        {"regex": "^Write test", "answer": fenced(test)},
    )
    async with workroom(tmp_path / "w", rules) as room:
        await room.generate()
        (asked,) = room.asked("Write b.py")
        assert "def made(x: int) -> int" in asked.messages[-1][1]
        assert "_hidden" not in asked.messages[-1][1]
        (asked,) = room.asked("Write test_all.py")
        assert asked.messages[-1][1].count("def made") == 2, "tests see all there is to test"


async def test_files_of_the_next_task_are_found_while_this_one_is_written(tmp_path: Path) -> None:
    second = json.dumps({"tasks": [{"works": module(2)["works"]}]})
    tasks = [module(1), {"id": "T2", "title": "Number 2", "needs": ["T1"]}]
    rules = (
        {"match": "Plan exactly one task", "answer": second},
        *planning(tasks),
        *module_rules(1, delay=DELAY),
        *module_rules(2),
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        (detail,) = room.asked("Plan exactly one task")
        assert detail.asked < room.asked("Write test_m1.py")[0].ended


async def test_prompts_begin_with_what_stays_the_same(tmp_path: Path) -> None:
    rules = (*planning([module(1), module(2)]), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules) as room:
        await room.generate()
        asked = [c.messages for c in room.asked("You are a developer")]
        assert len({m[0] for m in asked}) == 1, "one system prompt"
        first = asked[0][1][1]
        shared = first[: first.index("Task T1")]
        assert "Plain files." in shared, "then the design"
        assert all(m[1][1].startswith(shared) for m in asked), "then the task"
