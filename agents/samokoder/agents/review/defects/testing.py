"""Tests that fail on the code under review: run in the sandbox, and traced to a line.

Only test files that speak of a module under review are run, and only when the same tests did not
already fail before the change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult, Problem, Severity
from samokoder.agents.checks.detect import detect
from samokoder.agents.checks.selection import select
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.repair import testcode
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review import pyfile, static
from samokoder.agents.review.defects import locating
from samokoder.agents.review.finding import Category, Exhibit, Finding, Place, Proof
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.source import Scope
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot

_SECONDS: Final = 60.0
_TESTS: Final = 12
"""Test files of one review."""
_NAMED: Final = 3
"""Failing tests that a message names."""


@dataclass(frozen=True)
class FailingTestsSource:
    """See :class:`samokoder.agents.review.source.Source`. It runs the project's code: only for
    workspaces the user trusts, and only confined.
    """

    workshop: Workshop
    settings: Settings
    name: str = "tests"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        if not self.workshop.confines:
            return ()
        files = await _under_review(snapshot, scope)
        tests = await _about(snapshot, files)
        if not tests:
            return ()
        try:
            checks = await detect(snapshot, self.settings)
        except EnvironmentMissing:
            return ()
        found: list[Finding] = []
        for check in checks:
            if check.kind in ("pytest", "unittest"):
                found += await self._of(check, tests, files, snapshot, scope)
        return tuple(found)

    async def _of(
        self,
        check: Check,
        tests: Sequence[str],
        files: Mapping[str, PyFile],
        snapshot: Snapshot,
        scope: Scope,
    ) -> list[Finding]:
        narrowed = replace(select(check, tests), timeout=min(_SECONDS, check.timeout))
        try:
            (result,) = await self.workshop.check(snapshot, (narrowed,))
            before: Sequence[str] = ()
            if result.failed and scope.base is not None:
                (old,) = await self.workshop.check(scope.base, (narrowed,))
                before = old.failed
        except EnvironmentMissing:
            return []
        failed = [t for t in result.failed if t not in set(before)]
        if not failed:
            return []
        spot = await locating.spot(snapshot, result, self.workshop, self.settings, files)
        if spot is None or not scope.covers(spot.place.path, spot.place.line):
            return []
        return [_told(result, failed, spot)]


async def _under_review(snapshot: Snapshot, scope: Scope) -> dict[str, PyFile]:
    found: dict[str, PyFile] = {}
    for path in scope.files:
        if path.endswith(".py") and not testcode.is_test_path(path):
            text = await static.text_at(snapshot, path)
            file = await to_thread.run_sync(pyfile.read, path, text) if text else None
            if file is not None:
                found[path] = file
    return found


async def _about(snapshot: Snapshot, files: Mapping[str, PyFile]) -> list[str]:
    """Test files that name a module under review, nearest first."""
    stems = {PurePosixPath(p).stem for p in files} - {"__init__"}
    if not stems:
        return []
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(stems)))})\b")
    found: list[str] = []
    for path in sorted(snapshot.files):
        if path.endswith(".py") and testcode.is_test_path(path):
            text = await static.text_at(snapshot, path)
            if text is not None and word.search(text):
                found.append(path)
    return sorted(found, key=lambda p: (not word.search(PurePosixPath(p).stem), p))[:_TESTS]


def _told(result: CheckResult, failed: Sequence[str], spot: locating.Spot) -> Finding:
    problem = next((p for p in result.problems if p.test in failed), None)
    names = ", ".join(f"`{_short(t)}`" for t in failed[:_NAMED])
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    why = f": {_reason(problem)}" if problem is not None else ""
    evidence = [Exhibit("output", result.output.strip()[-800:])]
    if spot.note:
        evidence.insert(0, Exhibit("reason", f"With {spot.note} these tests pass."))
    place = spot.place
    related = list(spot.others)
    if problem is not None and problem.path != place.path:
        related.insert(0, Place(problem.path, problem.line, problem.column, note="the test"))
    return Finding(
        place.path, place.line, place.column, place.end_line, place.end_column, place.quote,
        "test-fails", f"{names}{more} fail{'s' if len(failed) == 1 else ''} because of this{why}"
        if spot.note else f"{names}{more} fail{'s' if len(failed) == 1 else ''} here{why}",
        "tests", Category.CORRECTNESS, severity=Severity.ERROR,
        confidence=0.9 if spot.note else 0.6, proof=Proof.TEST, evidence=tuple(evidence),
        related=tuple(related),
    )  # fmt: skip


def _short(test: str) -> str:
    return test.rpartition("::")[2].rpartition(".")[2]


def _reason(problem: Problem) -> str:
    line = problem.message.strip().splitlines()
    return line[0][:200] if line else ""
