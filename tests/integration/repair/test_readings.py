"""What broken text may have been meant to be: claimed only where the tests tell it apart (R8)."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_fixing import a_run, only

from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixRequest, FixResult, fix
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.sandbox.scratch import ScratchPool

UNITTEST = f"{sys.executable} -m unittest -q"


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    pool = ScratchPool(tmp_path / "scratch")
    yield Tools(pool)
    await pool.close()


def shown(*examples: str) -> str:
    """A test of every example, as ``f(1, 2), 3``."""
    methods = "\n".join(
        f"    def test_{n}(self):\n        self.assertEqual({one})\n"
        for n, one in enumerate(examples)
    )
    return f"import unittest\n\nfrom app import f\n\n\nclass T(unittest.TestCase):\n{methods}"


async def fixed(root: Path, tools: Tools, code: str, *examples: str) -> FixResult:
    """The program, repaired without a model as far as these examples allow."""
    files = {"app.py": code, "test_app.py": shown(*examples)}
    run = await a_run(root / "work", files, "L0", "L1")
    return await fix(run, FixRequest(command=UNITTEST), tools)


TWO = "def f(a, b)\n    return a - b\n"
SUM = """\
def f(items):
    found = 0
    for x in items:
        found += x
      return found
"""
SHUT = """\
def f(a, b):
    return max(a, b - 1
"""


async def test_a_broken_line_and_a_wrong_one_are_both_repaired(
    tmp_path: Path, tools: Tools
) -> None:
    result = await fixed(tmp_path, tools, TWO, "f(2, 3), 5", "f(0, 7), 7", "f(4, -1), 3")
    assert result.verdict is Verdict.PROVEN, result.reason
    assert only(result) == "def f(a, b):\n    return a + b\n"


async def test_of_both_together_too_the_tests_must_say_which(tmp_path: Path, tools: Tools) -> None:
    """`a + b` and `a * b + 1` pass both."""
    code = TWO.replace("-", "*")
    result = await fixed(tmp_path, tools, code, "f(1, 1), 2", "f(0, 1), 1")
    assert result.verdict is Verdict.UNVERIFIED
    assert "do not say which is meant" in result.reason


async def test_depths_that_one_example_does_not_tell_apart(tmp_path: Path, tools: Tools) -> None:
    """With one item it does not matter whether the loop ends after the first."""
    result = await fixed(tmp_path, tools, SUM, "f([5]), 5")
    assert result.verdict is Verdict.UNVERIFIED
    assert "do not say which is meant" in result.reason


async def test_depths_that_the_examples_tell_apart(tmp_path: Path, tools: Tools) -> None:
    result = await fixed(tmp_path, tools, SUM, "f([5, 2]), 7", "f([]), 0")
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "\n    return found\n" in only(result)


async def test_readings_are_searched_beside_each_other(tmp_path: Path, tools: Tools) -> None:
    """The bracket may end before or after the `- 1`; only one of them leads to a proof."""
    examples = ("f(5, 3), 6", "f(2, 8), 9", "f(0, 0), 1", "f(7, 7), 8")
    result = await fixed(tmp_path, tools, SHUT, *examples)
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "max(a, b) + 1" in only(result)


TWICE = """\
def f(number, numbers):
    return numberz * 2
"""


async def test_two_names_that_are_as_near_need_an_example_between_them(
    tmp_path: Path, tools: Tools
) -> None:
    result = await fixed(tmp_path, tools, TWICE, "f(2, 2), 4")
    assert result.verdict is Verdict.UNVERIFIED
    (tmp_path / "more").mkdir()
    result = await fixed(tmp_path / "more", tools, TWICE, "f(2, 3), 4")
    assert result.verdict is Verdict.PROVEN, result.reason
    assert "return number * 2" in only(result)


HOLE = """\
def f(a)
    if a > 100:
        return missing
    return a * 2
"""
UNSEEN = """\
def f(text, n):
    if n > 100:
        return 'text
    return text * m
"""


async def test_a_name_that_nothing_defines_is_not_left_in_a_repaired_file(
    tmp_path: Path, tools: Tools
) -> None:
    """No test runs the line, and the whole file could not be read before."""
    result = await fixed(tmp_path, tools, HOLE, "f(3), 6", "f(0), 0", "f(5), 10", "f(-1), -2")
    assert result.verdict is Verdict.UNVERIFIED, result.reason
    assert "nothing defines `missing`" in result.reason


async def test_a_reading_of_a_line_that_no_test_runs_is_not_claimed(
    tmp_path: Path, tools: Tools
) -> None:
    """`'text'` or `text`: the examples show what `m` is meant to be, and never come there."""
    result = await fixed(tmp_path, tools, UNSEEN, "f('a', 2), 'aa'", "f('b', 3), 'bbb'")
    assert result.verdict is Verdict.UNVERIFIED
