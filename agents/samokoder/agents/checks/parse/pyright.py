"""pyright and its relatives: their lines and their JSON."""

import json
import re
from dataclasses import replace
from typing import Any

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_LINE = re.compile(
    r"^\s*(?P<path>(?:[A-Za-z]:)?[^:\n]+):(?P<line>\d+):(?P<column>\d+) - "
    r"(?P<severity>error|warning|information): (?P<message>.*?)"
    r"(?: \((?P<rule>report\w+)\))?$"
)
_MORE = re.compile(r"^ {4,}(?P<message>\S.*?)(?: \((?P<rule>report\w+)\))?$")
_SEVERITIES = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "information": Severity.INFO,
}


def parse_pyright(text: str, places: Places) -> Parsed:
    """Every diagnostic; the lines that explain it belong to its message."""
    if '"generalDiagnostics"' in text:
        return parsed(_json(text[text.find("{") :], places))
    problems: list[Problem] = []
    inside = False
    for line in text.split("\n"):
        match = _LINE.match(line)
        more = _MORE.match(line) if match is None and inside else None
        if more is not None:
            last = problems[-1]
            message = f"{last.message}\n{more['message']}"
            problems[-1] = replace(last, message=message, rule=more["rule"] or last.rule)
            continue
        path = places.locate(match["path"]) if match is not None else None
        inside = match is not None and path is not None
        if match is not None and path is not None:
            problems.append(
                Problem(
                    path,
                    int(match["line"]),
                    match["message"],
                    column=int(match["column"]),
                    severity=_SEVERITIES[match["severity"]],
                    source="pyright",
                    rule=match["rule"] or "",
                )
            )
    return parsed(problems)


def _json(text: str, places: Places) -> list[Problem]:
    try:
        rows: list[dict[str, Any]] = json.JSONDecoder().raw_decode(text)[0]["generalDiagnostics"]
        found = []
        for row in rows:
            path = places.locate(str(row["file"]))
            start, end = row["range"]["start"], row["range"]["end"]
            if path is not None:
                found.append(
                    Problem(
                        path,
                        int(start["line"]) + 1,
                        str(row["message"]),
                        column=int(start["character"]) + 1,
                        end_line=int(end["line"]) + 1,
                        end_column=int(end["character"]) + 1,
                        severity=_SEVERITIES.get(row["severity"], Severity.INFO),
                        source="pyright",
                        rule=str(row.get("rule") or ""),
                    )
                )
    except (ValueError, TypeError, KeyError):
        return []
    return found
