"""The user edits the plan and its files while it is worked on: exactly those effects (R4, R24)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from workroom import Workroom, module, module_rules, planning, workroom

from samokoder.agents.generate.request import GenerateRequest, GenerateResult

WAIT = 0.4
"""Seconds a slow answer takes; the user's edits happen meanwhile."""


def _item(plan: str, id: str) -> str:
    """The lines of one task."""
    start = plan.index(f"- [ ] **{id}:")
    end = plan.find("\n- [ ]", start)
    return plan[start : end + 1 if end >= 0 else len(plan)]


def _without(plan: str, id: str) -> str:
    return plan.replace(_item(plan, id), "")


def _swapped(plan: str, one: str, other: str) -> str:
    first, second = _item(plan, one).rstrip(), _item(plan, other).rstrip()
    return plan.replace(first, "\0").replace(second, first).replace("\0", second)


ADDED = """
- [ ] One more
  - create `m9.py`: number 9
  - create `test_m9.py`: tests of 9
"""


def _edited(plan: str) -> str:
    """T2 is gone, T3 and T4 change places, one is added."""
    return _swapped(_without(plan, "T2"), "T3", "T4").rstrip() + "\n" + ADDED


async def _meanwhile(room: Workroom, words: str) -> None:
    """Wait until the model is asked something with these words."""
    with anyio.fail_after(30):
        while not room.asked(words):
            await anyio.sleep(0.01)


def _order(result: GenerateResult, room: Workroom) -> list[str]:
    """Tasks in the order in which they were written."""
    said: list[str] = []
    for call in room.calls:
        text = call.messages[-1][1]
        if "Write m" in text:
            said.append(text.partition("Write ")[2].partition(".py")[0])
    return said


def _rules(slow: int = 0) -> tuple[dict[str, Any], ...]:
    made = [module(n) for n in (1, 2, 3, 4)]
    return (
        *planning(made),
        *(r for n in (1, 2, 3, 4, 9) for r in module_rules(n, delay=WAIT if n == slow else 0)),
    )


async def test_deleted_reordered_and_added_before_it_begins(tmp_path: Path) -> None:
    async with workroom(tmp_path / "w", _rules(), parallel=1) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        question = await room.question(run_id)
        file = room.root / ".samokoder" / "plan.md"
        file.write_text(_edited(file.read_text()))
        await room.engine.answer(run_id, question.key, "Go ahead", by="test")
        _, result = await room.outcome(run_id)
        await _checked(room, result)


async def test_deleted_reordered_and_added_while_the_first_task_is_written(
    tmp_path: Path,
) -> None:
    async with workroom(tmp_path / "w", _rules(slow=1), parallel=1) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        await _meanwhile(room, "Write m1.py")
        file = room.root / ".samokoder" / "plan.md"
        file.write_text(_edited(file.read_text()))
        _, result = await room.outcome(run_id)
        await _checked(room, result)


async def test_an_unsaved_plan_in_an_editor_counts(tmp_path: Path) -> None:
    async with workroom(tmp_path / "w", _rules(slow=1), parallel=1) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        await _meanwhile(room, "Write m1.py")
        file = room.root / ".samokoder" / "plan.md"
        text = file.read_text()
        room.desk.open("ed", file, text)
        room.desk.type("ed", file, _edited(text))
        _, result = await room.outcome(run_id)
        assert room.desk.text("ed", file).count("- [x]") == 4, "ticked where it is open"
        assert file.read_text() == text, "saving is the editor's"
        await _checked(room, result)


async def _checked(room: Workroom, result: GenerateResult) -> None:
    ends = {t.title: t.end for t in result.tasks}
    assert ends.pop("Number 2", "deleted") == "deleted"
    assert ends == dict.fromkeys(("Number 1", "Number 3", "Number 4", "One more"), "done")
    assert _order(result, room) == ["m1", "m4", "m3", "m9"]
    found = sorted(p.name for p in room.root.glob("*.py"))
    assert found == sorted(f"{t}m{n}.py" for n in (1, 3, 4, 9) for t in ("", "test_"))
    assert result.complete


async def test_a_reworded_task_is_done_as_it_reads_now(tmp_path: Path) -> None:
    async with workroom(tmp_path / "w", _rules(slow=1), parallel=1) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        await _meanwhile(room, "Write m1.py")
        file = room.root / ".samokoder" / "plan.md"
        file.write_text(file.read_text().replace("Number 2", "Number two, politely"))
        _, result = await room.outcome(run_id)
        assert result.complete
        assert "“Number 2” now reads “Number two, politely”" in result.notes
        assert "politely" in room.asked("Write m2.py")[0].messages[-1][1]


