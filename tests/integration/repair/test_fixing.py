"""Real programs are broken, checked in real scratch copies, and fixed by each rung (R8)."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import msgspec
import pytest

from samokoder.agents.models.model import ChatRequest, Delta, Profile, Role, Usage
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.check import CheckRequest, check
from samokoder.agents.repair.fix import FixRequest, FixResult, fix
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import FixSettings, Settings
from samokoder.agents.workspace.capture import Tree

UNITTEST = f"{sys.executable} -m unittest -q"


class Says:
    """A model that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: str, small: bool = True) -> None:
        self._answers = answers
        self.requests: list[ChatRequest] = []
        self.profile = Profile("scripted", "says", small=small, remote=False)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        text = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        yield Delta(text)
        yield Delta("", Usage(request.chars // 4, len(text) // 4), "stop")

    async def aclose(self) -> None:
        return


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


def lay(root: Path, files: dict[str, str]) -> None:
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text)


async def a_run(
    root: Path, files: dict[str, str], *rungs: str, model: Says | None = None
) -> DirectRun:
    lay(root, files)
    snapshot = await Tree(root).capture()
    settings = msgspec.structs.replace(Settings(), fix=FixSettings(rungs=rungs))  # type: ignore[arg-type]
    return DirectRun(snapshot, settings, {Role.CODER: model} if model else {})


def only(result: FixResult) -> str:
    """The new text of the only file that was changed."""
    (fixed,) = result.fixes
    assert fixed.change is not None, result.reason
    (change,) = fixed.change.changes
    assert change.after is not None
    return change.after.decode()


TEST = """\
import unittest
from app import add


class AddTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(add(2, 3), 5)

    def test_zero(self):
        self.assertEqual(add(0, 0), 0)

    def test_negative(self):
        self.assertEqual(add(-2, 5), 3)
"""
WRONG = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"


async def test_a_missing_import_costs_no_token(tmp_path: Path, tools: Tools) -> None:
    files = {
        "app.py": "def area(r):\n    return math.pi * r\n",
        "test_app.py": "import unittest\nfrom app import area\n\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.assertGreater(area(1), 3)\n",
    }
    run = await a_run(tmp_path / "w", files, "L0")
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == "import math\n\n\ndef area(r):\n    return math.pi * r\n"
    assert result.tokens == result.calls == 0
    (fixed,) = result.fixes
    assert fixed.receipt is not None
    assert [r.exit_code == 0 for r in fixed.receipt.before] == [False]
    assert [r.exit_code == 0 for r in fixed.receipt.after] == [True]
    assert [r.exit_code == 0 for r in fixed.receipt.control] == [False]
    assert run.delivered[0][1] is True


async def test_syntax_is_repaired(tmp_path: Path, tools: Tools) -> None:
    broken = "def add(a, b)\n    return (a + b\n"
    run = await a_run(tmp_path / "w", {"app.py": broken, "test_app.py": TEST}, "L0")
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == "def add(a, b):\n    return (a + b)\n"


async def test_mutation_repairs_an_operator(tmp_path: Path, tools: Tools) -> None:
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L0", "L1")
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == RIGHT
    assert result.fixes[0].rung == "L1"
    assert result.calls == 0


async def test_a_small_model_rewrites_one_function(tmp_path: Path, tools: Tools) -> None:
    model = Says(
        "I think:\n```python\ndef add(a, b):\n    return a * b\n```", f"```python\n{RIGHT}```"
    )
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L2", model=model)
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == RIGHT
    assert result.calls == len(model.requests) == 2
    temperatures = [r.temperature for r in model.requests]
    assert temperatures == sorted(set(temperatures)), "the same prompt twice at temperature 0"
    assert max(r.chars for r in model.requests) <= 3000


async def test_a_large_model_gives_blocks_and_hears_why(tmp_path: Path, tools: Tools) -> None:
    block = "app.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    return {}\n>>>>>>> REPLACE\n"
    model = Says(block.format("5"), block.format("a + b"), small=False)
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L2", model=model)
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == RIGHT
    assert "constant" in model.requests[1].messages[-1].text, "the reason did not go back"
    assert model.requests[0].chars <= 3000


async def test_a_cheat_is_never_proven_nor_applied(tmp_path: Path, tools: Tools) -> None:
    cheat = TEST.replace("5)", "-1)").replace("3)", "-7)")
    model = Says(
        f"test_app.py\n<<<<<<< SEARCH\n{TEST}=======\n{cheat}>>>>>>> REPLACE\n", small=False
    )
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L2", model=model)
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is not Verdict.PROVEN
    assert not any(proven for _, proven in run.delivered)
    assert result.calls <= run.settings.fix.attempts


async def test_a_useless_model_is_asked_a_bounded_number_of_times(
    tmp_path: Path, tools: Tools
) -> None:
    model = Says("I would rather talk about the weather.")
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L2", model=model)
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.REFUSED
    assert len(model.requests) == run.settings.model.samples
    assert run.delivered == []


async def test_a_run_resumes_from_its_journal(tmp_path: Path, tools: Tools) -> None:
    model = Says(f"```python\n{RIGHT}```")
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L2", model=model)
    request = FixRequest(command=f"{UNITTEST} test_app")
    first = await fix(run, request, tools)
    again = DirectRun(run.snapshot, run.settings, run.models, journal=run.journal)
    second = await fix(again, request, tools)
    assert only(second) == only(first)
    assert len(model.requests) == 1, "a paid answer was bought again"


async def test_nothing_wrong_is_said_so(tmp_path: Path, tools: Tools) -> None:
    run = await a_run(tmp_path / "w", {"app.py": RIGHT, "test_app.py": TEST}, "L0")
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.nothing
    assert result.fixes == ()


async def test_check_lists_what_is_wrong(tmp_path: Path, tools: Tools) -> None:
    run = await a_run(tmp_path / "w", {"app.py": WRONG, "test_app.py": TEST}, "L0")
    outcome = await check(run, CheckRequest(), tools)
    assert not outcome.ok
    assert {p.test for p in outcome.problems} == {
        "test_app.AddTest.test_sum",
        "test_app.AddTest.test_negative",
    }


ONE_EXAMPLE = """\
import unittest
from app import area


class AreaTest(unittest.TestCase):
    def test_square(self):
        self.assertEqual(area(2, 2), 4)
"""


async def test_what_one_example_does_not_tell_apart_is_not_claimed(
    tmp_path: Path, tools: Tools
) -> None:
    """R8: `a * b`, `a + b`, `a ** b` all make the only test pass."""
    files = {"app.py": "def area(a, b):\n    return a - b\n", "test_app.py": ONE_EXAMPLE}
    run = await a_run(tmp_path / "work", files, "L0", "L1")
    result = await fix(run, FixRequest(command=UNITTEST), tools)
    assert result.verdict is Verdict.UNVERIFIED
    assert "do not say which is meant" in result.reason
    assert [proven for _, proven in run.delivered] == [False]


async def test_more_examples_tell_them_apart(tmp_path: Path, tools: Tools) -> None:
    more = ONE_EXAMPLE + "\n    def test_room(self):\n        self.assertEqual(area(3, 5), 15)\n"
    files = {"app.py": "def area(a, b):\n    return a - b\n", "test_app.py": more}
    run = await a_run(tmp_path / "work", files, "L0", "L1")
    result = await fix(run, FixRequest(command=UNITTEST), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "a * b" in only(result)


async def test_a_change_with_one_answer_to_everything_is_not_claimed(
    tmp_path: Path, tools: Tools
) -> None:
    """R8: the only test expects False, which code that never looks gives too."""
    code = (
        "def rows_full(rows):\n    for row in rows:\n        if seen[row]:\n"
        "            return True\n    return False\n"
    )
    test = (
        "import unittest\nfrom app import rows_full\n\n\nclass T(unittest.TestCase):\n"
        "    def test_no(self):\n        self.assertFalse(rows_full([3, 1, 2]))\n"
    )
    run = await a_run(tmp_path / "work", {"app.py": code, "test_app.py": test}, "L0", "L1")
    result = await fix(run, FixRequest(command=UNITTEST), tools)
    assert result.verdict is not Verdict.PROVEN


async def test_a_module_that_does_not_even_load_is_searched(tmp_path: Path, tools: Tools) -> None:
    """The tests cannot be collected: the crash of the import says where to look."""
    code = "class Words:\n    def first(self, words: ArrayList) -> str:\n        return words[0]\n"
    test = (
        "import unittest\nfrom app import Words\n\n\nclass T(unittest.TestCase):\n"
        "    def test_two(self):\n        self.assertEqual(Words().first(['a', 'b']), 'a')\n\n"
        "    def test_one(self):\n        self.assertEqual(Words().first(['c']), 'c')\n"
    )
    run = await a_run(tmp_path / "work", {"app.py": code, "test_app.py": test}, "L1")
    result = await fix(run, FixRequest(command=f"{UNITTEST} test_app"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "ArrayList" not in only(result)
