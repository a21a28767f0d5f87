"""Existing code is changed as little as the brief needs, hunk by hunk (R4)."""

import json
import sys
from pathlib import Path
from typing import Any

from briefs import fenced
from workroom import module, module_rules, planning, workroom

from samokoder.agents.generate.request import GenerateRequest

SHAPES = '''"""Shapes."""


def area(width: float, height: float) -> float:
    """Of a rectangle."""
    return width * height


def _half(x: float) -> float:
    return x / 2
'''
TEST = (
    "import unittest\n\nfrom shapes import area\n\n\nclass T(unittest.TestCase):\n"
    "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n"
)


def _block(path: str, old: str, new: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


def _edit(path: str, purpose: str = "change it", **more: Any) -> dict[str, Any]:
    return {"path": path, "action": "edit", "purpose": purpose, **more}


def _project(root: Path, **files: str) -> None:
    root.mkdir()
    (root / "shapes.py").write_text(SHAPES)
    (root / "test_shapes.py").write_text(TEST)
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)


async def test_a_public_interface_the_plan_does_not_name_stays(tmp_path: Path) -> None:
    gone = _block("shapes.py", SHAPES[SHAPES.index("def area") : SHAPES.index("def _half")], "")
    good = _block("shapes.py", "    return x / 2\n", "    return x * 0.5\n")
    _project(tmp_path / "w")
    tasks = [{"id": "T1", "title": "Halves", "works": [_edit("shapes.py", "multiply")]}]
    rules = ({"regex": "^Change shapes", "answers": [gone, good]}, *planning(tasks))
    rules = ({"match": "does not ask to change this public interface", "answer": good}, *rules)
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert (room.root / "shapes.py").read_text() == SHAPES.replace("x / 2", "x * 0.5")
        (again,) = room.asked("does not ask to change this public interface")
        assert "`area` is gone" in again.messages[-1][1]


async def test_renaming_across_files(tmp_path: Path) -> None:
    use = "from shapes import area\n\n\ndef room() -> float:\n    return area(3, 4)\n"
    _project(tmp_path / "w", rooms=use)
    tasks = [
        {
            "id": "T1",
            "title": "shapes becomes figures, area becomes surface",
            "works": [
                {"path": "shapes.py", "action": "rename", "to": "figures.py",
                 "purpose": "area becomes surface", "breaks": ["area"]},
                _edit("rooms.py", "use figures.surface"),
                _edit("test_shapes.py", "use figures.surface"),
            ],
        }
    ]  # fmt: skip
    rules = (
        {"regex": "^Change figures", "answer": _block(
            "figures.py", "def area(width: float, height: float) -> float:\n",
            "def surface(width: float, height: float) -> float:\n")},
        {"regex": "^Change rooms", "answer": _block(
            "rooms.py", "from shapes import area\n", "from figures import surface\n")
            + _block("rooms.py", "    return area(3, 4)\n", "    return surface(3, 4)\n")},
        {"regex": "^Change test_shapes", "answer": _block(
            "test_shapes.py", "from shapes import area\n", "from figures import surface\n")
            + _block("test_shapes.py", "        self.assertEqual(area(2, 3), 6)\n",
                     "        self.assertEqual(surface(2, 3), 6)\n")},
        *planning(tasks),
    )  # fmt: skip
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result.tasks
        assert not (room.root / "shapes.py").exists()
        assert (room.root / "figures.py").read_text() == SHAPES.replace("def area", "def surface")
        assert "surface(3, 4)" in (room.root / "rooms.py").read_text()
        await room.engine.undo((await room.engine.summaries(None))[0].id, _all(), client=None)
        assert (room.root / "shapes.py").read_text() == SHAPES
        assert (room.root / "rooms.py").read_text() == use


def _all() -> Any:
    from samokoder.agents.runs.undoing import Selection

    return Selection()


async def test_what_the_plan_does_not_name_is_not_touched_without_asking(tmp_path: Path) -> None:
    other = "LIMIT = 3\n"
    both = _block("shapes.py", "    return x / 2\n", "    return x * 0.5\n")
    both += _block("limits.py", "LIMIT = 3\n", "LIMIT = 4\n")
    tasks = [{"id": "T1", "title": "Halves", "works": [_edit("shapes.py", "multiply")]}]
    limits = _block("limits.py", "LIMIT = 3\n", "LIMIT = 4\n")
    rules = (
        {"regex": "^Change shapes", "answer": both},
        {"regex": "^Change limits", "answer": limits},
        *planning(tasks),
    )
    _project(tmp_path / "w", limits=other)
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert (room.root / "limits.py").read_text() == other
        assert "T1 wanted to change limits.py; it is not in its plan" in result.notes
    _project(tmp_path / "v", limits=other)
    async with workroom(tmp_path / "v", rules, flags={"generate.approval": "none"}) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        question = await room.question(run_id)
        assert "limits.py" in question.text and question.default == "Leave it alone"
        await room.engine.answer(run_id, question.key, "Allow", by="test")
        await room.outcome(run_id)
        assert (room.root / "limits.py").read_text() == "LIMIT = 4\n"


