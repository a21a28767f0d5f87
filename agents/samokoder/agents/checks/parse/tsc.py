"""The TypeScript compiler, plain and pretty."""

import re
from dataclasses import replace

from samokoder.agents.checks.check import Frame, Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.places import Places

_PLAIN = re.compile(
    r"^(?P<path>[^\s(][^(\n]*)\((?P<line>\d+),(?P<column>\d+)\): "
    r"(?P<severity>error|warning) (?P<rule>TS\d+): (?P<message>.*)$"
)
_PRETTY = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+) - "
    r"(?P<severity>error|warning) (?P<rule>TS\d+): (?P<message>.*)$"
)
_RELATED = re.compile(r"^\s+(?P<path>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+)$")


def parse_tsc(text: str, places: Places) -> Parsed:
    """Every error; places it points to besides are related frames."""
    problems: list[Problem] = []
    for line in text.split("\n"):
        other = _RELATED.match(line)
        if other is not None and problems and (path := places.locate(other["path"])):
            last = problems[-1]
            more = Frame(path, int(other["line"]), int(other["column"]))
            problems[-1] = replace(last, related=(*last.related, more))
        match = _PLAIN.match(line) or _PRETTY.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is None or path is None:
            continue
        problems.append(
            Problem(
                path,
                int(match["line"]),
                match["message"],
                column=int(match["column"]),
                severity=Severity(match["severity"]),
                source="tsc",
                rule=match["rule"],
            )
        )
    return parsed(problems)
