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
def area(width, height):
    """How much a rectangle covers.

    >>> area(2, 3)
    6
    >>> area(2, 2)
    4
    """
    return width * height
'''
WRONG = RIGHT.replace("width * height", "width + height")
TESTS = """\
import unittest
from covering import area


class Areas(unittest.TestCase):
    def test_oblong(self):
        self.assertEqual(area(2, 3), 6)

    def test_square(self):
        self.assertEqual(area(2, 2), 4)
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
    assert only.quote == "return width + height"
    assert finding.stands(only, WRONG)
    assert only.proof is Proof.TEST
    assert only.severity is Severity.ERROR
    return only


async def test_an_example_that_does_not_hold(tmp_path: Path, workshop: LocalWorkshop) -> None:
    if not workshop.confines:
        pytest.skip("nothing confines commands here")
    now = await captured(tmp_path / "now", {"covering.py": WRONG})
    source, scope = ExamplesSource(workshop, SETTINGS), Scope({"covering.py": None})
    told = the_line(await source.findings(now, scope))
    assert "`area(2, 3)` is documented to be 6, but is 5" in told.message
    assert any(e.kind == "test" for e in told.evidence), "the proof can be run again"
    right = await captured(tmp_path / "right", {"covering.py": RIGHT})
    assert await source.findings(right, scope) == ()
    before = Scope({"covering.py": None}, base=now)
    assert await source.findings(now, before) == (), "it failed before the change already"


async def test_tests_that_fail(tmp_path: Path, workshop: LocalWorkshop) -> None:
    if not workshop.confines:
        pytest.skip("nothing confines commands here")
    files = {"covering.py": WRONG, "test_covering.py": TESTS}
    now = await captured(tmp_path / "now", files)
    source = FailingTestsSource(workshop, SETTINGS)
    told = the_line(await source.findings(now, Scope({"covering.py": None})))
    assert "`test_oblong`" in told.message
    elsewhere = Scope({"covering.py": ((1, 2),)})
    assert await source.findings(now, elsewhere) == (), "the wrong line is not under review"
    right = await captured(tmp_path / "right", files | {"covering.py": RIGHT})
    assert await source.findings(right, Scope({"covering.py": None})) == ()


async def test_nothing_of_the_project_runs_unconfined(tmp_path: Path) -> None:
    pool = ScratchPool(tmp_path / "scratch")
    bare = LocalWorkshop(pool, Unconfined(), SETTINGS)
    code = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n{WRONG}"
    now = await captured(tmp_path / "now", {"covering.py": code, "test_covering.py": TESTS})
    scope = Scope({"covering.py": None})
    for source in (ExamplesSource(bare, SETTINGS), FailingTestsSource(bare, SETTINGS)):
        assert await source.findings(now, scope) == ()
    assert names(tmp_path) == {"now"}, "no copy was made, no code was run"
    await pool.close()
