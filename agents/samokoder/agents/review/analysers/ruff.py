"""The bundled ruff, with the rules that find mistakes."""

from dataclasses import dataclass
from typing import Final

import anyio

from samokoder.agents.checks.check import Severity
from samokoder.agents.repair import ruffs
from samokoder.agents.review import static
from samokoder.agents.review.analysers.rules import RUFF, Worth
from samokoder.agents.review.finding import Category, Finding, Proof, quoted
from samokoder.agents.review.source import Scope
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

_AT_ONCE: Final = 4
_SELECT: Final = ",".join(sorted({"E9", *RUFF}))
_SYNTAX: Final = Worth(Severity.ERROR, Category.CORRECTNESS, 1.0)


@dataclass(frozen=True)
class RuffSource:
    """See :class:`samokoder.agents.review.source.Source`."""

    name: str = "ruff"

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        found: dict[str, list[Finding]] = {}
        limiter = anyio.CapacityLimiter(_AT_ONCE)

        async def one(path: str) -> None:
            async with limiter:
                now = await static.text_at(snapshot, path)
                before = await static.text_at(scope.base, scope.moved.get(path, path))
                if now is None or now == before:
                    return
                mine = static.within(scope, await _of(path, now))
                if mine and before is not None:
                    mine = static.brought_in(mine, await _of(path, before))
                found[path] = mine

        async with anyio.create_task_group() as group:
            for path in scope.files:
                if path.endswith(tuple(static.PYTHON)):
                    group.start_soon(one, path)
        return tuple(f for path in scope.files for f in found.get(path, ()))


async def _of(path: str, text: str) -> list[Finding]:
    lines = texts.lines(text)
    said = await ruffs.findings(path, text, _SELECT)
    return [f for one in said if (f := _told(path, lines, one)) is not None]


def _told(path: str, lines: list[str], said: ruffs.Finding) -> Finding | None:
    """One of ruff's diagnostics as a finding; a syntax error is proven by the parser."""
    code = said.code or "syntax"
    syntax = code in ("syntax", "invalid-syntax") or code.startswith("E9")
    worth = _SYNTAX if syntax else RUFF.get(code)
    if worth is None:
        return None
    line, column = said.location.row, said.location.column
    end_line, end_column = said.end_location.row, said.end_location.column
    if end_line > line and line <= len(lines):  # the first line shows what is meant
        end_line, end_column = line, len(texts.body(lines[line - 1])) + 1
    quote = quoted(lines, line, column, end_line, end_column)
    if not quote and 0 < line <= len(lines):
        column, end_line = 1, line
        end_column = len(texts.body(lines[line - 1])) + 1
        quote = quoted(lines, line, 1, line, end_column)
    if not quote:
        return None
    return Finding(
        path, line, column, end_line, end_column, quote, code, said.message, "ruff",
        worth.category, severity=worth.severity, confidence=worth.confidence,
        proof=Proof.COMPILER if syntax else Proof.NONE,
        advice=said.fix.message or "" if said.fix is not None else "",
    )  # fmt: skip
