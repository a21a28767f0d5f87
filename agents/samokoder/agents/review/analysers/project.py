"""The project's own analysers, where it has them: what they say now and did not say before.

What a compiler or type checker calls an error is an error; a linter's word is a warning at most.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from samokoder.agents.checks.check import Check, CheckResult, Problem, Severity
from samokoder.agents.checks.detect import detect
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review import static
from samokoder.agents.review.finding import Category, Finding, Place, Proof, honest, quoted
from samokoder.agents.review.source import Scope
from samokoder.agents.settings import Settings
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

PROOFS: Final = {
    "mypy": Proof.TYPES, "pyright": Proof.TYPES, "tsc": Proof.TYPES, "eslint": Proof.NONE,
    "go": Proof.COMPILER, "cargo": Proof.COMPILER, "gcc": Proof.COMPILER, "java": Proof.COMPILER,
}  # fmt: skip
"""The kinds of checks that are analysers, and what an error of theirs proves."""

_SECONDS: Final = 120.0


@dataclass(frozen=True)
class ProjectSource:
    """See :class:`samokoder.agents.review.source.Source`. It runs the project's tools: only for
    workspaces the user trusts.
    """

    workshop: Workshop
    settings: Settings
    name: str = "project"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        try:
            checks = await detect(snapshot, self.settings)
        except EnvironmentMissing:
            return ()
        found: list[Finding] = []
        for check in checks:
            if check.kind in PROOFS and check.origin == "detected":
                found += await self._of(check, snapshot, scope)
        return tuple(found)

    async def _of(self, check: Check, snapshot: Snapshot, scope: Scope) -> list[Finding]:
        bounded = replace(check, timeout=min(_SECONDS, check.timeout))
        now, old = await self._both(bounded, snapshot, scope.base)
        if now is None or now.timed_out:
            return []
        fresh = _fresh(now.problems, old.problems if old is not None else ())
        told: list[Finding] = []
        for problem in fresh:
            end = problem.end_line or problem.line
            if problem.test or not scope.covers(problem.path, problem.line, end):
                continue
            text = await static.text_at(snapshot, problem.path)
            finding = _told(check, problem, text) if text is not None else None
            if finding is not None:
                told.append(finding)
        return told

    async def _both(
        self, check: Check, snapshot: Snapshot, base: Snapshot | None
    ) -> tuple[CheckResult | None, CheckResult | None]:
        """The check on the code and on what it was before, at the same time."""
        results: dict[str, CheckResult] = {}

        async def one(name: str, tree: Snapshot) -> None:
            try:
                (results[name],) = await self.workshop.check(tree, (check,))
            except EnvironmentMissing:
                return

        async with anyio.create_task_group() as group:
            group.start_soon(one, "now", snapshot)
            if base is not None:
                group.start_soon(one, "before", base)
        return results.get("now"), results.get("before")


def _fresh(now: Sequence[Problem], before: Sequence[Problem]) -> list[Problem]:
    known = Counter(p.identity for p in before)
    fresh: list[Problem] = []
    for problem in now:
        if known[problem.identity] > 0:
            known[problem.identity] -= 1
        else:
            fresh.append(problem)
    return fresh


def _told(check: Check, problem: Problem, text: str) -> Finding | None:
    lines = texts.lines(text)
    if not 0 < problem.line <= len(lines):
        return None
    body = texts.body(lines[problem.line - 1])
    column = min(max(1, problem.column), len(body) or 1)
    end_line = problem.end_line or problem.line
    end_column = problem.end_column or len(body) + 1
    if end_line != problem.line or end_column <= column:
        end_line, end_column = problem.line, len(body) + 1
    quote = quoted(lines, problem.line, column, end_line, end_column)
    if not quote or not quote.strip():
        return None
    proof = PROOFS[check.kind] if problem.severity is Severity.ERROR else Proof.NONE
    types = proof is Proof.TYPES
    return honest(
        Finding(
            problem.path, problem.line, column, end_line, end_column, quote,
            problem.rule or check.kind, problem.message, check.kind,
            Category.TYPES if types else Category.CORRECTNESS, severity=problem.severity,
            confidence=0.9 if proof else 0.6, proof=proof,
            related=tuple(
                Place(f.path, f.line, f.column, note=f.text) for f in problem.related[:5]
            ),
        )
    )  # fmt: skip
