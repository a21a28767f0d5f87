"""mypy: ``path:line[:column[:end_line:end_column]]: severity: message  [code]``."""

import json
import re
from dataclasses import replace

from samokoder.agents.checks.check import Frame, Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_LINE = re.compile(
    r"^(?P<path>(?:[A-Za-z]:)?[^:\n]+):(?P<line>\d+)(?::(?P<column>\d+))?"
    r"(?::(?P<end_line>\d+):(?P<end_column>\d+))?: (?P<severity>error|note|warning): "
    r"(?P<message>.*?)(?:\s+\[(?P<code>[a-z][a-z0-9-]*)\])?$"
)


def parse_mypy(text: str, places: Places) -> Parsed:
    """Errors; the notes that follow one are its related frames."""
    problems: list[Problem] = []
    for line in text.split("\n"):
        if line.startswith('{"file":'):
            problems += _json(line, places)
            continue
        match = _LINE.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is None or path is None:
            continue
        number, column = int(match["line"]), int(match["column"] or 1)
        if match["severity"] == "note":
            if problems and not match["message"].startswith("See https"):
                last = problems[-1]
                note = Frame(path, number, column, match["message"])
                problems[-1] = replace(last, related=(*last.related, note))
            continue
        problems.append(
            Problem(
                path,
                number,
                match["message"],
                column=column,
                end_line=int(match["end_line"]) if match["end_line"] else None,
                # mypy's end is inclusive, ours is the first column after it
                end_column=int(match["end_column"]) + 1 if match["end_column"] else None,
                severity=Severity.ERROR if match["severity"] == "error" else Severity.WARNING,
                source="mypy",
                rule=match["code"] or "",
            )
        )
    return parsed(problems)


def _json(line: str, places: Places) -> list[Problem]:
    """One row of ``--output json``; its columns count from 0."""
    try:
        row = json.loads(line)
        path = places.locate(row["file"])
        if path is None or row["severity"] == "note":
            return []
        return [
            Problem(
                path,
                int(row["line"]),
                str(row["message"]),
                column=int(row["column"]) + 1,
                source="mypy",
                rule=str(row["code"] or ""),
            )
        ]
    except (ValueError, TypeError, KeyError):
        return []
