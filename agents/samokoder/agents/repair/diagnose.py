"""From what the user points at (a diagnostic, a command, a stack trace, nothing) to a problem
with checks that can prove it solved.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from samokoder.agents.checks.check import Check, CheckResult, Problem
from samokoder.agents.repair import verdicts

_NEAR = 3
"""Lines by which an editor's diagnostic and the tool's own may differ."""


def focused(
    asked: Collection[Problem], results: tuple[CheckResult, ...]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """The checks' own problems that are the asked ones, and those nothing confirms."""
    own = [p for r in results for p in r.problems]
    found: list[Problem] = []
    missing: list[Problem] = []
    for problem in asked:
        same = [p for p in own if _same(problem, p)]
        if not same:
            touching = [p for p in own if any(_at(problem, f.path, f.line) for f in p.related)]
            same = touching or [p for p in own if p.path == problem.path and p.test]
        found += same
        if not same:
            missing.append(problem)
    return tuple(dict.fromkeys(found)), tuple(missing)


def _same(asked: Problem, own: Problem) -> bool:
    if asked.test and asked.test == own.test:
        return True
    if not _at(asked, own.path, own.line):
        return False
    if asked.rule and own.rule:
        return asked.rule == own.rule
    return not asked.message or _words(asked.message) & _words(own.message) != set()


def _at(asked: Problem, path: str, line: int) -> bool:
    return asked.path == path and (not asked.line or abs(asked.line - line) <= _NEAR)


def _words(text: str) -> set[str]:
    return {w for w in text.lower().replace("'", " ").replace("`", " ").split() if len(w) > 3}


@dataclass(frozen=True, slots=True)
class Cause:
    """Problems that one change should solve together; the checks that show them."""

    focus: tuple[Problem, ...]
    checks: tuple[Check, ...]


def causes(results: tuple[CheckResult, ...]) -> tuple[Cause, ...]:
    """What fails, grouped by where it comes from: the innermost frame's file and message kind.

    Everything that one syntax or import error breaks is one cause.
    """
    groups: dict[tuple[str, str], list[Problem]] = {}
    checks: dict[tuple[str, str], list[Check]] = {}
    for result in results:
        if result.ok:
            continue
        for problem in result.problems:
            kind = problem.rule or problem.message.split(":")[0][:40]
            name = (problem.path, kind)
            groups.setdefault(name, []).append(problem)
            checks.setdefault(name, []).append(result.check)
        if not result.problems:
            name = (result.check.id, "")
            groups.setdefault(name, [])
            checks.setdefault(name, []).append(result.check)
    return tuple(
        Cause(
            tuple({verdicts.key(p): p for p in problems}.values()),
            tuple(dict.fromkeys(checks[name])),
        )
        for name, problems in groups.items()
    )


def without_timeouts(checks: tuple[Check, ...], seconds: float) -> tuple[Check, ...]:
    """The checks, none of which may run longer than ``seconds``."""
    return tuple(replace(c, timeout=min(c.timeout, seconds)) for c in checks)
