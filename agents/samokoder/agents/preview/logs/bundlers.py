"""Errors of the bundlers behind development servers: Vite, esbuild, webpack."""

import re

from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.places import Places

_ESBUILD = re.compile(r"^\s*(?:✘ |X )\[ERROR\] (?P<message>.+)$")
_VITE = re.compile(
    r"(?:\[vite\]|\[plugin[: ][^\]]+\])\s*(?:\(client\) )?"
    r"(?:Internal server error: |Pre-transform error: )?(?P<message>.+)$"
)
_WEBPACK = re.compile(r"^ERROR in (?P<path>\.?[\w./@-]+)(?: (?P<line>\d+):(?P<column>\d+))?")
_PLACE = re.compile(
    r"^\s*(?:File: |╭─\[ ?|at )?(?P<path>[\w./@\\-]+\.\w{1,6})"
    r":(?P<line>\d+):(?P<column>\d+)(?:$|[:\s\]])"
)
_NEAR = 12
"""Lines after a message in which its place is looked for."""


def bundler_problems(text: str, places: Places) -> tuple[Problem, ...]:
    """One problem for every message that names a place of the workspace."""
    lines = text.split("\n")
    found = []
    for at, line in enumerate(lines):
        match = _ESBUILD.match(line) or _VITE.search(line)
        webpack = _WEBPACK.match(line)
        if webpack and webpack["line"]:
            path = places.locate(webpack["path"])
            message = lines[at + 1].strip() if at + 1 < len(lines) else "does not build"
            if path:
                place = int(webpack["line"]), int(webpack["column"]) + 1
                found.append(_problem(path, *place, message, "webpack"))
        elif match:
            for later in lines[at + 1 : at + 1 + _NEAR]:
                where = _PLACE.match(later)
                path = places.locate(where["path"]) if where else None
                if where and path:
                    message, source = match["message"].strip(), "bundler"
                    column = int(where["column"]) + (1 if match.re is _ESBUILD else 0)
                    found.append(_problem(path, int(where["line"]), column, message, source))
                    break
    return tuple(found)


def _problem(path: str, line: int, column: int, message: str, source: str) -> Problem:
    return Problem(path, line, message, column=max(1, column), source=source)
