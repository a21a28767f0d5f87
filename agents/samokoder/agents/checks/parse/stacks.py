"""Stack lines of JavaScript engines, as node, vitest and jest print them."""

import re

from samokoder.agents.checks.check import Frame
from samokoder.agents.checks.places import Places

_STACK_LINE = re.compile(r"^\s*(?:at |❯ )")
_PLACE = re.compile(r"(?P<path>(?:file://)?[^\s()]+):(?P<line>\d+):(?P<column>\d+)\)?\s*(?:\{)?$")
_BRACKETED = re.compile(r"\((?P<path>[^()]+):(?P<line>\d+):(?P<column>\d+)\)\s*(?:\{)?$")
_SKIPPED = re.compile(r"^\s*\.\.\. \d+ lines matching")
HEADING = re.compile(
    r"(?:^|[\s:])(?P<type>[A-Za-z_$][\w$]*(?:Error|Exception|Rejection)|Error)"
    r"(?: \[[\w-]+\])?(?:: (?P<message>.*))?$"
)


def is_stack_line(line: str) -> bool:
    """True for a line of a stack, also for the one that says some were left out."""
    return _STACK_LINE.match(line) is not None or _SKIPPED.match(line) is not None


def frame(line: str, places: Places) -> Frame | None:
    """The user's frame a stack line names; None for one of the engine or of a package."""
    match = _BRACKETED.search(line) or _PLACE.search(line)
    path = places.locate(match["path"]) if match is not None else None
    if match is None or path is None:
        return None
    return Frame(path, int(match["line"]), int(match["column"]), line.strip())


def frames(lines: list[str], places: Places) -> list[Frame]:
    """The user's frames among stack lines, innermost first."""
    return [found for line in lines if (found := frame(line, places)) is not None]
