"""unittest's report: one block per failing test, verbose lines for the rest."""

import re
from dataclasses import replace

from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.parse.python import parse_python
from samokoder.agents.checks.places import Places

_END = re.compile(r"^Ran \d+ tests? in ", re.MULTILINE)
_HEAD = re.compile(
    r"^(?:FAIL|ERROR): (?P<name>\S+) \((?P<where>[\w.<>]+)\)(?P<sub>.*)$", re.MULTILINE
)
_VERBOSE = re.compile(
    r"^(?P<name>\w+) \((?P<where>[\w.]+)\)(?:\n[^\n]*?)? \.\.\. "
    r"(?P<word>ok|FAIL|ERROR|skipped|expected failure)\b",
    re.MULTILINE,
)
_LOADER = "unittest.loader._FailedTest"


def parse_unittest(text: str, places: Places) -> Parsed:
    """One problem per failing test, at the innermost frame of the user."""
    problems: list[Problem] = []
    failed: list[str] = []
    for block in re.split(r"(?m)^={50,}$\n", text)[1:]:
        head = _HEAD.match(block)
        if head is None:
            continue
        test = test_id(head["name"], head["where"])
        failed.append(test)
        body = _END.split(block)[0]
        problems += [
            replace(problem, source="unittest", test=test)
            for problem in parse_python(body, places).problems[-1:]
        ]
    words = {
        test_id(match["name"], match["where"]): match["word"] for match in _VERBOSE.finditer(text)
    }
    if not failed and not words:
        return parse_python(text, places)
    return parsed(
        problems,
        failed,
        (test for test, word in words.items() if word == "ok" and test not in failed),
        (test for test, word in words.items() if word in ("skipped", "expected failure")),
    )


def test_id(name: str, where: str) -> str:
    """The dotted id; up to 3.10 the parentheses hold the class only, from 3.11 on all of it."""
    full = where if where.endswith("." + name) else f"{where}.{name}"
    return full.removeprefix(_LOADER + ".")
