"""ruff: its concise lines, its full form with arrows, its JSON, and the formatter's list."""

import json
import re

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_CONCISE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*|[A-Za-z]:\\[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<rule>[A-Z]+\d+|invalid-syntax|SyntaxError|E999)(?::)? (?P<message>.+)$"
)
_TITLE = re.compile(r"^(?P<rule>[A-Z]+\d+|invalid-syntax)(?: \[\*\])?:? (?P<message>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$")
_REFORMAT = re.compile(r"^(?:Would reformat|unformatted): (?P<path>.+)$")
_SYNTAX = ("invalid-syntax", "SyntaxError", "E999")
_BREAKS = ("F82", "F63", "F7", "E9")
"""Rules whose breach fails at run time; the rest are matters of style."""


def parse_ruff(text: str, places: Places) -> Parsed:
    """Every violation; a syntax error or undefined name is an error, the rest warnings."""
    if text.lstrip().startswith("["):
        found = _json(text, places)
        if found is not None:
            return parsed(found)
    problems: list[Problem] = []
    title: re.Match[str] | None = None
    for line in text.split("\n"):
        concise, arrow = _CONCISE.match(line), _ARROW.match(line)
        if concise is not None:
            problems += _problem(
                places, concise["path"], concise["line"], concise["column"],
                concise["rule"], concise["message"],
            )  # fmt: skip
        elif arrow is not None and title is not None:
            problems += _problem(
                places, arrow["path"], arrow["line"], arrow["column"],
                title["rule"], title["message"],
            )  # fmt: skip
            title = None
        elif (reformat := _REFORMAT.match(line)) is not None:
            problems += _problem(places, reformat["path"], "1", "1", "format", "not formatted")
        else:
            title = _TITLE.match(line) or (title if line.strip() else None)
    return parsed(problems)


def _problem(
    places: Places, raw: str, line: str, column: str, rule: str, message: str
) -> list[Problem]:
    path = places.locate(raw)
    if path is None:
        return []
    broken = rule in _SYNTAX or rule.startswith(_BREAKS)
    return [
        Problem(
            path,
            int(line),
            message.removeprefix("[*] ").strip(),
            column=int(column),
            severity=Severity.ERROR if broken else Severity.WARNING,
            source="ruff",
            rule=rule,
        )
    ]


def _json(text: str, places: Places) -> list[Problem] | None:
    try:
        rows = json.JSONDecoder().raw_decode(text.lstrip())[0]
        problems = []
        for row in rows:
            at = row["location"]
            rule = row.get("code") or "invalid-syntax"
            problems += _problem(
                places, row["filename"], str(at["row"]), str(at["column"]), rule, row["message"]
            )
    except (ValueError, TypeError, KeyError):
        return None
    return problems
