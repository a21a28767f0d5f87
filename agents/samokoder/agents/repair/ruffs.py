"""The bundled ruff, asked about one text at a time over standard input."""

from typing import Any

import anyio
import msgspec

from samokoder.agents.checks.bundled import ruff_program

ERRORS = "E9,F63,F7,F82,PLE"
"""Rules that say a program cannot run: syntax, impossible comparisons, undefined names."""


class Location(msgspec.Struct, frozen=True):
    """Line and column, counted from 1; columns count code points."""

    row: int
    column: int


class Edit(msgspec.Struct, frozen=True):
    content: str
    location: Location
    end_location: Location


class Remedy(msgspec.Struct, frozen=True):
    applicability: str
    edits: tuple[Edit, ...]
    message: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """One diagnostic; ``fix`` is what ruff itself would do."""

    code: str | None
    message: str
    location: Location
    end_location: Location
    fix: Remedy | None = None


async def findings(path: str, text: str, select: str = "", config: str = "") -> tuple[Finding, ...]:
    """What ruff says about the text; ``config`` is the project's file, empty for none at all."""
    argv = [
        await ruff_program(), "check", "--no-cache", "--quiet", "--exit-zero",
        "--output-format=json", f"--stdin-filename={path}",
    ]  # fmt: skip
    argv += [f"--config={config}"] if config else ["--isolated"]
    if select:
        argv.append(f"--select={select}")
    done = await anyio.run_process([*argv, "-"], input=text.encode(), check=False)
    try:
        return tuple(msgspec.json.decode(done.stdout, type=list[Finding]))
    except msgspec.DecodeError:
        return ()


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with the edits of one remedy."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(where: Location) -> int:
        row = min(where.row, len(starts)) - 1
        return min(starts[row] + where.column - 1, len(text))

    for edit in sorted(edits, key=lambda e: offset(e.location), reverse=True):
        start, end = offset(edit.location), offset(edit.end_location)
        text = text[:start] + edit.content + text[end:]
    return text


def counts(found: tuple[Finding, ...]) -> dict[str, Any]:
    """How often each complaint occurs, wherever it stands."""
    total: dict[str, Any] = {}
    for finding in found:
        name = f"{finding.code or 'syntax'}: {finding.message}"
        total[name] = total.get(name, 0) + 1
    return total
