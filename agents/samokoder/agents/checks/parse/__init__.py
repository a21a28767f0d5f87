"""From a tool's output to problems at file and line; one module per tool."""

from samokoder.agents.checks.ansi import plain
from samokoder.agents.checks.parse.eslint import parse_eslint
from samokoder.agents.checks.parse.gcc import parse_gcc
from samokoder.agents.checks.parse.generic import parse_generic
from samokoder.agents.checks.parse.go import parse_go
from samokoder.agents.checks.parse.java import parse_java
from samokoder.agents.checks.parse.jest import parse_jest
from samokoder.agents.checks.parse.mypy import parse_mypy
from samokoder.agents.checks.parse.node import parse_node
from samokoder.agents.checks.parse.parsed import Parsed, Parser, parsed
from samokoder.agents.checks.parse.pyright import parse_pyright
from samokoder.agents.checks.parse.pytest import parse_pytest
from samokoder.agents.checks.parse.python import parse_python
from samokoder.agents.checks.parse.recognition import kinds_in, unprefixed
from samokoder.agents.checks.parse.ruff import parse_ruff
from samokoder.agents.checks.parse.rust import parse_rust
from samokoder.agents.checks.parse.tsc import parse_tsc
from samokoder.agents.checks.parse.unittest import parse_unittest
from samokoder.agents.checks.parse.vitest import parse_vitest
from samokoder.agents.checks.places import Places

__all__ = ["PARSERS", "Parsed", "parse"]

PARSERS: dict[str, Parser] = {
    "pytest": parse_pytest,
    "unittest": parse_unittest,
    "python": parse_python,
    "ruff": parse_ruff,
    "mypy": parse_mypy,
    "pyright": parse_pyright,
    "node": parse_node,
    "vitest": parse_vitest,
    "jest": parse_jest,
    "tsc": parse_tsc,
    "eslint": parse_eslint,
    "go": parse_go,
    "cargo": parse_rust,
    "gcc": parse_gcc,
    "java": parse_java,
    "generic": parse_generic,
}
"""The parser of each kind of check; output of any other kind is recognised by what is in it."""


def parse(kind: str, text: str, places: Places) -> Parsed:
    """What the output of a check of this kind says; control sequences are ignored."""
    text = unprefixed(plain(text))
    parser = PARSERS.get(kind)
    return parser(text, places) if parser is not None else _recognised(text, places)


def _recognised(text: str, places: Places) -> Parsed:
    """Output of unknown origin: every tool that is recognised in it, else any place named."""
    found = [PARSERS[kind](text, places) for kind in kinds_in(text)] or [
        parse_generic(text, places)
    ]
    return parsed(
        (problem for one in found for problem in one.problems),
        (test for one in found for test in one.failed),
        (test for one in found for test in one.passed),
        (test for one in found for test in one.skipped),
    )
