"""A model's test proves a finding only where it shows something by itself (R9)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from samokoder.agents.repair.workshop import Tools, Workshop
from samokoder.agents.review import proving
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.proving import Proved
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot

OLD = "def middle(xs):\n    return sorted(xs)[len(xs) // 2]\n"
NEW = "def middle(xs):\n    return xs[len(xs) // 2]\n"
TEST = "from pkg.a import middle\n\n\ndef test_order():\n    assert middle([3, 1, 2]) == 2\n"


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    pool = ScratchPool(tmp_path / "scratch")
    yield await Tools(pool).workshop(Settings())
    await pool.close()


async def snapshot(root: Path, text: str) -> Snapshot:
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "__init__.py").write_text("")
    (root / "pkg" / "a.py").write_text(text)
    return await Tree(root).capture()


def finding(line: int, quote: str) -> Finding:
    return Finding("pkg/a.py", line, 5, line, 5 + len(quote), quote, "correctness", "m", "model")


async def proved(
    root: Path, workshop: Workshop, text: str, test: str, base: str | None = None
) -> Proved:
    now = await snapshot(root / "now", text)
    before = await snapshot(root / "before", base) if base is not None else None
    said = proving.usable(test)
    assert said
    line = text.split("\n").index(next(x for x in text.split("\n") if "return" in x)) + 1
    one = finding(line, text.split("\n")[line - 1].strip())
    return await proving.prove(one, said, now, before, workshop, Settings())


async def test_a_test_that_passed_before_the_change_is_a_proof(
    tmp_path: Path, workshop: Workshop
) -> None:
    found = await proved(tmp_path, workshop, NEW, TEST, OLD)
    assert found.proven, found.reason
    assert [e.kind for e in found.evidence] == ["test", "output", "reason"]
    assert "AssertionError" in found.evidence[1].text


async def test_a_wrong_expectation_is_none(tmp_path: Path, workshop: Workshop) -> None:
    wrong = TEST.replace("== 2", "== 7")
    found = await proved(tmp_path, workshop, NEW, wrong, OLD)
    assert not found.proven
    found = await proved(tmp_path / "alone", workshop, OLD, wrong)
    assert (found.proven, "expects" in found.reason) == (False, True)


async def test_code_that_breaks_by_itself_is_a_proof(tmp_path: Path, workshop: Workshop) -> None:
    crash = "from pkg.a import middle\n\n\ndef test_empty():\n    middle([])\n"
    found = await proved(tmp_path, workshop, OLD, crash)
    assert found.proven, found.reason
    assert "IndexError" in found.evidence[-1].text


async def test_an_error_that_is_raised_on_purpose_is_none(
    tmp_path: Path, workshop: Workshop
) -> None:
    text = "def middle(xs):\n    if not xs: raise IndexError('empty')\n    return xs[0]\n"
    crash = "from pkg.a import middle\n\n\ndef test_empty():\n    middle([])\n"
    now = await snapshot(tmp_path / "now", text)
    one = finding(2, "if not xs: raise IndexError('empty')")
    two = finding(3, "return xs[0]")
    for found in (one, two):
        result = await proving.prove(found, crash, now, None, workshop, Settings())
        assert not result.proven, found


async def test_a_test_that_passes_hangs_or_cannot_run_is_none(
    tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "SECONDS", 2.0)
    for name, test in {
        "passes": TEST.replace("[3, 1, 2]", "[1, 2, 3]"),
        "module": TEST.replace("pkg.a", "pkg.b"),
        "hangs": "def test_x():\n    while True:\n        pass\n",
        "harness": "def test_x(fixture):\n    assert False\n",
    }.items():
        found = await proved(tmp_path / name, workshop, NEW, test, OLD)
        assert not found.proven, name


@pytest.mark.parametrize(
    "text", ["", "x = 1", "def test_(:", "I would write a test.", "def helper():\n    pass"]
)
def test_what_is_no_test_is_not_run(text: str) -> None:
    assert proving.usable(text) == ""


def test_a_fenced_test_is_one() -> None:
    assert proving.usable(f"```python\n{TEST}```").startswith("from pkg.a")
