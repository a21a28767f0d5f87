"""Node: uncaught errors, and its own test runner in TAP and in its readable form."""

import re
from dataclasses import replace

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.parse.stacks import HEADING, frame, frames, is_stack_line
from samokoder.agents.checks.places import Places

_PREFACE = re.compile(r"^(?P<path>(?:file://)?(?:/|[A-Za-z]:[\\/]).+?):(?P<line>\d+)$")
_TEST_AT = re.compile(r"^test at (?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$")
_SPEC = re.compile(
    r"^(?P<indent>\s*)(?P<mark>[✔✖▶﹣]) (?P<name>.+?)(?: \([\d.]+ms\))?(?P<skip> # SKIP.*)?$"
)
_TAP = re.compile(
    r"^(?P<indent>\s*)(?P<word>ok|not ok) \d+(?: - (?P<name>.*?))?(?P<skip> # (?:SKIP|TODO).*)?$"
)
_SUBTEST = re.compile(r"^(?P<indent>\s*)# Subtest: (?P<name>.*)$")
_CONSEQUENCES = ("failureType: 'subtestsFailed'", "failureType: 'cancelledByParent'")
_CANCELLED = "did not finish before its parent"
"""A test that fails only because another one did."""
_LOOK_BACK = 20
"""Lines before a stack in which its heading is looked for: a diff may stand between."""


def parse_node(text: str, places: Places) -> Parsed:
    """One problem per error, at the innermost frame of the user."""
    lines = text.split("\n")
    if any(line.startswith("TAP version") for line in lines[:50]):
        return _tap(lines, places)
    problems: list[Problem] = []
    index = 0
    while index < len(lines):
        if not is_stack_line(lines[index]):
            index += 1
            continue
        start = index
        while index < len(lines) and is_stack_line(lines[index]):
            index += 1
        _add(problems, lines, start, index, places)
    problems += _without_stack(lines, problems, places)
    failed, passed, skipped = _spec_names(lines)
    return parsed(problems, failed, passed, skipped)


def _add(problems: list[Problem], lines: list[str], start: int, end: int, places: Places) -> None:
    """The problem of one stack; a cause joins the problem before it."""
    at, heading = _heading(lines, start)
    found = frames(lines[start:end], places)
    if "[cause]" in lines[at] and problems:
        last = problems[-1]
        more = related((*last.related, *found), last.path, last.line)
        problems[-1] = replace(last, related=more)
        return
    if not found:
        found = _preface(lines, at, places)
    if not found or heading is None:
        return
    problems.append(_problem(found, heading["type"], heading["message"] or ""))


def _problem(found: list[Frame], error: str, message: str, test: str = "") -> Problem:
    first = found[0]
    return Problem(
        first.path,
        first.line,
        f"{error}: {message}" if message else error,
        column=first.column,
        source="node",
        rule=error,
        test=test,
        related=related(found, first.path, first.line),
    )


def _heading(lines: list[str], start: int) -> tuple[int, re.Match[str] | None]:
    """Where the stack that starts here is announced, and as what."""
    for at in range(start - 1, max(-1, start - _LOOK_BACK), -1):
        match = HEADING.search(lines[at])
        if match is not None:
            return at, match
        if is_stack_line(lines[at]):
            break
    return max(0, start - 1), None


def _preface(lines: list[str], at: int, places: Places) -> list[Frame]:
    """The place node prints above the source line when the error is one of syntax."""
    for line in reversed(lines[max(0, at - 8) : at]):
        match = _PREFACE.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is not None and path is not None:
            return [Frame(path, int(match["line"]))]
    return []


def _without_stack(lines: list[str], problems: list[Problem], places: Places) -> list[Problem]:
    """Failing tests whose error names no place of the user: they count where they begin."""
    found = []
    told = {(frame.path, frame.line) for p in problems for frame in p.related}
    told |= {(p.path, p.line) for p in problems}
    for index, line in enumerate(lines):
        match = _TEST_AT.match(line)
        path = places.locate(match["path"]) if match is not None else None
        if match is None or path is None:
            continue
        stop = next(
            (i for i in range(index + 1, len(lines)) if _TEST_AT.match(lines[i])), len(lines)
        )
        if any(frame(inner, places) for inner in lines[index + 1 : stop] if is_stack_line(inner)):
            continue
        reason = next((inner.strip() for inner in lines[index + 2 : stop] if inner.strip()), "")
        if _CANCELLED in reason:
            continue
        found.append(Problem(path, int(match["line"]), reason or "test failed", source="node"))
    return found


def _spec_names(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    failed: list[str] = []
    passed: list[str] = []
    skipped: list[str] = []
    suites: list[tuple[int, str]] = []
    for line in lines:
        if line.startswith("✖ failing tests:"):
            break
        match = _SPEC.match(line)
        if match is None:
            continue
        depth = len(match["indent"])
        suites = [suite for suite in suites if suite[0] < depth]
        name = " > ".join([*(suite[1] for suite in suites), match["name"]])
        if match["mark"] == "▶":
            suites.append((depth, match["name"]))
        elif match["mark"] == "﹣" or match["skip"]:
            skipped.append(name)
        elif match["mark"] == "✔":
            passed.append(name)
        else:
            failed.append(name)
    return failed, passed, skipped


def _tap(lines: list[str], places: Places) -> Parsed:
    problems: list[Problem] = []
    names: dict[str, list[str]] = {"ok": [], "not ok": [], "skip": []}
    suites: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        subtest = _SUBTEST.match(line)
        if subtest is not None:
            depth = len(subtest["indent"])
            suites = [suite for suite in suites if suite[0] < depth]
            suites.append((depth, subtest["name"]))
            continue
        match = _TAP.match(line)
        if match is None:
            continue
        depth = len(match["indent"])
        above = [suite[1] for suite in suites if suite[0] < depth]
        name = " > ".join([*above, match["name"] or ""])
        names["skip" if match["skip"] else match["word"]].append(name)
        if match["word"] == "not ok" and not match["skip"]:
            block = _yaml(lines, index + 1)
            if not any(line in _CONSEQUENCES for line in block):
                problems += _tap_problem(block, name, places)
    return parsed(problems, names["not ok"], names["ok"], names["skip"])


def _yaml(lines: list[str], index: int) -> list[str]:
    """The lines between ``---`` and ``...`` that describe a test."""
    if index >= len(lines) or lines[index].strip() != "---":
        return []
    end = next((i for i in range(index, len(lines)) if lines[i].strip() == "..."), len(lines))
    return [line.strip() for line in lines[index + 1 : end]]


def _tap_problem(block: list[str], name: str, places: Places) -> list[Problem]:
    stack = next((i for i, line in enumerate(block) if line.startswith("stack:")), len(block))
    found = frames(block[stack + 1 :], places)
    where = next((line for line in block if line.startswith("location:")), "")
    begins = frame(where.strip("'").removesuffix("'"), places)
    found = found or ([begins] if begins is not None else [])
    if not found:
        return []
    error = next((line[6:].strip("' ") for line in block if line.startswith("name:")), "failed")
    return [_problem(found, error or "failed", _tap_message(block), name)]


def _tap_message(block: list[str]) -> str:
    for index, line in enumerate(block):
        if line.startswith("error:"):
            said = line[len("error:") :].strip()
            if not said.startswith("|"):
                return said.strip("'")
            rest = block[index + 1 :]
            stop = next((i for i, row in enumerate(rest) if row.startswith("code:")), len(rest))
            return "\n".join(rest[: min(stop, 12)]).strip()
    return ""
