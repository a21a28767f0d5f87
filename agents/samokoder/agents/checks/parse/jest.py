"""jest: a bullet for every failure, below the file it is in."""

import re

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.parse.node import parse_node
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.parse.stacks import HEADING, frames, is_stack_line
from samokoder.agents.checks.places import Places

_FILE = re.compile(r"^(?P<word>FAIL|PASS)\s+(?:\S+ )?(?P<path>\S+\.\w+)(?: \([\d.]+ m?s\))?$")
_BULLET = re.compile(r"^  ● (?P<name>.+)$")
_END = re.compile(r"^(?:Test Suites:|Summary of all failing tests|(?:FAIL|PASS)\s)")
_LINE = re.compile(r"^(?P<indent> {2,})(?P<mark>[✓✕○√×]) (?P<name>.+?)(?: \([\d.]+ m?s\))?$")
_GROUP = re.compile(r"^(?P<indent> {2,})(?P<name>\S.*)$")
_SYNTAX = re.compile(
    r"SyntaxError: (?P<path>\S+?\.\w+): (?P<message>.+?) \((?P<line>\d+):(?P<column>\d+)\)"
)
_NOT_RUN = "Test suite failed to run"


def parse_jest(text: str, places: Places) -> Parsed:
    """One problem per failing test or file, at the innermost frame of the user."""
    lines = text.split("\n")
    problems: list[Problem] = []
    failed: list[str] = []
    passed: list[str] = []
    skipped: list[str] = []
    file = ""
    groups: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        if (head := _FILE.match(line)) is not None:
            file, groups = places.locate(head["path"]) or head["path"], []
        elif (bullet := _BULLET.match(line)) is not None and "Console" not in line:
            name = file if bullet["name"] == _NOT_RUN else _name(file, bullet["name"].split(" › "))
            problem = _problem(_block(lines, index + 1), name, places)
            failed.append(name)
            if problem is not None:
                problems.append(problem)
        elif (row := _LINE.match(line)) is not None:
            depth = len(row["indent"])
            groups = [group for group in groups if group[0] < depth]
            name = _name(file, [*(group[1] for group in groups), row["name"]])
            if row["mark"] in "✓√":
                passed.append(name)
            elif row["mark"] == "○":
                skipped.append(name.replace(" > skipped ", " > "))
        elif file and (group := _GROUP.match(line)) is not None and not failed:
            depth = len(group["indent"])
            groups = [*(g for g in groups if g[0] < depth), (depth, group["name"])]
    if not failed:
        return parse_node(text, places)
    return parsed(problems, failed, passed, skipped)


def _name(file: str, parts: list[str]) -> str:
    return " > ".join([file, *parts])


def _block(lines: list[str], start: int) -> list[str]:
    """The lines that describe one failure."""
    end = start
    while end < len(lines) and not _BULLET.match(lines[end]) and not _END.match(lines[end]):
        end += 1
    return lines[start:end]


def _problem(block: list[str], name: str, places: Places) -> Problem | None:
    syntax = next((m for line in block if (m := _SYNTAX.search(line))), None)
    if syntax is not None and (path := places.locate(syntax["path"])) is not None:
        found = [Frame(path, int(syntax["line"]), int(syntax["column"]) + 1)]
        error, message = "SyntaxError", syntax["message"]
    else:
        found = frames([line for line in block if is_stack_line(line)], places)
        heading = next((m for line in block if (m := HEADING.search(line.strip()))), None)
        said = [line.strip() for line in block if line.strip()]
        error = heading["type"] if heading is not None else ""
        message = (heading["message"] or "") if heading is not None else "\n".join(said[:4])
    if not found:
        return None
    first = found[0]
    return Problem(
        first.path,
        first.line,
        f"{error}: {message}" if error else message,
        column=first.column,
        source="jest",
        rule=error,
        test=name,
        related=related(found, first.path, first.line),
    )
