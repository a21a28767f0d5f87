"""From a tool's output to problems at file and line; one module per tool."""

from samokoder.agents.checks.ansi import plain
from samokoder.agents.checks.parse.generic import parse_generic
from samokoder.agents.checks.parse.mypy import parse_mypy
from samokoder.agents.checks.parse.parsed import Parsed, Parser, parsed
from samokoder.agents.checks.parse.pytest import parse_pytest
from samokoder.agents.checks.parse.python import parse_python
from samokoder.agents.checks.parse.ruff import parse_ruff
from samokoder.agents.checks.parse.unittest import parse_unittest
from samokoder.agents.checks.places import Places

__all__ = ["PARSERS", "Parsed", "parse"]

PARSERS: dict[str, Parser] = {
    "pytest": parse_pytest,
    "unittest": parse_unittest,
    "python": parse_python,
    "ruff": parse_ruff,
    "mypy": parse_mypy,
    "generic": parse_generic,
}
"""The parser of each kind of check; any other kind is read by all of them."""


def parse(kind: str, text: str, places: Places) -> Parsed:
    """What the output of a check of this kind says; control sequences are ignored."""
    text = plain(text)
    parser = PARSERS.get(kind)
    return parser(text, places) if parser is not None else _any(text, places)


def _any(text: str, places: Places) -> Parsed:
    """Output of unknown origin: every parser that recognises something, the first to name a line
    wins."""
    found = [parser(text, places) for parser in PARSERS.values()]
    lines: set[tuple[str, int]] = set()
    problems = []
    for one in found:
        fresh = [p for p in one.problems if (p.path, p.line) not in lines]
        problems += fresh
        for p in one.problems:
            lines |= {(p.path, p.line)} | {(frame.path, frame.line) for frame in p.related}
    return parsed(
        problems,
        (test for one in found for test in one.failed),
        (test for one in found for test in one.passed),
        (test for one in found for test in one.skipped),
    )
