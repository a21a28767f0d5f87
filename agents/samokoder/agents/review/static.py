"""Analysing files one by one without a model, keeping what the change under review brought in."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import PurePosixPath

from anyio import to_thread

from samokoder.agents.review import pyfile
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.source import Scope
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

PYTHON = frozenset({".py", ".pyi", ".pyw"})

Analyse = Callable[[PyFile], Sequence[Finding]]
Reading = Callable[[str, str], Sequence[Finding]]
"""From a path and a text to findings; blocking."""


async def over_python(snapshot: Snapshot, scope: Scope, analyse: Analyse) -> tuple[Finding, ...]:
    """What ``analyse`` finds in the Python files of the scope and not yet in its base."""

    def reading(path: str, text: str) -> Sequence[Finding]:
        file = pyfile.read(path, text)
        return analyse(file) if file is not None else ()

    return await over(snapshot, scope, PYTHON, reading)


async def over(
    snapshot: Snapshot, scope: Scope, suffixes: Container[str], reading: Reading
) -> tuple[Finding, ...]:
    """What is found in the files of the scope with these endings and not yet in its base."""
    found: list[Finding] = []
    for path in scope.files:
        if PurePosixPath(path).suffix not in suffixes:
            continue
        now = await text_at(snapshot, path)
        if now is None:
            continue
        old_path = scope.moved.get(path, path)
        before = await text_at(scope.base, old_path) if scope.base is not None else None
        if now != before:
            found += await to_thread.run_sync(_compared, path, now, before, scope, reading)
    return tuple(found)


async def text_at(snapshot: Snapshot | None, path: str) -> str | None:
    """The text of a file; None when it is not there or is no text."""
    if snapshot is None or path not in snapshot.files:
        return None
    try:
        return texts.decode(await snapshot.read(path)).text
    except texts.NotText:
        return None


def _compared(
    path: str, now: str, before: str | None, scope: Scope, reading: Reading
) -> list[Finding]:
    found = within(scope, _read(reading, path, now))
    if not found or before is None:
        return found
    return brought_in(found, _read(reading, path, before))


def _read(reading: Reading, path: str, text: str) -> Sequence[Finding]:
    """Nothing for a text that is nested too deep to be walked."""
    try:
        return reading(path, text)
    except RecursionError:
        return ()


def within(scope: Scope, findings: Iterable[Finding]) -> list[Finding]:
    """Those that touch the scope, with their place or with a step of the way to it."""
    return [f for f in findings if _touches(scope, f)]


def _touches(scope: Scope, finding: Finding) -> bool:
    if scope.covers(finding.path, finding.line, finding.end_line):
        return True
    return any(
        e.place is not None and scope.covers(e.place.path, e.place.line, e.place.end_line)
        for e in finding.evidence
    )


def brought_in(now: Sequence[Finding], before: Iterable[Finding]) -> list[Finding]:
    """The findings that were not there before; equal ones are counted, so a second copy is new."""
    known = Counter(_identity(f) for f in before)
    fresh: list[Finding] = []
    for finding in now:
        identity = _identity(finding)
        if known[identity] > 0:
            known[identity] -= 1
        else:
            fresh.append(finding)
    return fresh


def _identity(finding: Finding) -> tuple[str, ...]:
    """Stays equal while unrelated lines move."""
    return finding.origin, finding.rule, " ".join(finding.quote.split())
