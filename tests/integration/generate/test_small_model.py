"""A small model: several versions of a module, claims about it, and what runs decides (R3)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from briefs import fenced
from workroom import workroom

BRIEF = (
    "A small Python library `doubling` with two functions: `double(x)` returns twice a number and "
    "`half(x)` returns half of it and raises TypeError for text; with tests."
)
RIGHT = "def double(x):\n    return x * 2\n\n\ndef half(x):\n    return x / 2\n"
WRONG = "def double(x):\n    return x ** 2\n\n\ndef half(x):\n    return x / 2\n"
CLAIMS = (
    "```python\nassert double(2) == 4\nassert double(5) == 10\nassert double(-1) == -2\n"
    "assert half(4) == 2\nraises(TypeError, half, 'a')\nassert half(1) == 1\n```"
)


DOUBLE = "def double(x):\n    return x * 2\n"


def rules(*versions: str, claims: str = CLAIMS) -> tuple[dict[str, Any], ...]:
    return (
        {"match": "Write the Python module", "answers": [fenced(v) for v in versions]},
        {"match": "Write one of its functions, `double(x)`", "answer": fenced(DOUBLE)},
        {"match": "will be written to this description", "answer": claims},
    )


def unittest(folder: Path) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-m", "unittest", "-v")
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


async def test_versions_are_tried_until_they_agree(tmp_path: Path) -> None:
    """The first version is wrong, one claim is wrong; neither is delivered."""
    async with workroom(tmp_path / "w", rules(WRONG, RIGHT), small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete, result
        assert (room.root / "doubling.py").read_text() == RIGHT
        tests = (room.root / "test_doubling.py").read_text()
        assert "half(1), 1" not in tests, "a claim that no version keeps is no test"
        assert any("half(1) == 1" in note for note in result.notes), "and it is told"
        done = unittest(room.root)
        assert done.returncode == 0 and "Ran 5 tests" in done.stderr, done.stderr
        assert len(room.asked("Write the Python module")) == 2
        assert len(room.calls) == 4, "no plan, no review: every token goes into the module"


async def test_only_the_function_in_doubt_is_written_again(tmp_path: Path) -> None:
    other = WRONG.replace("x ** 2", "x + 3")
    async with workroom(tmp_path / "w", rules(WRONG, other), small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete, result
        assert (room.root / "doubling.py").read_text() == RIGHT
        assert len(room.asked("Write the Python module")) == 2
        (asked,) = room.asked("Write one of its functions")
        assert "`double(x)`" in asked.messages[-2][1]
        assert "assert" not in asked.messages[-2][1], "who writes sees no claim"


async def test_when_all_claims_hold_and_another_does_the_same_it_is_enough(
    tmp_path: Path,
) -> None:
    claims = CLAIMS.replace("assert half(1) == 1\n", "")
    async with workroom(tmp_path / "w", rules(RIGHT, claims=claims), small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete
        assert len(room.calls) == 4, "the module twice, and claims about each function"


async def test_what_the_claims_do_not_see_is_decided_by_most_versions(tmp_path: Path) -> None:
    """All keep every claim; two of three agree on what a number below zero gives."""
    odd = RIGHT.replace("return x * 2", "return abs(x) * 2")
    claims = "assert double(2) == 4\nassert half(4) == 2\n"
    versions = rules(odd, RIGHT, claims=claims)
    async with workroom(tmp_path / "w", versions, small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete, result
        assert (room.root / "doubling.py").read_text() == RIGHT


async def test_functions_of_two_versions_become_one_module(tmp_path: Path) -> None:
    """Each version has one function right: no further call is needed."""
    first = "def double(x):\n    return x * 2\n\n\ndef half(x):\n    return x\n"
    second = (
        "import operator\n\nTWO = 2\n\n\ndef double(x):\n    return x\n\n\n"
        "def half(x):\n    return operator.truediv(x, TWO)\n"
    )
    claims = CLAIMS.replace("assert half(1) == 1\n", "")
    async with workroom(tmp_path / "w", rules(first, second, claims=claims), small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete, result
        assert len(room.asked("Write the Python module")) == 2
        text = (room.root / "doubling.py").read_text()
        assert "return x * 2" in text and "operator.truediv(x, TWO)" in text
        assert unittest(room.root).returncode == 0


async def test_the_version_that_passes_most_given_tests_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    tests = (
        "import unittest\n\nfrom doubling import double\n\n\nclass T(unittest.TestCase):\n"
        + "".join(
            f"    def test_{n}(self):\n        self.assertEqual(double({n}), {n * 2})\n\n"
            for n in (0, 2, 3)
        )
    )
    (root / "doubling_test.py").write_text(tests)
    worse = "def double(x):\n    return 7\n"
    repair = {"match": "You repair programs", "answer": fenced(RIGHT)}
    script = (
        {"match": "Write the whole file", "answers": [fenced(WRONG), fenced(worse)]},
        {"match": "Write the function", "answer": "I do not know."},
        repair,
    )
    async with workroom(root, script, small=True) as room:
        result = await room.generate("Implement doubling.py so that its tests pass.")
        assert result.complete, result
        assert result.tasks[0].repaired.startswith("L1"), "a slip in the better one is found"
        assert not room.asked("You repair programs")


async def test_what_is_far_from_right_is_not_repaired(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    test = "import unittest\n\nfrom doubling import double\n\n\nclass T(unittest.TestCase):\n"
    for n in (2, 3, 4):
        test += f"    def test_{n}(self):\n        self.assertEqual(double({n}), {n * 2})\n\n"
    (root / "doubling_test.py").write_text(test)
    seven = {"match": "Write the whole file", "answer": fenced("def double(x):\n    return 7\n")}
    async with workroom(root, (seven,), small=True) as room:
        result = await room.generate("Implement doubling.py so that its tests pass.")
        assert [t.end for t in result.tasks] == ["failed"]
        assert len(room.calls) == 4, "after four that pass nothing no more are bought"


async def test_without_any_claim_it_stays_a_proposal(tmp_path: Path) -> None:
    """A module that nothing speaks for is shown, and not applied."""
    script = rules(RIGHT, claims="I would rather not.")
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate(BRIEF)
        assert [t.end for t in result.tasks] == ["proposed"]
        assert not (room.root / "doubling.py").exists()


async def test_where_no_version_keeps_any_claim_the_last_one_is_shown_them(
    tmp_path: Path,
) -> None:
    claims = "assert double(2) == 4\nassert double(5) == 10\nassert half(4) == 2\n"
    wrong = RIGHT.replace("return x * 2", "return [x, x]")
    alone = "def double(x):\n    return [x] * 2\n"
    shown = {
        "regex": "Write one of its.*For example.*assert double.5. == 10",
        "answer": fenced(DOUBLE),
    }
    script = (
        shown,
        {"match": "Write one of its functions", "answer": fenced(alone)},
        *rules(wrong, wrong, claims=claims),
    )
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate(BRIEF)
        assert result.complete, result
        assert (room.root / "doubling.py").read_text() == RIGHT
        assert len(room.calls) == 6


async def test_a_function_of_which_no_claim_holds_is_left_to_the_user(tmp_path: Path) -> None:
    claims = "assert double(2) == 4\nassert half(4) == [2]\nassert half(2) == [1]\n"
    half = "def half(x):\n    return x / 2\n"
    script = (*rules(RIGHT, claims=claims), {"match": "Write one of its", "answer": fenced(half)})
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate(BRIEF)
        (task,) = result.tasks
        assert task.end == "proposed"
        assert "nothing that was claimed about `half` holds" in task.reason
        assert len(room.asked("Write one of its functions, `half(x)`")) == 2


async def test_what_never_works_is_not_delivered(tmp_path: Path) -> None:
    broken = ("def double(x)\n    return", "import nothing_like_it\n", "while True:\n    pass\n")
    async with workroom(tmp_path / "w", rules(*broken), small=True) as room:
        result = await room.generate(BRIEF)
        assert not result.complete
        assert [t.end for t in result.tasks] == ["failed"]
        assert not (room.root / "doubling.py").exists()
        assert len(room.asked("Write the Python module")) == 6, "model.samples bounds it"


async def test_an_example_of_the_brief_is_never_given_up(tmp_path: Path) -> None:
    brief = BRIEF.replace("with tests", "`double(3)` gives `6`; with tests")
    claims = "assert double(2) == 4\nassert half(4) == 2\n"
    async with workroom(tmp_path / "w", rules(WRONG, claims=claims), small=True) as room:
        result = await room.generate(brief)
        assert [t.end for t in result.tasks] == ["failed"]
        assert "what the brief shows" in result.tasks[0].reason


async def test_a_program_prints_what_the_brief_shows(tmp_path: Path) -> None:
    brief = (
        "A Python command line tool `doubling` with the function `double(x)`, where "
        "`python -m doubling 4` prints 8; with tests."
    )
    silent = "def double(x):\n    return x * 2\n"
    main = "\n\nif __name__ == '__main__':\n    import sys\n\n    print(double(int(sys.argv[1])))\n"
    script = rules(silent, silent + main, claims="assert double(1) == 2")
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate(brief)
        assert result.complete, result
        assert "def test_program_1" in (room.root / "test_doubling.py").read_text()
        assert unittest(room.root).returncode == 0


async def test_a_program_must_be_usable_as_the_brief_says(tmp_path: Path) -> None:
    brief = (
        "A Python command line tool `lines` with the function `count(text)`, where "
        "`python -m lines FILE` prints the number of lines of the file; with tests."
    )
    count = "import sys\n\n\ndef count(text):\n    return len(text.splitlines())\n"
    main = "\n\nif __name__ == '__main__':\n    print(count({}))\n"
    wrong, right = main.format("sys.argv[2]"), main.format("open(sys.argv[1]).read()")
    script = rules(count, count + wrong, count + right, claims="assert count('a') == 1")
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate(brief)
        assert result.complete, result
        assert "open(sys.argv[1])" in (room.root / "lines.py").read_text()
        assert len(room.asked("Write the Python module")) == 3


async def test_given_tests_decide_alone(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    tests = (
        "import unittest\n\nfrom doubling import double\n\n\nclass T(unittest.TestCase):\n"
        "    def test_two(self):\n        self.assertEqual(double(2), 4)\n\n"
        "    def test_three(self):\n        self.assertEqual(double(3), 6)\n"
    )
    (root / "doubling_test.py").write_text(tests)
    (root / "doubling.py").write_text("def double(x):\n    pass\n")
    script = ({"match": "Write the whole file", "answers": [fenced(WRONG), fenced(RIGHT)]},)
    async with workroom(root, script, small=True) as room:
        result = await room.generate("Implement doubling.py so that its tests pass.")
        assert result.complete, result
        assert (root / "doubling.py").read_text() == RIGHT
        assert (root / "doubling_test.py").read_text() == tests
        assert len(room.calls) == 2
        assert all("test_three" in json.dumps(c.messages) for c in room.calls)


async def test_a_brief_that_names_nothing_goes_to_the_tech_lead(tmp_path: Path) -> None:
    task = {"id": "T1", "title": "It", "works": [{"path": "notes.txt", "purpose": "a note"}]}
    script = (
        {"match": "You are a tech lead", "answer": json.dumps({"tasks": [task]})},
        {"match": "Write notes.txt", "answer": "```\nhello\n```"},
    )
    async with workroom(tmp_path / "w", script, small=True) as room:
        result = await room.generate("Something nice")
        assert [t.id for t in result.tasks] == ["T1"]
        assert len(room.asked("You are a tech lead")) == 1
