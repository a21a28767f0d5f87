"""What is kept of what sources say: only what stands there, no louder than proven (R9)."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sourcing import Bench, Words, places

from samokoder.agents.checks.check import Severity
from samokoder.agents.errors import InvalidInput
from samokoder.agents.review.finding import Category, Finding, Proof
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.source import Scope
from samokoder.agents.settings import ReviewSettings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.errors import SamokoderError


@dataclass(frozen=True)
class Says:
    """Says what it is told, whatever stands there."""

    said: tuple[Finding, ...]
    name: str = "says"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        return self.said


@dataclass(frozen=True)
class Fails:
    """A source that cannot work here."""

    name: str = "fails"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        raise SamokoderError("its program is missing")


def at(line: int, quote: str, **more: object) -> Finding:
    facts = {"rule": "r", "message": "m", "origin": "says", **more}
    return Finding("a.py", line, 1, line, len(quote) + 1, quote, **facts)  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("one = 1\ntwo = 2\nthree = 3\n")
    return tmp_path


async def test_what_is_not_quoted_as_it_stands_is_dropped(root: Path) -> None:
    said = (at(1, "one = 1"), at(2, "two = 3"), at(9, "nine"), at(3, ""))
    result = await Bench(root, (Says(said),)).review()
    assert places(result) == [("a.py", 1)]
    assert result.unquoted == 3


async def test_only_what_is_proven_is_red(root: Path) -> None:
    said = (
        at(1, "one = 1", severity=Severity.ERROR),
        at(2, "two = 2", severity=Severity.ERROR, proof=Proof.FLOW),
        at(3, "three = 3", severity=Severity.ERROR, origin="model"),
    )
    result = await Bench(root, (Says(said),)).review()
    assert [(f.finding.line, str(f.finding.severity)) for f in result.findings] == [
        (2, "error"),
        (1, "warning"),
        (3, "hint"),
    ], "gravest first"


async def test_nits_floor_and_cap(root: Path) -> None:
    said = (
        at(1, "one = 1", category=Category.NIT),
        at(2, "two = 2", severity=Severity.INFO),
        at(3, "three = 3", severity=Severity.WARNING),
    )
    source = (Says(said),)
    assert places(await Bench(root, source).review()) == [("a.py", 2), ("a.py", 3)]
    nits = Bench(root, source, settings=ReviewSettings(nits=True))
    assert len((await nits.review()).findings) == 3
    high = Bench(root, source, settings=ReviewSettings(floor="warning"))
    result = await high.review()
    assert places(result) == [("a.py", 3)]
    assert result.below == 2
    capped = Bench(root, source, settings=ReviewSettings(cap=1))
    result = await capped.review()
    assert places(result) == [("a.py", 3)]
    assert result.over == 1
    assert len(capped.shelf.kept) == 1, "what is beyond the cap is not shown either"


async def test_two_sources_about_the_same_thing_say_it_once(root: Path) -> None:
    weak, strong = at(1, "one = 1"), at(1, "one = 1", origin="other", proof=Proof.TYPES)
    for sources in ((Says((weak,)), Says((strong,), "o")), (Says((strong,), "o"), Says((weak,)))):
        bench = Bench(root, sources)
        (only,) = (await bench.review()).findings
        assert only.finding.proof is Proof.TYPES
        assert list(bench.shelf.kept) == [only.fingerprint]


async def test_a_source_that_fails_is_named_and_the_others_go_on(root: Path) -> None:
    result = await Bench(root, (Fails(), Words("two"))).review()
    assert places(result) == [("a.py", 2)]
    assert any("its program is missing" in note for note in result.notes)


async def test_a_selection_shows_what_touches_it(root: Path) -> None:
    bench = Bench(root, (Words("="),))
    result = await bench.review(ReviewRequest(paths=("a.py",), first=2, last=2))
    assert places(result) == [("a.py", 2)]
    await bench.review()
    assert len(bench.shelf.kept) == 3
    (root / "a.py").write_text("one = 1\ntwo - 2\nthree = 3\n")
    result = await bench.review(ReviewRequest(paths=("a.py",), first=2, last=2))
    assert (result.findings, result.gone) == ((), 1)
    assert len(bench.shelf.kept) == 2, "what is outside of the selection stays"


async def test_findings_are_told_as_they_come(root: Path) -> None:
    bench = Bench(root, (Words("one", "first"), Words("two", "second")))
    await bench.review()
    assert bench.run is not None
    told = [facts["total"] for kind, facts in bench.run.events if kind == "findings"]
    assert told == [1, 2]


async def test_a_path_that_is_not_there_is_an_error(root: Path) -> None:
    with pytest.raises(InvalidInput, match="nothere"):
        await Bench(root).review(ReviewRequest(paths=("nothere",)))
