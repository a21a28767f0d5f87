"""Documented examples that do not hold: run in the sandbox, and traced to a line.

A failing example is a proof that code and documentation disagree. Where a small change of one line
makes every example true, that line is the place; else the line the failing ones point at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult, Severity
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.repair import testcode
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review import pyfile, static
from samokoder.agents.review.defects import locating
from samokoder.agents.review.defects.examples import Example, examples
from samokoder.agents.review.finding import Category, Exhibit, Finding, Place, Proof
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.source import Scope
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

MODULE: Final = "test_samokoder_examples"
_SECONDS: Final = 20.0
_FILES: Final = 20
"""Files of one review whose examples are run."""
_SEARCHES: Final = 3
"""Files of one review for whose failing examples a repair is looked for."""
_TEST: Final = re.compile(r"test_line_(\d+)$")


@dataclass(frozen=True, slots=True)
class Trial:
    """The tests made of one file's examples, and how to run them."""

    change: ChangeSet
    check: Check
    text: str


@dataclass(frozen=True)
class ExamplesSource:
    """See :class:`samokoder.agents.review.source.Source`. It runs the project's code: only for
    workspaces the user trusts, and only confined.
    """

    workshop: Workshop
    settings: Settings
    name: str = "examples"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        if not self.workshop.confines:
            return ()
        found: list[Finding] = []
        tried = failed = 0
        for path in scope.files:
            text = await static.text_at(snapshot, path) if _mine(path) else None
            file = await to_thread.run_sync(pyfile.read, path, text) if text else None
            given = await to_thread.run_sync(_within, file, scope) if file is not None else ()
            if file is None or not given or tried >= _FILES:
                continue
            tried += 1
            told = await self._of(file, given, snapshot, scope, failed < _SEARCHES)
            found += told
            failed += len(told)
        return tuple(found)

    async def _of(
        self,
        file: PyFile,
        given: Sequence[Example],
        snapshot: Snapshot,
        scope: Scope,
        search: bool,
    ) -> list[Finding]:
        try:
            python = await find_interpreter(snapshot.root, self.settings.check)
        except EnvironmentMissing:
            return []
        trial = await to_thread.run_sync(tests_of, file.path, given, python.path)
        now = snapshot.with_changes(trial.change)
        (result,) = await self.workshop.check(now, (trial.check,))
        failing = _failing(result, given)
        if not failing or await self._before(trial, failing, scope):
            return []
        files = {file.path: file}
        spot = await locating.spot(now, result, self.workshop, self.settings, files, search)
        if spot is None:
            spot = locating.Spot(locating.line_of(file, failing[0].line))
        return [_told(file, failing, trial, result, spot)]

    async def _before(self, trial: Trial, failing: Sequence[Example], scope: Scope) -> bool:
        """Whether the same examples already failed before the change."""
        if scope.base is None:
            return False
        (old,) = await self.workshop.check(scope.base.with_changes(trial.change), (trial.check,))
        bad = {m[1] for t in old.failed if (m := _TEST.search(t))}
        return all(str(e.line) in bad for e in failing)


def _mine(path: str) -> bool:
    return path.endswith(".py") and not testcode.is_test_path(path)


def _within(file: PyFile, scope: Scope) -> tuple[Example, ...]:
    """The examples of a file that has some, when the scope touches it."""
    return examples(file) if file.path in scope.files else ()


def tests_of(path: str, given: Sequence[Example], python: str) -> Trial:
    """A test file that holds the examples, at the top of the workspace. Blocking."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    lines = ",\n    ".join(
        repr((e.line, [(s.source, s.want) for s in e.steps])) for e in _one_a_line(given)
    )
    text = _template().replace('MODULE = ""', f"MODULE = {module!r}")
    text = text.replace("EXAMPLES: list[Any] = []", f"EXAMPLES = [\n    {lines},\n]")
    change = FileChange(f"{MODULE}.py", ChangeKind.CREATE, None, text.encode())
    check = Check(
        "examples", "unittest", (python, "-m", "unittest", MODULE), origin="builtin",
        timeout=_SECONDS,
    )  # fmt: skip
    return Trial(ChangeSet("The documented examples as tests", (change,)), check, text)


def _one_a_line(given: Sequence[Example]) -> list[Example]:
    return list({e.line: e for e in given}.values())


@cache
def _template() -> str:
    folder = resources.files(__package__).joinpath("injected")
    return folder.joinpath("documented.py").read_text("utf-8")


def _failing(result: CheckResult, given: Sequence[Example]) -> list[Example]:
    if result.ok or result.timed_out:
        return []
    lines = {int(m[1]) for t in result.failed if (m := _TEST.search(t))}
    return [e for e in given if e.line in lines]


def _told(
    file: PyFile,
    failing: Sequence[Example],
    trial: Trial,
    result: CheckResult,
    spot: locating.Spot,
) -> Finding:
    example = failing[0]
    got = next((p.message for p in result.problems if f"line_{example.line}" in p.test), "")
    said = f"`{example.last.source}` is documented to be {example.last.want}"
    but = got.partition(" but is ")[2]
    outcome = f"but is {but}" if but else f"but fails with {got}" if got else "but is not"
    place = spot.place
    where = Place(file.path, example.line, quote=file.lines[example.line - 1].strip(),
                  note="the example")  # fmt: skip
    evidence = [
        Exhibit("reason", f"{len(failing)} documented examples do not hold."),
        Exhibit("test", trial.text),
        Exhibit("output", result.output.strip()[-800:]),
    ]
    if spot.note:
        evidence.insert(1, Exhibit("reason", f"With {spot.note} every example holds."))
    return Finding(
        file.path, place.line, place.column, place.end_line, place.end_column, place.quote,
        "example-fails", f"{said}, {outcome}."[:400], "examples", Category.CORRECTNESS,
        severity=Severity.ERROR, confidence=0.9 if spot.note else 0.7, proof=Proof.TEST,
        evidence=tuple(evidence), related=(where, *spot.others),
    )  # fmt: skip