async def test_a_task_without_files_gets_them_from_the_tech_lead(tmp_path: Path) -> None:
    detail = {
        "match": "Plan exactly one task",
        "answer": '{"tasks": [{"works": [{"path": "m9.py", "purpose": "number 9"}, '
        '{"path": "test_m9.py", "purpose": "tests of 9"}]}]}',
    }
    rules = (detail, *planning([module(1)]), *module_rules(1, delay=WAIT), *module_rules(9))
    async with workroom(tmp_path / "w", rules) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        await _meanwhile(room, "Write m1.py")
        file = room.root / ".samokoder" / "plan.md"
        file.write_text(file.read_text() + "\n- [ ] A ninth number\n")
        _, result = await room.outcome(run_id)
        assert result.complete, result
        assert "A ninth number" in room.asked("Plan exactly one task")[0].messages[-1][1]
        assert (room.root / "m9.py").exists()


@pytest.mark.parametrize("where", ["disk", "editor"])
async def test_what_the_user_types_into_a_file_of_the_plan_is_merged(
    tmp_path: Path, where: str
) -> None:
    root = tmp_path / "w"
    old = '"""Number 1."""\n\n\ndef number() -> int:\n    """The number."""\n    return 7\n'
    mine = old.replace('"""Number 1."""', '"""Number one, said the user."""')
    block = "m1.py\n<<<<<<< SEARCH\n    return 7\n=======\n    return 1\n>>>>>>> REPLACE\n"
    tasks = [{**module(1), "works": [{"path": "m1.py", "action": "edit", "purpose": "be one"}]}]
    tasks[0]["works"].append({"path": "test_m1.py", "purpose": "tests of 1"})
    rules = (
        {"regex": r"^Change m1[.]py:", "answer": block, "delay": WAIT},
        *planning(tasks),
        *module_rules(1),
    )
    root.mkdir()
    (root / "m1.py").write_text(old)
    async with workroom(root, rules) as room:
        if where == "editor":
            room.desk.open("ed", root / "m1.py", old)
        run_id = await room.start(GenerateRequest(brief="make it one"))
        await _meanwhile(room, "Change m1.py")
        if where == "editor":
            room.desk.type("ed", root / "m1.py", mine)
        else:
            (root / "m1.py").write_text(mine)
        _, result = await room.outcome(run_id)
        assert result.complete, result
        wanted = mine.replace("return 7", "return 1")
        if where == "editor":
            assert room.desk.text("ed", root / "m1.py") == wanted
        else:
            assert (root / "m1.py").read_text() == wanted


async def test_what_cannot_be_merged_is_told_and_the_user_s_text_stays(tmp_path: Path) -> None:
    root = tmp_path / "w"
    old = '"""Number 1."""\n\n\ndef number() -> int:\n    """The number."""\n    return 7\n'
    mine = old.replace("return 7", "return 70")
    block = "m1.py\n<<<<<<< SEARCH\n    return 7\n=======\n    return 1\n>>>>>>> REPLACE\n"
    works = [
        {"path": "m1.py", "action": "edit", "purpose": "be one"},
        {"path": "test_m1.py", "purpose": "tests of 1"},
    ]
    tasks = [{**module(1), "works": works}, {**module(2), "needs": ["T1"]}, module(3)]
    rules = (
        {"regex": r"^Change m1[.]py:", "answer": block, "delay": WAIT},
        *planning(tasks),
        *(r for n in (1, 2, 3) for r in module_rules(n)),
    )
    root.mkdir()
    (root / "m1.py").write_text(old)
    async with workroom(root, rules, parallel=1) as room:
        run_id = await room.start(GenerateRequest(brief="make it one"))
        await _meanwhile(room, "Change m1.py")
        (root / "m1.py").write_text(mine)
        _, result = await room.outcome(run_id)
        assert {t.id: t.end for t in result.tasks} == {
            "T1": "conflict",
            "T2": "waiting",
            "T3": "done",
        }
        assert "m1.py" in result.tasks[0].reason
        assert (root / "m1.py").read_text() == mine
        assert not (root / "test_m1.py").exists(), "all of the task or nothing"


async def test_a_file_the_user_changes_between_tasks_is_what_the_next_one_sees(
    tmp_path: Path,
) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / "names.py").write_text("NAME = 'old'\n")
    block = "names.py\n<<<<<<< SEARCH\nNAME = 'new'\n=======\nNAME = 'newer'\n>>>>>>> REPLACE\n"
    works = [{"path": "names.py", "action": "edit", "purpose": "newer"}]
    tasks = [module(1), {"id": "T2", "title": "Names", "works": works, "needs": ["T1"]}]
    rules = (
        *planning(tasks),
        *module_rules(1, delay=WAIT),
        {"regex": r"^Change names[.]py:", "answer": block},
    )
    async with workroom(root, rules) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        await _meanwhile(room, "Write m1.py")
        (root / "names.py").write_text("NAME = 'new'\n")
        _, result = await room.outcome(run_id)
        assert result.complete, result
        assert (root / "names.py").read_text() == "NAME = 'newer'\n"
