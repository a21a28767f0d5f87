"""vitest: one described failure after the other, below a FAIL line each."""

import re

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.parse.node import parse_node
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.parse.stacks import HEADING, frames, is_stack_line
from samokoder.agents.checks.places import Places

_FAIL = re.compile(
    r"^\s*FAIL\s+(?:\|[^|]*\|\s+)?(?P<file>\S+\.\w+)(?: > (?P<name>.+?))?(?: \[ .+ \])?$"
)
_DONE = re.compile(r"^\s*[✓√]\s+(?:\|[^|]*\|\s+)?(?P<file>\S+\.\w+) > (?P<name>.+?)(?:\s+\d+ms)?$")
_SKIPPED = re.compile(r"^\s*[↓-]\s+(?P<file>\S+\.\w+) > (?P<name>.+?)$")
_END = re.compile(r"^⎯{5,}")
_AT_FILE = re.compile(
    r"(?:^|\s)(?:at|At file:|File:) (?P<path>\S+\.\w+):(?P<line>\d+):(?P<column>\d+)"
)
_DRAWN = re.compile(r"[╭┌]─\[ ?(?P<path>\S+?):(?P<line>\d+):(?P<column>\d+) ?\]")


def parse_vitest(text: str, places: Places) -> Parsed:
    """One problem per failing test or file, at the innermost frame of the user."""
    lines = text.split("\n")
    problems: list[Problem] = []
    failed: list[str] = []
    for index, line in enumerate(lines):
        match = _FAIL.match(line)
        if match is None:
            continue
        file = places.locate(match["file"]) or match["file"]
        name = f"{file} > {match['name']}" if match["name"] else file
        failed.append(name)
        end = next((i for i in range(index + 1, len(lines)) if _END.match(lines[i])), len(lines))
        block = lines[index + 1 : end]
        while block and _FAIL.match(block[0]):  # one error that several tests share
            block = block[1:]
        problem = _problem(block, name, places)
        if problem is not None:
            problems.append(problem)
    if not failed:
        return parse_node(text, places)
    passed = _names(lines, _DONE, places)
    return parsed(problems, failed, passed, _names(lines, _SKIPPED, places))


def _problem(block: list[str], name: str, places: Places) -> Problem | None:
    heading = next((m for line in block if (m := HEADING.search(line.strip()))), None)
    found = frames([line for line in block if is_stack_line(line)], places)
    found = found or _elsewhere(block, places)
    if not found:
        return None
    error = heading["type"] if heading is not None else "failed"
    message = (heading["message"] or "") if heading is not None else ""
    first = found[0]
    return Problem(
        first.path,
        first.line,
        f"{error}: {message}" if message else error,
        column=first.column,
        source="vitest",
        rule=error,
        test=name,
        related=related(found, first.path, first.line),
    )


def _elsewhere(block: list[str], places: Places) -> list[Frame]:
    """The place of a file that could not even be read: the bundler draws it its own way."""
    for line in block:
        match = _DRAWN.search(line) or _AT_FILE.search(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is not None and path is not None:
            return [Frame(path, int(match["line"]), max(1, int(match["column"])))]
    return []


def _names(lines: list[str], pattern: re.Pattern[str], places: Places) -> list[str]:
    found = []
    for line in lines:
        match = pattern.match(line)
        if match is not None:
            found.append(f"{places.locate(match['file']) or match['file']} > {match['name']}")
    return found
