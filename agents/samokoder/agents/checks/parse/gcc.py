"""gcc and clang, the linker, make, failed assertions, sanitizers and valgrind."""

import re
from dataclasses import replace

from samokoder.agents.checks.check import Frame, Problem, Severity
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.places import Places

_LINE = re.compile(
    r"^(?P<path>(?:[A-Za-z]:)?[^\s:][^:\n]*):(?P<line>\d+):(?:(?P<column>\d+):)? "
    r"(?P<severity>fatal error|error|warning|note|runtime error): (?P<message>.+?)"
    r"(?: \[(?P<rule>-W[\w=+-]+)\])?$"
)
_REQUIRED = re.compile(
    r"^(?P<path>(?:[A-Za-z]:)?[^\s:][^:\n]*):(?P<line>\d+):(?:(?P<column>\d+):)?\s+"
    r"(?:note: in instantiation of .+ )?(?:required|requested)(?: from)? here$"
)
_MSVC = re.compile(
    r"^(?P<path>[^\s(][^(\n]*)\((?P<line>\d+)(?:,(?P<column>\d+))?\)\s?: "
    r"(?P<severity>fatal error|error|warning) (?P<rule>C\d+): (?P<message>.+)$"
)
_LINKER = re.compile(
    r"^(?:\S*ld(?:\.\w+)?: )?(?P<path>[^\s:][^:\n]*\.\w+):(?:(?P<line>\d+)|\([^)]*\)): "
    r"(?P<message>(?:undefined reference|multiple definition|first defined) .+)$"
)
_ASSERTION = re.compile(
    r"^(?:[^\s:]+: )?(?P<path>[^\s:][^:\n]*\.\w+):(?P<line>\d+): "
    r".*?(?P<message>Assertion .+ failed\.)$"
)
_BSD_ASSERTION = re.compile(
    r"^Assertion failed: (?P<message>.+), function .+, file (?P<path>.+), line (?P<line>\d+)\.$"
)
_MAKE = re.compile(r"^(?P<path>\S*[Mm]akefile\S*):(?P<line>\d+): \*\*\* (?P<message>.+)$")
_SANITIZER = re.compile(r"^==\d+==\s*(?:ERROR|WARNING): \w+: (?P<message>.+?)(?: on address .*)?$")
_STACK = re.compile(
    r"^\s*#\d+ 0x[0-9a-f]+ in \S.*? (?P<path>\S+?):(?P<line>\d+)(?::(?P<column>\d+))?$"
)
_VALGRIND = re.compile(r"^==\d+==\s+(?:at|by) 0x[0-9A-F]+: .+ \((?P<path>[^:()]+):(?P<line>\d+)\)$")
_VALGRIND_HEAD = re.compile(r"^==\d+== (?P<message>(?:Invalid|Conditional|Use of|Process term).+)$")
_PLAIN = (_LINE, _MSVC, _LINKER, _ASSERTION, _BSD_ASSERTION, _MAKE)


def parse_gcc(text: str, places: Places) -> Parsed:
    """Every diagnostic; notes are related frames of the one before."""
    lines = text.split("\n")
    problems: list[Problem] = []
    asked: re.Match[str] | None = None
    foreign: re.Match[str] | None = None
    for index, line in enumerate(lines):
        if (match := _REQUIRED.match(line)) is not None and places.locate(match["path"]):
            if foreign is not None:  # clang says afterwards who asked for it
                _add(problems, foreign, places, match)
            asked, foreign = (None, None) if foreign is not None else (match, None)
            continue
        match = next((m for pattern in _PLAIN if (m := pattern.match(line))), None)
        if match is not None:
            outside = places.locate(match["path"]) is None and "error" in _severity(match)
            _add(problems, match, places, asked if outside else None)
            foreign = match if outside and asked is None else foreign
            asked = None if _severity(match) != "note" else asked
            continue
        head = _SANITIZER.match(line) or _VALGRIND_HEAD.match(line)
        if head is not None:
            problems += _memory(lines, index, head["message"], places)
    return parsed(problems)


def _severity(match: re.Match[str]) -> str:
    return match.groupdict().get("severity") or "error"


def _add(
    problems: list[Problem],
    match: re.Match[str],
    places: Places,
    asked: re.Match[str] | None = None,
) -> None:
    """One diagnostic; inside a foreign template it stands where the user ``asked`` for it."""
    at = asked or match
    path = places.locate(at["path"])
    parts, where = match.groupdict(), at.groupdict()
    if path is None:
        return
    line, column = int(where["line"] or 1), max(1, int(where.get("column") or 1))
    severity = _severity(match)
    if severity == "note":
        if problems:
            last = problems[-1]
            note = Frame(path, line, column, match["message"])
            problems[-1] = replace(last, related=(*last.related, note))
        return
    problems.append(
        Problem(
            path,
            line,
            match["message"],
            column=column,
            severity=Severity.WARNING if severity == "warning" else Severity.ERROR,
            source="gcc",
            rule=parts.get("rule") or "",
        )
    )


def _memory(lines: list[str], index: int, message: str, places: Places) -> list[Problem]:
    """The first stack after the heading; later ones say where the memory came from."""
    found: list[Frame] = []
    seen = False
    for line in lines[index + 1 :]:
        match = _STACK.match(line) or _VALGRIND.match(line)
        if match is None:
            if seen:
                break
            continue
        seen = True
        path = places.locate(match["path"])
        if path is not None:
            found.append(Frame(path, int(match["line"])))
    if not found:
        return []
    first = found[0]
    more = related(found, first.path, first.line)
    return [Problem(first.path, first.line, message, source="gcc", rule="memory", related=more)]
