"""The bundled bandit, beside the data-flow pass: where flows were followed, those decide."""

import ast
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import to_thread

from samokoder.agents.checks.check import Severity
from samokoder.agents.repair import testcode
from samokoder.agents.review import pyfile, static
from samokoder.agents.review.analysers.rules import BANDIT_LEFT_OUT, TAINT_KNOWS
from samokoder.agents.review.finding import Category, Finding
from samokoder.agents.review.source import Scope
from samokoder.agents.review.taint import entrances
from samokoder.agents.review.taint.machine import Function
from samokoder.agents.sandbox import process
from samokoder.agents.sandbox.sandbox import Limits
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

_LIMITS: Final = Limits(seconds=60.0, output=8 << 20)
_LEVELS: Final = {"LOW": 0.3, "MEDIUM": 0.5, "HIGH": 0.7}


class _Weakness(msgspec.Struct, frozen=True):
    id: int = 0


class _Said(msgspec.Struct, frozen=True):
    filename: str
    test_id: str
    issue_text: str
    issue_severity: str
    issue_confidence: str
    line_number: int
    col_offset: int = 0
    issue_cwe: _Weakness = _Weakness()


class _Report(msgspec.Struct, frozen=True):
    results: tuple[_Said, ...] = ()


@dataclass(frozen=True)
class BanditSource:
    """See :class:`samokoder.agents.review.source.Source`. ``pool`` gives the folder it works in;
    None: a temporary one, which stays when the process is killed.
    """

    pool: ScratchPool | None = None
    name: str = "bandit"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        now: dict[str, str] = {}
        before: dict[str, str] = {}
        for path in scope.files:
            if not path.endswith(".py") or testcode.is_test_path(path):
                continue
            text = await static.text_at(snapshot, path)
            old = await static.text_at(scope.base, scope.moved.get(path, path))
            if text is not None and text != old:
                now[path] = text
                if old is not None:
                    before[path] = old
        if not now:
            return ()
        said = await self._run(now)
        found = {path: static.within(scope, mine) for path, mine in said.items()}
        stale = {path: text for path, text in before.items() if found.get(path)}
        for path, old_said in (await self._run(stale) if stale else {}).items():
            found[path] = static.brought_in(found[path], old_said)
        return tuple(f for path in scope.files for f in found.get(path, ()))

    async def _run(self, files: dict[str, str]) -> dict[str, list[Finding]]:
        """What bandit says of these texts, by path. They are laid into a folder of their own."""
        argv = (sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", ".")
        async with self.pool.folder() if self.pool is not None else _temporary() as folder:
            await to_thread.run_sync(_lay, folder, files)
            finished = await process.run(argv, cwd=folder, env=_environment(), limits=_LIMITS)
        return await to_thread.run_sync(_read, finished.output, files)


@asynccontextmanager
async def _temporary() -> AsyncIterator[Path]:
    folder = await to_thread.run_sync(
        lambda: tempfile.TemporaryDirectory(prefix="samokoder-bandit-")
    )
    try:
        yield Path(folder.name)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(folder.cleanup)


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "SYSTEMROOT", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: value for name in kept if (value := os.environ.get(name))}


def _lay(folder: Path, files: dict[str, str]) -> None:
    """Numbered files: a path from outside is never written to."""
    for number, text in enumerate(files.values()):
        Path(folder, f"{number}.py").write_text(text, "utf-8", "replace", newline="")


def _read(output: str, files: dict[str, str]) -> dict[str, list[Finding]]:
    start = output.find("{")
    try:
        report = msgspec.json.decode(output[start:] if start >= 0 else "{}", type=_Report)
    except msgspec.DecodeError:
        return {}
    paths = list(files)
    followed: dict[str, list[tuple[int, int]]] = {}
    found: dict[str, list[Finding]] = {}
    for said in report.results:
        number = Path(said.filename).stem
        if not number.isdigit() or int(number) >= len(paths):
            continue
        path = paths[int(number)]
        if path not in followed:
            followed[path] = _followed(path, files[path])
        finding = _told(path, files[path], said, followed[path])
        if finding is not None:
            found.setdefault(path, []).append(finding)
    return found


def _followed(path: str, text: str) -> list[tuple[int, int]]:
    """Lines of the functions in which the data-flow pass followed what comes from outside."""
    file = pyfile.read(path, text)
    if file is None or not entrances.possible(text):
        return []
    try:
        ids = entrances.entered(file.tree)
    except RecursionError:  # generated code, nested too deep to be walked
        return []
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(file.tree)
        if isinstance(node, Function) and id(node) in ids
    ]


def _told(path: str, text: str, said: _Said, followed: list[tuple[int, int]]) -> Finding | None:
    cwe = str(said.issue_cwe.id or "")
    if BANDIT_LEFT_OUT.match(said.test_id):
        return None
    line = said.line_number
    if cwe in TAINT_KNOWS and any(first <= line <= last for first, last in followed):
        return None
    lines = texts.lines(text)
    if not 0 < line <= len(lines):
        return None
    body = texts.body(lines[line - 1])
    quote = body.strip()
    if not quote:
        return None
    column = body.index(quote) + 1
    confidence = _LEVELS.get(said.issue_confidence, 0.3)
    loud = said.issue_severity in ("MEDIUM", "HIGH") and confidence >= _LEVELS["MEDIUM"]
    return Finding(
        path, line, column, line, column + len(quote), quote, said.test_id,
        f"{said.issue_text} (CWE-{cwe})" if cwe else said.issue_text, "bandit",
        Category.SECURITY, cwe, Severity.WARNING if loud else Severity.INFO, confidence,
    )  # fmt: skip
