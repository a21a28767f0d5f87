"""What the reporter inside the project's interpreter wrote down, read back."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed
from samokoder.agents.checks.parse.python import parse_python, problem_of
from samokoder.agents.checks.places import Places

REPORTER = Path(__file__).parent / "injected"
"""Folder of the reporter; the only thing in it, for it goes on the import path of checks."""


@dataclass(frozen=True, slots=True)
class Report:
    """``finished`` is False when the tests ended the interpreter instead of coming to an end."""

    parsed: Parsed
    finished: bool
    stray: tuple[str, ...] = ()


def read_report(path: Path, places: Places) -> Report | None:
    """The report, or None when no test tool that can report ran. Blocking.

    The tested code could write there too: what it says is believed only beside the exit code.
    """
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    records: list[dict[str, Any]] = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("event"), str):
            records.append(record)
    if not any(record["event"] == "start" for record in records):
        return None
    return _report(records, places)


def _report(records: list[dict[str, Any]], places: Places) -> Report:
    base, tool = "", ""
    starts = finishes = 0
    problems: list[Problem] = []
    outcomes: dict[str, str] = {}
    stray: list[str] = []
    for record in records:
        if record["event"] == "start":
            starts += 1
            base, tool = str(record.get("root", "")), str(record.get("tool", ""))
        elif record["event"] == "finish":
            finishes += 1
            stray += [str(name) for name in record.get("strays") or ()]
        elif record["event"] == "test":
            test = _test_id(str(record.get("id", "")), base, tool, places)
            outcome = str(record.get("outcome", ""))
            if outcomes.get(test) != "failed":  # a test may fail once more when it is torn down
                outcomes[test] = outcome
            if outcome == "failed":
                problem = _problem(record, test, base, tool, places)
                if problem is not None:
                    problems.append(problem)
    by_outcome = {
        word: [test for test, outcome in outcomes.items() if outcome == word]
        for word in ("failed", "passed", "skipped")
    }
    return Report(
        parsed(problems, by_outcome["failed"], by_outcome["passed"], by_outcome["skipped"]),
        finished=starts == finishes,
        stray=tuple(dict.fromkeys(stray)),
    )


def _test_id(raw: str, base: str, tool: str, places: Places) -> str:
    """The tool's id with its path made relative to the workspace."""
    if tool != "pytest":
        return raw
    file, separator, rest = raw.partition("::")
    path = places.locate(f"{base}/{file}") or file
    return f"{path}{separator}{rest}"


def _problem(
    record: dict[str, Any], test: str, base: str, tool: str, places: Places
) -> Problem | None:
    failure = record.get("failure") or {}
    kind, message = str(failure.get("type") or "failed"), str(failure.get("message") or "")
    column = failure.get("column")
    try:
        frames = [(str(f[0]), int(f[1]), str(f[3])) for f in failure.get("frames", ())]
        earlier = [(str(f[0]), int(f[1]), str(f[3])) for f in failure.get("earlier", ())]
        place = record.get("place") or ()
        at = (f"{base}/{place[0]}", int(place[1]), "") if place else None
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    problem = problem_of(
        frames,
        kind,
        message,
        places,
        earlier,
        source=tool,
        test=test,
        column=max(1, column) if isinstance(column, int) else 1,
    )
    if problem is None:  # unittest puts the traceback of a failed import into the message
        told = parse_python(message, places).problems[-1:]
        problem = replace(told[0], source=tool, test=test) if told else None
    if problem is None and at is not None:
        problem = problem_of([at], kind, message, places, source=tool, test=test)
    return problem
