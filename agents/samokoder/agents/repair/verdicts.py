"""Comparing the results of checks before and after a change."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from samokoder.agents.checks.check import CheckResult, Problem, Severity

_TOLD = 6


def key(problem: Problem) -> str:
    """What makes a problem the same one: its test, or its identity when no test reported it."""
    return f"test\0{problem.test}" if problem.test else problem.identity


def keys(results: Iterable[CheckResult]) -> Counter[str]:
    """How often each problem occurs; hints do not count."""
    return Counter(
        key(p)
        for r in results
        for p in r.problems
        if p.severity in (Severity.ERROR, Severity.WARNING)
    )


def passed(results: Iterable[CheckResult]) -> set[tuple[str, str]]:
    """Check id and test id of all tests that passed."""
    return {(r.check.id, test) for r in results for test in r.passed}


def failed(results: Iterable[CheckResult]) -> set[tuple[str, str]]:
    """Check id and test id of all tests that failed."""
    return {(r.check.id, test) for r in results for test in r.failed}


@dataclass(frozen=True, slots=True)
class Goal:
    """What must be gone: problems by key, and checks (by id) that must be all right."""

    problems: frozenset[str]
    checks: frozenset[str]

    @property
    def empty(self) -> bool:
        return not self.problems and not self.checks


def goal(before: Iterable[CheckResult], focus: tuple[Problem, ...]) -> Goal:
    """The focus as far as the checks confirm it; without a focus everything that fails.

    Empty when nothing of it could be reproduced.
    """
    results = tuple(before)
    if focus:
        seen = keys(results)
        wanted = {key(p) for p in focus}
        bare = {r.check.id for r in results if not r.ok and not r.problems}
        named = frozenset(k for k in wanted if k in seen)
        return Goal(named, frozenset() if named else frozenset(bare))
    bad = [r for r in results if not r.ok]
    return Goal(frozenset(keys(bad)), frozenset(r.check.id for r in bad))


@dataclass(frozen=True, slots=True)
class Difference:
    """``left`` of the goal, ``lost`` tests that passed before, ``new`` problems, broken checks."""

    left: tuple[str, ...]
    lost: tuple[tuple[str, str], ...]
    new: tuple[str, ...]
    broken: tuple[str, ...]
    fewer: bool
    """Fewer tests fail than before, or what kept the tests from running is gone."""

    @property
    def clean(self) -> bool:
        return not (self.left or self.lost or self.new or self.broken)

    @property
    def progress(self) -> bool:
        return self.fewer and not self.lost and not self.broken


def difference(
    before: tuple[CheckResult, ...], after: tuple[CheckResult, ...], aim: Goal
) -> Difference:
    """What a change did, by the same checks run before and after it."""
    was, now = keys(before), keys(after)
    off = {f"test\0{test}" for r in after for test in r.skipped}
    ids = {test for r in after for test in r.passed}
    if ids:  # the tool lists its tests: one that is not listed did not run
        wanted = {k for k in aim.problems if k.startswith("test\0")}
        off |= {k for k in wanted if not _ran(k.removeprefix("test\0"), ids)}
    left = [k for k in sorted(aim.problems) if now[k] or k in off]
    left += [r.check.id for r in after if r.check.id in aim.checks and not r.ok]
    lost = sorted(passed(before) - passed(after))
    fresh = sorted((now - was).elements())
    fine = {r.check.id for r in before if r.ok}
    broken = [r.check.id for r in after if r.check.id in fine and not r.ok]
    slow = {r.check.id for r in before if r.timed_out}
    broken += [r.check.id for r in after if r.timed_out and r.check.id not in slow]
    return Difference(
        tuple(dict.fromkeys(left)),
        tuple(lost),
        tuple(fresh),
        tuple(dict.fromkeys(broken)),
        _fewer(before, after),
    )


def _ran(test: str, ids: set[str]) -> bool:
    """True when the test passed; of a module that could not be imported, when a test in it did."""
    return test in ids or any(name.startswith((f"{test}.", f"{test}::")) for name in ids)


def _fewer(before: tuple[CheckResult, ...], after: tuple[CheckResult, ...]) -> bool:
    gained = passed(after) - passed(before)
    if gained or _loads(before, after):
        return True
    ran_before = any(r.failed or r.passed for r in before)
    ran_after = any(r.failed or r.passed for r in after)
    if ran_after and not ran_before:
        return True
    was, now = keys(before), keys(after)
    return not ran_before and bool(was) and not (set(was) & set(now))


def _loads(before: tuple[CheckResult, ...], after: tuple[CheckResult, ...]) -> bool:
    """Whether tests run now, well or not, of a module that could not be imported."""
    was, now = {t for _, t in failed(before)}, {t for _, t in failed(after)}
    return any(t.startswith((f"{m}.", f"{m}::")) for m in was - now for t in now)


def told(found: Difference, after: tuple[CheckResult, ...]) -> str:
    """The difference in words, for people and for a model."""
    parts: list[str] = []
    messages = {key(p): p for r in after for p in r.problems}
    if found.left:
        parts.append("still failing: " + _list(found.left, messages))
    if found.lost:
        parts.append("passed before and fails now: " + ", ".join(t for _, t in found.lost[:_TOLD]))
    if found.new:
        parts.append("new: " + _list(found.new, messages))
    if found.broken:
        parts.append("was all right before: " + ", ".join(found.broken[:_TOLD]))
    return "; ".join(parts)


def _list(names: tuple[str, ...], messages: dict[str, Problem]) -> str:
    words = []
    for name in names[:_TOLD]:
        problem = messages.get(name)
        if problem is None:
            words.append(name.rpartition("\0")[2])
            continue
        place = problem.test or f"{problem.path}:{problem.line}"
        words.append(f"{place}: {problem.message[:200]}")
    more = len(names) - _TOLD
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")
