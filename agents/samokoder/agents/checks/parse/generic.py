"""Any tool that prints ``file:line:column: message`` or ``file(line,column): message``."""

import re

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_COLONS = re.compile(
    r"^\s*(?:at |in |->|-->|File |\*|#\d+ )?\s*\"?"
    r"(?P<path>(?:[A-Za-z]:)?[\w./\\@+~-][^:()\"<>|*?\n]*?\.\w+)\"?"
    r"(?::|, line )(?P<line>\d+)(?::(?P<column>\d+))?(?P<rest>.*)$"
)
_PARENS = re.compile(
    r"^\s*(?P<path>(?:[A-Za-z]:)?[\w./\\@+~-][^:()\"<>|*?\n]*?\.\w+)"
    r"\((?P<line>\d+)(?:,\s*(?P<column>\d+))?\)(?P<rest>.*)$"
)
_SEVERITY = re.compile(
    r"^(?:\[)?(?P<word>fatal error|error|warning|note|info|hint)\b(?:\])?", re.IGNORECASE
)
_QUIET = re.compile(r"\b\w*Warning\b")


def parse_generic(text: str, places: Places) -> Parsed:
    """One problem for every line that names a place in the workspace; notes are left out."""
    problems = []
    for line in text.split("\n"):
        match = _COLONS.match(line) or _PARENS.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is None or path is None or int(match["line"]) == 0:
            continue
        message = match["rest"].lstrip(":-, ").strip()
        said = _SEVERITY.match(message)
        word = said["word"].lower() if said is not None else ""
        if word in ("note", "info", "hint") or not message:
            continue
        quiet = word == "warning" or _QUIET.search(message) is not None
        problems.append(
            Problem(
                path,
                int(match["line"]),
                message,
                column=max(1, int(match["column"] or 1)),
                severity=Severity.WARNING if quiet else Severity.ERROR,
                source="output",
            )
        )
    return parsed(problems)