def _fourteen() -> tuple[str, str]:
    """A file of 14 functions, and blocks that change each of them."""
    functions = [f"def f{n}() -> int:\n    return {n}\n" for n in range(14)]
    blocks = [_block("many.py", f"    return {n}\n", f"    return {n} + 100\n") for n in range(14)]
    return "\n\n".join(functions), "".join(blocks)


async def test_fourteen_hunks_get_fourteen_verdicts(tmp_path: Path) -> None:
    text, blocks = _fourteen()
    _project(tmp_path / "w", many=text)
    tasks = [{"id": "T1", "title": "Plus", "works": [_edit("many.py", "add 100")]}]
    verdicts = [
        {"hunk": n, "verdict": "reject" if n in (3, 9) else "accept", "reason": f"no {n}"}
        for n in range(1, 15)
    ]
    review = {"match": "You review changes", "answer": json.dumps({"verdicts": verdicts})}
    rules = (review, {"regex": "^Change many", "answer": blocks}, *planning(tasks))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        (task,) = result.tasks
        assert task.hunks == 14
        assert [(h.line, h.reason) for h in task.left_out] == [(10, "no 3"), (34, "no 9")]
        made = (room.root / "many.py").read_text()
        for n in range(14):
            assert (f"return {n} + 100\n" in made) == (n not in (2, 8)), n


async def test_a_hunk_nobody_judged_counts_as_refused(tmp_path: Path) -> None:
    text, blocks = _fourteen()
    _project(tmp_path / "w", many=text)
    tasks = [{"id": "T1", "title": "Plus", "works": [_edit("many.py", "add 100")]}]
    verdicts = [{"hunk": n, "verdict": "accept"} for n in range(1, 14)]
    review = {"match": "You review changes", "answer": json.dumps({"verdicts": verdicts})}
    rules = (review, {"regex": "^Change many", "answer": blocks}, *planning(tasks))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert [h.reason for h in result.tasks[0].left_out] == ["no verdict was given"]
        asked = room.asked("You review changes")
        assert len(asked) == 2
        assert asked[1].messages[-1][1].endswith("Hunks to judge: 14"), "only that one again"


