"""ruff: its concise lines, its full form with arrows, its JSON, and the formatter's list."""

import json
import re

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_CONCISE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*|[A-Za-z]:\\[^:\n]+):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<rule>[A-Z]+\d+|invalid-syntax|SyntaxError):? (?P<message>.+)$"
)
_GITHUB = re.compile(r"^::\w+ title=ruff [^:]*?::(?=\S)", re.IGNORECASE)
_PYLINT = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+): "
    r"\[(?P<rule>[A-Z]+\d+|invalid-syntax)\] (?P<message>.+)$"
)
_GROUP = re.compile(r"^(?P<path>\S.*\.(?:pyi?|ipynb|toml)):$")
_GROUPED = re.compile(
    r"^\s+(?P<line>\d+):(?P<column>\d+)\s+"
    r"(?P<rule>[A-Z]+\d+|invalid-syntax):? (?P<message>.+)$"
)
_TITLE = re.compile(r"^(?P<rule>[A-Z]+\d+|invalid-syntax|unformatted):? (?P<message>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$")
_REFORMAT = re.compile(r"^Would reformat: (?P<path>.+)$")
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
    group = ""
    for line in text.split("\n"):
        line = _GITHUB.sub("", line)
        match = _CONCISE.match(line) or _PYLINT.match(line)
        if match is not None:
            problems += _problem(places, match["path"], match, match)
        elif (match := _ARROW.match(line)) is not None and title is not None:
            problems += _problem(places, match["path"], match, title)
            title = None
        elif (match := _GROUPED.match(line)) is not None and group:
            problems += _problem(places, group, match, match)
        elif (match := _REFORMAT.match(line)) is not None:
            problems += _found(places, match["path"], 1, 1, "format", "not formatted")
        else:
            header = _GROUP.match(line)
            group = header["path"] if header is not None else group if line.strip() else ""
            title = _TITLE.match(line) or (title if line.strip() else None)
    return parsed(problems)


def _problem(places: Places, raw: str, place: re.Match[str], title: re.Match[str]) -> list[Problem]:
    column = int(place.groupdict().get("column") or 1)
    return _found(places, raw, int(place["line"]), column, title["rule"], title["message"])


def _found(
    places: Places, raw: str, line: int, column: int, rule: str, message: str
) -> list[Problem]:
    path = places.locate(raw)
    if path is None:
        return []
    broken = rule in _SYNTAX or rule.startswith(_BREAKS)
    return [
        Problem(
            path,
            line,
            message.removeprefix("[*] ").strip(),
            column=column,
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
            problems += _found(
                places, row["filename"], at["row"], at["column"], rule, row["message"]
            )
    except (ValueError, TypeError, KeyError):
        return None
    return problems
