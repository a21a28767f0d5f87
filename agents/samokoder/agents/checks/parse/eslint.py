"""eslint: its stylish report, its JSON, and one line a finding."""

import json
import re
from typing import Any

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_FILE = re.compile(r"^(?P<path>(?:/|[A-Za-z]:[\\/]|\.{0,2}/?)\S.*\.\w+)$")
_ROW = re.compile(
    r"^\s+(?P<line>\d+):(?P<column>\d+)\s+(?P<severity>error|warning)\s+(?P<message>.+?)"
    r"(?:\s{2,}(?P<rule>[@\w][\w/@-]*))?\s*$"
)
_UNIX = re.compile(
    r"^(?P<path>\S[^:\n]*):(?P<line>\d+):(?P<column>\d+): (?P<message>.+?) "
    r"\[(?P<severity>Error|Warning)(?:/(?P<rule>[@\w/-]+))?\]$"
)
_COMPACT = re.compile(
    r"^(?P<path>\S[^:\n]*): line (?P<line>\d+), col (?P<column>\d+), "
    r"(?P<severity>Error|Warning) - (?P<message>.+?)(?: \((?P<rule>[@\w/-]+)\))?$"
)


def parse_eslint(text: str, places: Places) -> Parsed:
    """Every finding with the severity it has in the project."""
    start = text.find("[{")
    if start >= 0 and '"filePath"' in text:
        found = _json(text[start:], places)
        if found is not None:
            return parsed(found)
    problems: list[Problem] = []
    raw = ""
    for line in text.split("\n"):
        row = _UNIX.match(line) or _COMPACT.match(line)
        if row is not None:
            problems += _problem(places, row["path"], row)
        elif (row := _ROW.match(line)) is not None and raw:
            problems += _problem(places, raw, row)
        elif (file := _FILE.match(line)) is not None:
            raw = file["path"]
    return parsed(problems)


def _problem(places: Places, raw: str, row: re.Match[str]) -> list[Problem]:
    path = places.locate(raw)
    if path is None:
        return []
    return [
        Problem(
            path,
            int(row["line"]),
            row["message"].strip(),
            column=max(1, int(row["column"])),
            severity=Severity(row["severity"].lower()),
            source="eslint",
            rule=row["rule"] or "",
        )
    ]


def _json(text: str, places: Places) -> list[Problem] | None:
    try:
        files = json.JSONDecoder().raw_decode(text)[0]
        problems = []
        for file in files:
            path = places.locate(file["filePath"])
            if path is not None:
                problems += [_from_json(path, row) for row in file["messages"]]
    except (ValueError, TypeError, KeyError):
        return None
    return problems


def _from_json(path: str, row: dict[str, Any]) -> Problem:
    return Problem(
        path,
        int(row.get("line") or 1),
        str(row["message"]),
        column=int(row.get("column") or 1),
        end_line=row.get("endLine"),
        end_column=row.get("endColumn"),
        severity=Severity.ERROR if row["severity"] == 2 else Severity.WARNING,
        source="eslint",
        rule=row.get("ruleId") or "",
    )
