"""rustc and cargo: diagnostics with arrows, short ones, panics, test names."""

import re
from dataclasses import replace

from samokoder.agents.checks.check import Frame, Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.places import Places

_TITLE = re.compile(r"^(?P<severity>error|warning)(?:\[(?P<rule>[\w:]+)\])?: (?P<message>.+)$")
_ARROW = re.compile(r"^\s*(?P<mark>-->|:::) (?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$")
_SHORT = re.compile(
    r"^(?P<path>\S[^:\n]*\.rs):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<severity>error|warning)(?:\[(?P<rule>\w+)\])?: (?P<message>.+)$"
)
_PANIC = re.compile(
    r"^thread '(?P<thread>.*?)'(?: \(\d+\))? panicked at (?:'(?P<message>.*)', )?"
    r"(?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+):?$"
)
_NO_PANIC = re.compile(
    r"^note: (?P<message>test did not panic as expected) at "
    r"(?P<path>.+?):(?P<line>\d+):(?P<column>\d+)"
)
_BACKTRACE = re.compile(r"^\s+at (?P<path>\S+?\.rs):(?P<line>\d+):(?P<column>\d+)$")
_TEST = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<word>ok|FAILED|ignored)\b")
_QUIET = re.compile(r"^(?P<name>\S+) --- (?P<word>FAILED)$")
_SECTION = re.compile(r"^---- (?P<name>.+?) stdout ----$")


def parse_rust(text: str, places: Places) -> Parsed:
    """Diagnostics at their main place, panics where they happened, tests by name."""
    lines = text.split("\n")
    problems: list[Problem] = []
    names: dict[str, list[str]] = {"ok": [], "FAILED": [], "ignored": []}
    title: re.Match[str] | None = None
    section = ""
    for index, line in enumerate(lines):
        if (match := _ARROW.match(line)) is not None:
            if title is not None and match["mark"] == "-->":
                problems += _problem(title, match, places)
                title = None
            elif match["mark"] == ":::":
                _relate(problems, match, places)
        elif (match := _SHORT.match(line)) is not None:
            problems += _problem(match, match, places)
        elif (match := _TITLE.match(line)) is not None:
            title = match
        elif (match := _TEST.match(line) or _QUIET.match(line)) is not None:
            names[match["word"]].append(match["name"])
        elif (match := _SECTION.match(line)) is not None:
            section = match["name"]
        elif (match := _PANIC.match(line)) is not None:
            said = match["message"] or (lines[index + 1] if index + 1 < len(lines) else "")
            problems += _panic(lines, index, match, said, section, places)
        elif (match := _NO_PANIC.match(line)) is not None:
            problems += _panic(lines, index, match, match["message"], section, places)
        elif not line.strip() or line.startswith(("note:", "help:")):
            title = None
    return parsed(problems, names["FAILED"], names["ok"], names["ignored"])


def _problem(title: re.Match[str], place: re.Match[str], places: Places) -> list[Problem]:
    path = places.locate(place["path"])
    if path is None:
        return []
    return [
        Problem(
            path,
            int(place["line"]),
            title["message"],
            column=int(place["column"]),
            severity=Severity(title["severity"]),
            source="rustc",
            rule=title["rule"] or "",
        )
    ]


def _relate(problems: list[Problem], match: re.Match[str], places: Places) -> None:
    path = places.locate(match["path"])
    if problems and path is not None:
        last = problems[-1]
        more = Frame(path, int(match["line"]), int(match["column"]))
        problems[-1] = replace(last, related=(*last.related, more))


def _panic(
    lines: list[str], index: int, match: re.Match[str], said: str, test: str, places: Places
) -> list[Problem]:
    """At the place it names, or at the first frame of the user when that is in the library."""
    found = []
    for line in (match, *_backtrace(lines, index + 1)):
        path = places.locate(line["path"])
        if path is not None:
            found.append(Frame(path, int(line["line"]), int(line["column"])))
    if not found:
        return []
    first = found[0]
    more = related(found, first.path, first.line)
    return [
        Problem(
            first.path, first.line, said, column=first.column,
            source="rust", rule="panic", test=test, related=more,
        )
    ]  # fmt: skip


def _backtrace(lines: list[str], start: int) -> list[re.Match[str]]:
    found = []
    for line in lines[start:]:
        if _PANIC.match(line) or _SECTION.match(line):
            break
        if (match := _BACKTRACE.match(line)) is not None:
            found.append(match)
    return found