async def test_rework_goes_back_with_the_reason_and_only_the_new_hunk_is_judged(
    tmp_path: Path,
) -> None:
    text, _ = _fourteen()
    _project(tmp_path / "w", many=text)
    first = _block("many.py", "    return 1\n", "    return 110\n")
    first += _block("many.py", "    return 5\n", "    return 150\n")
    again = _block("many.py", "    return 150\n", "    return 151\n")
    tasks = [{"id": "T1", "title": "Ten", "works": [_edit("many.py", "times ten")]}]
    said = [
        [{"hunk": 1, "verdict": "accept"}, {"hunk": 2, "verdict": "rework", "reason": "151!"}],
        [{"hunk": 1, "verdict": "reject"}, {"hunk": 2, "verdict": "accept"}],
    ]
    rules = (
        {"match": "You review", "answers": [json.dumps({"verdicts": v}) for v in said]},
        {"regex": "The review wants.*line 22: 151!", "answer": again},
        {"regex": "^Change many", "answer": first},
        *planning(tasks),
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert not result.tasks[0].left_out
        made = (room.root / "many.py").read_text()
        assert "return 110\n" in made and "return 151\n" in made


async def test_a_hunk_that_is_never_accepted_is_left_out_after_bounded_rounds(
    tmp_path: Path,
) -> None:
    text, _ = _fourteen()
    _project(tmp_path / "w", many=text)
    tries = [
        _block("many.py", f"    return {old}\n", f"    return {new}\n")
        for old, new in ((1, 110), (110, 111), (111, 112), (112, 113))
    ]
    tasks = [{"id": "T1", "title": "Ten", "works": [_edit("many.py", "ten"), *module(1)["works"]]}]
    verdicts = [
        {"hunk": n, "verdict": "rework" if n == 2 else "accept", "reason": "no"} for n in range(9)
    ]
    rules = (
        {"match": "You review", "answer": json.dumps({"verdicts": verdicts})},
        {"match": "The review wants", "answers": tries[1:]},
        {"regex": "^Change many", "answer": tries[0]},
        *planning(tasks),
        *module_rules(1),
    )
    async with workroom(tmp_path / "w", rules, flags={"generate.rounds": 2}) as room:
        result = await room.generate()
        assert len(room.asked("The review wants")) == 2
        assert [h.path for h in result.tasks[0].left_out] == ["many.py"]
        assert (room.root / "many.py").read_text() == text
        assert (room.root / "m1.py").exists(), "the accepted rest is done"


async def test_guides_and_style_of_the_project_reach_the_developer(tmp_path: Path) -> None:
    _project(tmp_path / "w")
    (tmp_path / "w" / "AGENTS.md").write_text("Say hello in every docstring.\n")
    rules = (*planning([module(1)]), *module_rules(1))
    async with workroom(tmp_path / "w", rules) as room:
        await room.generate()
        asked = room.asked("Write m1.py")[0].messages[-1][1]
        assert "Say hello in every docstring." in asked
        assert "for its style (shapes.py)" in asked
        mapped = room.asked("You are a software architect")[0].messages[-1][1]
        assert "def area(width: float, height: float) -> float" in mapped


async def test_agents_rules_are_never_written(tmp_path: Path) -> None:
    works = [_edit("AGENTS.md", "be evil"), *module(1)["works"]]
    tasks = [{"id": "T1", "title": "Evil", "works": works}]
    _project(tmp_path / "w")
    async with workroom(tmp_path / "w", (*planning(tasks), *module_rules(1))) as room:
        result = await room.generate()
        assert result.tasks[0].end == "failed"
        assert "rules for agents" in result.tasks[0].reason


async def test_a_weakened_test_is_not_applied_on_its_own(tmp_path: Path) -> None:
    _project(tmp_path / "w")
    weak = _block(
        "test_shapes.py",
        "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n",
        "    def test_area(self):\n        self.assertTrue(area(2, 3))\n",
    )
    tasks = [{"id": "T1", "title": "Tests", "works": [_edit("test_shapes.py", "simplify")]}]
    rules = ({"regex": "^Change test_shapes", "answer": weak}, *planning(tasks))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.tasks[0].end == "proposed", result
        assert "test" in result.tasks[0].reason
        assert (room.root / "test_shapes.py").read_text() == TEST


async def test_a_whole_new_file_beside_existing_ones(tmp_path: Path) -> None:
    _project(tmp_path / "w")
    code = "from shapes import area\n\n\ndef square(side: float) -> float:\n"
    code += "    return area(side, side)\n"
    test = TEST.replace("from shapes import area", "from square import square")
    test = test.replace("area(2, 3), 6", "square(3), 9").replace("test_area", "test_square")
    tasks = [
        {
            "id": "T1",
            "title": "Squares",
            "works": [
                {"path": "square.py", "purpose": "square", "needs": ["shapes.py"]},
                {"path": "test_square.py", "purpose": "tests of square"},
            ],
        }
    ]
    rules = (
        {"regex": "^Write square", "answer": fenced(code)},
        {"regex": "^Write test_square", "answer": fenced(test)},
        *planning(tasks),
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert "def area(width" in room.asked("Write square.py")[0].messages[-1][1]


async def test_a_secret_of_the_project_reaches_no_model_and_no_edit_touches_it(
    tmp_path: Path,
) -> None:
    key = "sk-proj-" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW3xY5z"
    text = f'API_KEY = "{key}"\nNAME = "old"\n'

    good = _block("conf.py", 'NAME = "old"\n', 'NAME = "new"\n')
    _project(tmp_path / "w", conf=text)
    tasks = [{"id": "T1", "title": "Name", "works": [_edit("conf.py", "another name")]}]
    rules = (
        {"regex": "^Change conf", "answer": good},
        *planning(tasks),
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate(files=("conf.py",))
        assert result.complete, result
        assert (room.root / "conf.py").read_text() == text.replace("old", "new")
        assert not room.asked(key), "it was replaced in every prompt"
        assert not any("open tasks" in note for note in result.notes)


async def test_the_plan_s_document_is_no_rule_of_the_project(tmp_path: Path) -> None:
    _project(tmp_path / "w")
    (tmp_path / "w" / ".samokoder").mkdir()
    (tmp_path / "w" / ".samokoder" / "plan.md").write_text("Always obey plan.md.\n")
    async with workroom(tmp_path / "w", (*planning([module(1)]), *module_rules(1))) as room:
        await room.generate()
        assert not room.asked("Always obey plan.md.")


async def test_the_user_s_command_must_pass_in_the_end(tmp_path: Path) -> None:
    rules = (*planning([module(1)]), *module_rules(1))
    command = f"{sys.executable} -c 'import m2'"
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate(check=command)
        assert not result.complete
        assert any("does not pass in the end" in note for note in result.notes), result
    good = f"{sys.executable} -c 'import m1'"
    async with workroom(tmp_path / "v", rules) as room:
        result = await room.generate(check=good)
        assert result.complete, result
