"""Documented examples and tests that fail are proven findings, at the line that is wrong (R9)."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from samokoder.agents.checks.check import Severity
from samokoder.agents.repair.workshop import LocalWorkshop, Tools
from samokoder.agents.review import finding
from samokoder.agents.review.defects.confirming import ExamplesSource
from samokoder.agents.review.defects.testing import FailingTestsSource
from samokoder.agents.review.finding import Finding, Proof
from samokoder.agents.review.source import Scope
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.sandbox.unconfined import Unconfined
from samokoder.agents.settings import CheckSettings, Settings
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot

SETTINGS = Settings(check=CheckSettings(python=sys.executable))
RIGHT = '''\
def clamp(value, low, high):
    """Keep a value between two others.

    >>> clamp(5, 1, 3)
    3
    >>> clamp(2, 1, 3)
    2
    """
    if value < low:
        return low
    return min(value, high)
'''
WRONG = RIGHT.replace("min(value, high)", "max(value, high)")
TESTS = """\
import unittest
from clamping import clamp


class Clamps(unittest.TestCase):
    def test_high(self):
        self.assertEqual(clamp(5, 1, 3), 3)

    def test_inside(self):
        self.assertEqual(clamp(2, 1, 3), 2)
"""


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[LocalWorkshop]:
    pool = ScratchPool(tmp_path / "scratch")
    yield await Tools(pool).workshop(SETTINGS)
    await pool.close()


def lay(root: Path, files: dict[str, str]) -> None:
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text, "utf-8")


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


async def captured(root: Path, files: dict[str, str]) -> Snapshot:
    lay(root, files)
    return await Tree(root).capture()


def the_line(found: tuple[Finding, ...]) -> Finding:
    (only,) = found
    assert only.quote == "return max(value, high)"
    assert finding.stands(only, WRONG)
    assert only.proof is Proof.TEST
    assert only.severity is Severity.ERROR
    return only


async def test_an_example_that_does_not_hold(tmp_path: Path, workshop: LocalWorkshop) -> None:
    if not workshop.confines:
        pytest.skip("nothing confines commands here")
    now = await captured(tmp_path / "now", {"clamping.py": WRONG})
    source, scope = ExamplesSource(workshop, SETTINGS), Scope({"clamping.py": None})
    told = the_line(await source.findings(now, scope))
    assert "`clamp(5, 1, 3)` is documented to be 3, but is 5" in told.message
    assert any(e.kind == "test" for e in told.evidence), "the proof can be run again"
    right = await captured(tmp_path / "right", {"clamping.py": RIGHT})
    assert await source.findings(right, scope) == ()
    before = Scope({"clamping.py": None}, base=now)
    assert await source.findings(now, before) == (), "it failed before the change already"


async def test_tests_that_fail(tmp_path: Path, workshop: LocalWorkshop) -> None:
    if not workshop.confines:
        pytest.skip("nothing confines commands here")
    files = {"clamping.py": WRONG, "test_clamping.py": TESTS}
    now = await captured(tmp_path / "now", files)
    source = FailingTestsSource(workshop, SETTINGS)
    told = the_line(await source.findings(now, Scope({"clamping.py": None})))
    assert "`test_high`" in told.message
    elsewhere = Scope({"clamping.py": ((1, 2),)})
    assert await source.findings(now, elsewhere) == (), "the wrong line is not under review"
    right = await captured(tmp_path / "right", files | {"clamping.py": RIGHT})
    assert await source.findings(right, Scope({"clamping.py": None})) == ()


async def test_nothing_of_the_project_runs_unconfined(tmp_path: Path) -> None:
    pool = ScratchPool(tmp_path / "scratch")
    bare = LocalWorkshop(pool, Unconfined(), SETTINGS)
    code = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{WRONG}"
    now = await captured(tmp_path / "now", {"clamping.py": code, "test_clamping.py": TESTS})
    scope = Scope({"clamping.py": None})
    for source in (ExamplesSource(bare, SETTINGS), FailingTestsSource(bare, SETTINGS)):
        assert await source.findings(now, scope) == ()
    assert names(tmp_path) == {"now"}, "no copy was made, no code was run"
    await pool.close()
