"""L3 and L4: wider context, and the hunter that looks before it changes anything (R8)."""

import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_fixing import Says, a_run, only

from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixRequest, fix
from samokoder.agents.repair.hunt import suspects
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.sandbox.scratch import ScratchPool

UNITTEST = f"{sys.executable} -m unittest -q"


def the_hunt() -> ModuleType:
    """The benchmark, whose scenario this is."""
    path = Path(__file__).parents[2] / "benchmarks" / "hunt.py"
    spec = importlib.util.spec_from_file_location("hunt_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


@pytest.mark.parametrize("name", ["old-words", "told-once-for-ever", "halves"])
async def test_a_bug_far_from_where_it_shows_is_found_by_its_values(
    name: str, tools: Tools
) -> None:
    hunt = the_hunt()
    bug = next(b for b in hunt.bugs() if b["name"] == name)
    model = hunt.Scripted(bug)
    result, _ = await hunt.hunted(bug, tools, model, "L4")
    (fixed,) = result.fixes
    assert fixed.verdict is Verdict.PROVEN, fixed.learned
    assert fixed.rung == "L4" and fixed.paths == (bug["path"],)
    questions = [prompt for prompt, _ in model.requests]
    assert len(questions) == 3, "hypotheses, a wrong one, the right one"
    assert bug["clue"] not in questions[1], "only the suspect is shown in detail"
    assert bug["clue"] in questions[2], "what the instrumented run showed"
    assert any("every value that goes in" in x for x in questions[2].splitlines()), "learned"
    (change,) = fixed.change.changes
    assert "samokoder" not in change.after.decode().lower(), "no instrument is left"


async def test_what_speaks_against_every_hypothesis_is_told(tools: Tools) -> None:
    hunt = the_hunt()
    bug = {**hunt.bugs()[0], "clue": "never seen"}
    result, _ = await hunt.hunted(bug, tools, hunt.Scripted(bug), "L4")
    assert result.verdict is Verdict.REFUSED
    (fixed,) = result.fixes
    assert any("nothing was seen of it" in x for x in fixed.learned)


SCRIPT = """\
const { total } = require('./total.js')
const assert = require('node:assert')
assert.strictEqual(total([1, 2, 3]), 6)
"""
TOTAL = """\
function total(items) {
  let sum = 0
  for (let i = 1; i < items.length; i++) {
    sum += items[i]
  }
  return sum
}
module.exports = { total }
"""


async def test_other_languages_are_probed_in_a_copy(tmp_path: Path, tools: Tools) -> None:
    """The model's own print lines run once, in a copy; their output is in the next question."""
    suspect = (
        '{"suspects": [{"path": "total.js", "function": "total", "why": "one is left out",'
        ' "probes": [{"line": 4, "code": "console.log(\'PROBE\', i, items[i])"}]}]}'
    )
    answer = (
        "It starts at the second item.\n\ntotal.js\n<<<<<<< SEARCH\n"
        "  for (let i = 1; i < items.length; i++) {\n=======\n"
        "  for (let i = 0; i < items.length; i++) {\n>>>>>>> REPLACE\n"
    )
    model = Says(suspect, answer, small=False)
    files = {"total.js": TOTAL, "total_test.js": SCRIPT}
    run = await a_run(tmp_path / "work", files, "L4", model=model)
    result = await fix(run, FixRequest(command="node total_test.js"), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "PROBE 1 2" in model.requests[1].messages[-1].text
    assert "PROBE" not in only(result)
    assert (tmp_path / "work" / "total.js").read_text() == TOTAL


async def test_l3_shows_callers_similar_code_and_what_failed(tmp_path: Path, tools: Tools) -> None:
    files = {
        "app.py": (
            "def net(price, share):\n    return price + price * share\n\n\n"
            "def gross(price, share):\n    return price + price * share + share * 0\n"
        ),
        "shop.py": (
            "from app import net\n\n\ndef bill(prices):\n    return [net(p, 0.1) for p in prices]\n"
        ),
        "test_shop.py": (
            "import unittest\nfrom app import net\nfrom shop import bill\n\n\n"
            "class T(unittest.TestCase):\n    def test_bill(self):\n"
            "        self.assertEqual(bill([10]), [9])\n        self.assertEqual(net(10, 0.1), 9)\n"
        ),
    }
    right = (
        "app.py\n<<<<<<< SEARCH\n"
        "def net(price, share):\n    return price + price * share\n=======\n"
        "def net(price, share):\n    return price - price * share\n>>>>>>> REPLACE\n"
    )
    model = Says("I do not know.", right, small=False)
    run = await a_run(tmp_path / "work", files, "L3", model=model)
    result = await fix(run, FixRequest(command=UNITTEST), tools)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert result.fixes[0].rung == "L3"
    prompt = model.requests[1].messages[-1].text
    assert "def bill(prices)" in prompt and "shop.py" in prompt, "who calls it, and the map"
    assert "the answer holds no edit" in prompt, "what was tried before"
    assert model.requests[1].temperature > model.requests[0].temperature


FILES: dict[str, Any] = {"a.py": None, "pkg/b.py": None}


def test_suspects_are_read_from_an_answer_and_only_real_files_count() -> None:
    answer = (
        'Sure: {"suspects": [{"path": "pkg/b.py", "function": "def f(x)", "why": "w"},'
        ' {"path": "../etc", "function": "g", "why": "w"}, {"path": "a.py", "function": "C.m",'
        ' "why": "w", "probes": [{"line": "no"}, {"line": 2, "code": "print(1)"}]}]}'
    )
    found = suspects.told(answer, FILES, 5)
    assert [(s.path, s.name) for s in found] == [("pkg/b.py", "f"), ("a.py", "C.m")]
    assert found[1].probes == ((2, "print(1)"),)
    assert suspects.told("no JSON at all", FILES, 5) == ()
    assert len(suspects.told(answer, FILES, 1)) == 1
