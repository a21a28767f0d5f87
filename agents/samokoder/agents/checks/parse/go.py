"""Go: the compiler, vet, the tests (text and JSON), panics and data races."""

import json
import re
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.places import Places

_BUILD = re.compile(
    r"^(?:vet: )?(?P<path>\S[^:\n]*\.go):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.+)$"
)
_LOG = re.compile(r"^\s+(?P<file>[^\s:]+\.go):(?P<line>\d+): (?P<message>.*)$")
_RUN = re.compile(r"^=== (?:RUN|CONT|NAME)\s+(?P<test>\S+)$")
_STATUS = re.compile(r"^\s*--- (?P<word>FAIL|PASS|SKIP): (?P<test>\S+)")
_PACKAGE = re.compile(r"^(?:FAIL|ok  )\t(?P<package>\S+)")
_PANIC = re.compile(r"^(?:\s*)(?P<error>panic|fatal error): (?P<message>.+)$")
_STACK = re.compile(r"^\t(?P<path>\S.*?\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$")
_RACE_STACK = re.compile(r"^\s+(?P<path>/\S+?\.go):(?P<line>\d+) \+0x")


@dataclass
class _Package:
    """What the tests of one package printed so far."""

    logs: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    current: str = ""


def parse_go(text: str, places: Places) -> Parsed:
    """Build errors where they are, failing tests where they complain, panics in the user's code."""
    lines = _plain(text).split("\n")
    problems: list[Problem] = []
    names: dict[str, list[str]] = {"FAIL": [], "PASS": [], "SKIP": []}
    package = _Package()
    for index, line in enumerate(lines):
        if (match := _RUN.match(line)) is not None:
            package.current = match["test"]
        elif (match := _STATUS.match(line)) is not None:
            package.current = match["test"]
            package.status[match["test"]] = match["word"]
        elif (match := _PACKAGE.match(line)) is not None:
            problems += _finish(package, match["package"], names, places)
            package = _Package()
        elif (match := _LOG.match(line)) is not None and package.current:
            row = (match["file"], int(match["line"]), match["message"])
            package.logs.setdefault(package.current, []).append(row)
        elif (match := _PANIC.match(line)) is not None and not line.startswith((" ", "\t")):
            problems += _panic(lines, index, match, package.current, places)
        elif line.startswith("WARNING: DATA RACE"):
            problems += _race(lines, index, places)
        elif (match := _BUILD.match(line)) is not None:
            problems += _build(match, places)
    problems += _finish(package, "", names, places)
    return parsed(problems, names["FAIL"], names["PASS"], names["SKIP"])


def _plain(text: str) -> str:
    """``go test -json`` as the text it carries."""
    if '"Action":"' not in text:
        return text
    found = []
    for line in text.split("\n"):
        try:
            row = json.loads(line)
            found.append(str(row.get("Output", "")))
        except (ValueError, AttributeError):
            found.append(line + "\n")
    return "".join(found)


def _finish(
    package: _Package, name: str, names: dict[str, list[str]], places: Places
) -> list[Problem]:
    problems = []
    for test, word in package.status.items():
        names[word].append(f"{name}.{test}" if name else test)
        for file, line, message in package.logs.get(test, ()) if word == "FAIL" else ():
            path = places.locate(f"{name}/{file}") or places.locate(file)
            if path is not None:
                full = f"{name}.{test}" if name else test
                problems.append(Problem(path, line, message, source="go", test=full))
    return problems


def _panic(
    lines: list[str], index: int, head: re.Match[str], test: str, places: Places
) -> list[Problem]:
    """The first goroutine named is the one that panicked."""
    found: list[Frame] = []
    inside = False
    for line in lines[index + 1 :]:
        if line.startswith("goroutine "):
            if inside:
                break
            inside = True
        elif inside and not line.strip():
            break
        match = _STACK.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is not None and path is not None and inside:
            found.append(Frame(path, int(match["line"])))
    return _at(found, f"{head['error']}: {head['message']}", "panic", test)


def _race(lines: list[str], index: int, places: Places) -> list[Problem]:
    found = []
    for line in lines[index + 1 :]:
        if line.startswith("====="):
            break
        match = _RACE_STACK.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is not None and path is not None:
            found.append(Frame(path, int(match["line"])))
    return _at(found, "data race", "race", "")


def _at(found: list[Frame], message: str, rule: str, test: str) -> list[Problem]:
    if not found:
        return []
    first = found[0]
    more = related(found, first.path, first.line)
    return [
        Problem(first.path, first.line, message, source="go", rule=rule, test=test, related=more)
    ]


def _build(match: re.Match[str], places: Places) -> list[Problem]:
    path = places.locate(match["path"])
    if path is None:
        return []
    column = max(1, int(match["column"] or 1))
    return [Problem(path, int(match["line"]), match["message"], column=column, source="go")]
