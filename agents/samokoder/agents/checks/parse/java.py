"""javac, Maven, Gradle, kotlinc and the stack traces of the JVM."""

import re

from samokoder.agents.checks.check import Frame, Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.places import Places

_JAVAC = re.compile(
    r"^(?P<path>\S[^:\n]*\.(?:java|kt|scala)):(?P<line>\d+):(?:(?P<column>\d+):)? "
    r"(?P<severity>error|warning): (?:\[(?P<rule>[\w-]+)\] )?(?P<message>.+)$"
)
_MAVEN = re.compile(
    r"^\[(?P<severity>ERROR|WARNING)\] (?P<path>\S.*\.\w+):\[(?P<line>\d+),(?P<column>\d+)\] "
    r"(?P<message>.+)$"
)
_KOTLIN = re.compile(
    r"^(?P<severity>[ew]): (?P<path>(?:file://)?\S+?\.kts?):(?P<line>\d+):(?P<column>\d+) "
    r"(?P<message>.+)$"
)
_SEVERITIES = {
    "error": Severity.ERROR, "ERROR": Severity.ERROR, "e": Severity.ERROR,
    "warning": Severity.WARNING, "WARNING": Severity.WARNING, "w": Severity.WARNING,
}  # fmt: skip
_THROWN = re.compile(
    r"^(?:\[ERROR\] )?(?:Exception in thread \"[^\"]*\" |Caused by: )?"
    r"(?P<type>(?:[a-z_]\w*\.)*[A-Z][\w$]*(?:Error|Exception|Failure|Throwable)|[\w.$]+\$\w+)"
    r"(?:: (?P<message>.*))?$"
)
_AT = re.compile(
    r"^\s+at (?:[\w.@/-]+/)?(?P<name>[\w.$<>]+)"
    r"\((?P<file>[\w$]+\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)"
)
_TEST_RUN = re.compile(
    r"^\[ERROR\] (?P<test>[\w$.]+)(?:\(\))?(?: --)? +Time elapsed.*<<< (?:FAILURE|ERROR)!"
)
_LATER = ("Caused by: ", "Suppressed: ")
_LOOK_BACK = 15


def parse_java(text: str, places: Places) -> Parsed:
    """Diagnostics where they are, errors at the innermost frame of the user."""
    lines = text.split("\n")
    problems: list[Problem] = []
    failed = [match["test"] for line in lines if (match := _TEST_RUN.match(line))]
    index = 0
    while index < len(lines):
        match = _JAVAC.match(lines[index]) or _MAVEN.match(lines[index])
        match = match or _KOTLIN.match(lines[index])
        if match is not None:
            problems += _diagnostic(match, places)
        elif _AT.match(lines[index]):
            index = _stack(lines, index, problems, places)
            continue
        index += 1
    return parsed(problems, failed)


def _diagnostic(match: re.Match[str], places: Places) -> list[Problem]:
    path = places.locate(match["path"])
    if path is None:
        return []
    parts = match.groupdict()
    return [
        Problem(
            path,
            int(match["line"]),
            match["message"],
            column=max(1, int(parts["column"] or 1)),
            severity=_SEVERITIES[match["severity"]],
            source="java",
            rule=parts.get("rule") or "",
        )
    ]


def _stack(lines: list[str], index: int, problems: list[Problem], places: Places) -> int:
    """One trace with its causes, which come after it; returns the index behind it."""
    start = index
    found: list[Frame] = []
    causes: list[Frame] = []
    target = found
    while index < len(lines):
        line = lines[index]
        match = _AT.match(line)
        if match is not None:
            path = _located(match, places)
            if path is not None:
                target.append(Frame(path, int(match["line"]), text=line.strip()))
        elif line.lstrip().startswith(_LATER):
            target = causes
        elif not line.strip().startswith("... "):
            break
        index += 1
    all_frames = [*found, *causes]
    if all_frames:
        first = all_frames[0]
        error, message = _thrown(lines, start)
        more = related(all_frames, first.path, first.line)
        said = f"{error}: {message}" if message else error
        problems.append(
            Problem(first.path, first.line, said, source="java", rule=error, related=more)
        )
    return index


def _located(match: re.Match[str], places: Places) -> str | None:
    """A trace names classes: the package tells the folder, the file is given."""
    package = match["name"].split(".")[:-2]
    return places.locate("/".join([*package, match["file"]]))


def _thrown(lines: list[str], start: int) -> tuple[str, str]:
    for line in reversed(lines[max(0, start - _LOOK_BACK) : start]):
        match = _THROWN.match(line)
        if match is not None:
            return re.split(r"[.$]", match["type"])[-1], match["message"] or ""
    return "exception", ""
