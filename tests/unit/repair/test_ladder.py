"""The ladder and the prover's comparisons, without running anything."""

from collections.abc import AsyncGenerator
from pathlib import Path

from samokoder.agents.checks.check import Check, CheckResult, Evidence, Problem
from samokoder.agents.repair import changes, ladder, verdicts
from samokoder.agents.repair.case import Candidate, Case, Reading, Receipt, Verdict
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.workspace.changeset import ChangeSet, content_hash
from samokoder.agents.workspace.snapshot import Entry, Snapshot

CHECK = Check("t", "unittest", ("t",))


def result(
    failed: str = "", passed: str = "", skipped: str = "", code: int | None = None
) -> CheckResult:
    bad = tuple(failed.split())
    problems = tuple(Problem("t.py", 1, f"{n} failed", test=n) for n in bad)
    return CheckResult(
        CHECK,
        int(bool(bad)) if code is None else code,
        0.1,
        "",
        problems,
        bad,
        tuple(passed.split()),
        skipped=tuple(skipped.split()),
    )


class Nowhere:
    async def read(self, path: str, entry: Entry) -> bytes:
        raise KeyError(path)


def a_case() -> Case:
    text = b"x = 1\n"
    name = content_hash(text)
    snapshot = Snapshot(Path("/w"), {"a.py": Entry(name, len(text))}, Nowhere(), {name: text})
    return Case(DirectRun(snapshot), snapshot, (CHECK,), Evidence((result("a"),)))


class Offers:
    """A rung with these texts of a.py; remembers what it was told."""

    def __init__(self, name: str, *texts: str) -> None:
        self.name, self.texts = name, texts
        self.heard: list[str | None] = []

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        for text in self.texts:
            change_set = changes.modified(case.snapshot, text, {"a.py": text.encode()})
            self.heard.append((yield Candidate(change_set, self.name, text.strip())))


class Judge:
    """Proves the texts it is told to; counts how often it is asked."""

    def __init__(self, *good: str, helpful: str = "") -> None:
        self.good, self.helpful = good, helpful
        self.seen: list[str] = []

    def anticipate(self) -> None:
        """Nothing to prepare."""

    async def prove(self, change_set: ChangeSet) -> Receipt:
        (change,) = change_set.changes
        text = (change.after or b"").decode()
        self.seen.append(text)
        if text in self.good:
            return Receipt(Verdict.PROVEN, "none")
        progress = text == self.helpful
        return Receipt(Verdict.REFUSED, "none", reason=f"{text.strip()} fails", progress=progress)


async def climb(judge: Judge, *rungs: Offers) -> tuple[ladder.Outcome, Case]:
    case = a_case()
    return await ladder.climb(case, rungs, judge), case  # type: ignore[arg-type]


async def test_the_first_proof_ends_the_climb() -> None:
    low, high = Offers("L0", "x = 2\n", "x = 3\n", "x = 4\n"), Offers("L2", "x = 5\n")
    judge = Judge("x = 3\n", "x = 5\n")
    outcome, case = await climb(judge, low, high)
    assert outcome.verdict is Verdict.PROVEN
    assert outcome.candidate is not None
    assert outcome.candidate.rung == "L0"
    assert judge.seen == ["x = 2\n", "x = 3\n"]
    assert low.heard == ["x = 2 fails"], "the reason did not go back into the rung"
    assert case.learned == ["x = 2: x = 2 fails"]
    assert high.heard == []


async def test_equal_candidates_are_tried_once() -> None:
    judge = Judge()
    outcome, _ = await climb(
        judge, Offers("L0", "x = 2\n", "x  =  2  # same\n"), Offers("L2", "x=2\n")
    )
    assert judge.seen == ["x = 2\n"]
    assert outcome.verdict is Verdict.REFUSED
    assert [(t.rung, t.candidates, t.proofs) for t in outcome.tallies] == [
        ("L0", 2, 1),
        ("L2", 1, 0),
    ]


async def test_attempts_of_a_model_rung_are_bounded() -> None:
    judge = Judge()
    await climb(judge, Offers("L2", *(f"x = {n}\n" for n in range(100, 200))))
    assert len(judge.seen) == 8


async def test_progress_is_built_on_but_only_the_whole_is_proven() -> None:
    judge = Judge("x = 9\n", helpful="x = 2\n")
    rung = Offers("L0", "x = 2\n", "x = 9\n")
    outcome, _ = await climb(judge, rung)
    assert outcome.verdict is Verdict.PROVEN
    judge = Judge(helpful="x = 2\n")
    outcome, _ = await climb(judge, Offers("L0", "x = 2\n"))
    assert outcome.verdict is Verdict.UNVERIFIED, "what only helps must not count as proven"


async def test_the_rungs_above_search_from_every_reading() -> None:
    seen: list[tuple[str, ...]] = []

    class Reads(Offers):
        async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
            seen.append(tuple(r.text for r in case.readings))
            if not case.readings:
                change_set = changes.modified(case.snapshot, "a", {"a.py": b"x = 2\n"})
                both = (Reading("a.py", "x = 2\n", 1.0), Reading("a.py", "x = 3\n", 0.5))
                yield Candidate(change_set, "L0", "a", readings=both)
            else:
                assert case.origin is not None
                assert await case.origin.read("a.py") == b"x = 1\n"

    await climb(Judge(helpful="x = 2\n"), Reads("L0"))
    assert seen == [(), ("x = 2\n", "x = 3\n")]


def test_differences() -> None:
    before = (result("a b", "c d"),)
    aim = verdicts.goal(before, ())
    assert verdicts.difference(before, (result("", "a b c d"),), aim).clean
    worse = verdicts.difference(before, (result("c", "a b d"),), aim)
    assert worse.lost == (("t", "c"),)
    assert not worse.clean
    assert verdicts.difference(before, (result("b", "a c d"),), aim).progress
    gone = verdicts.difference(before, (result("", "c d"),), aim)
    assert gone.left, "a test that vanished is no passing test"
    hidden = verdicts.difference(before, (result("", "c d", skipped="a b"),), aim)
    assert hidden.left, "a skipped test is no passing test"
    lost = verdicts.difference(before, (result("", "a b c"),), aim)
    assert lost.lost == (("t", "d"),)


def test_a_module_that_could_not_be_imported_runs_its_tests_afterwards() -> None:
    for module, test in (("test_app", "test_app.T.test_a"), ("test_app.py", "test_app.py::test_a")):
        before = (result(module),)
        aim = verdicts.goal(before, ())
        assert verdicts.difference(before, (result("", test),), aim).clean
        assert not verdicts.difference(before, (result("", "other.T.test_b"),), aim).clean


def test_tests_that_run_at_last_are_progress_though_they_fail() -> None:
    before = (result("test_app"),)
    aim = verdicts.goal(before, ())
    assert verdicts.difference(before, (result("test_app.T.test_a"),), aim).progress
    assert not verdicts.difference(before, (result("other.T.test_b test_app"),), aim).progress


def test_a_focus_asks_for_its_own_problem_only() -> None:
    before = (result("a b", "c"),)
    aim = verdicts.goal(before, (Problem("t.py", 1, "a failed", test="a"),))
    assert verdicts.difference(before, (result("b", "a c"),), aim).clean
    assert verdicts.goal(before, (Problem("t.py", 1, "no such", test="z"),)).empty
