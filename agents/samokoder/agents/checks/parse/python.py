"""Tracebacks of Python: chained ones, syntax errors, notes, exception groups, fatal errors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.parse.parsed import Parsed, parsed, related
from samokoder.agents.checks.places import Places

_HEAD = "Traceback (most recent call last):"
_GROUP_HEAD = "Exception Group Traceback (most recent call last):"
_FRAME = re.compile(r'^(?P<indent>\s*)File "(?P<path>[^"]+)", line (?P<line>\d+)(?P<rest>.*)$')
_ERROR = re.compile(r"^(?P<type>[^\W\d][\w.]*)(?::\s?(?P<message>.*))?$")
_CHAINED = (
    "During handling of the above exception",
    "The above exception was the direct cause",
)
_FATAL = re.compile(r"^(Fatal Python error: .*|Current thread .*|Thread 0x.*)$")
_END = re.compile(r"^(={3,}|-{3,}|_{3,}|make(\[\d+\])?: |Traceback |\[\d|\d{4}-\d\d-\d\d)")
_MORE_LINES = 8


@dataclass
class _Block:
    """One traceback: its frames, outermost first, and the error at its end."""

    frames: list[tuple[str, int, str]] = field(default_factory=list)
    error: str = ""
    message: str = ""
    chained: bool = False
    """True when another error followed because of this one."""


def parse_python(text: str, places: Places) -> Parsed:
    """One problem for every error that reached the output, at its innermost frame of the user."""
    problems: list[Problem] = []
    earlier: list[_Block] = []
    for block in _blocks(text):
        if block.chained:
            earlier.append(block)
            continue
        problem = problem_of(block.frames, block.error, block.message, places, earlier_of(earlier))
        if problem is not None:
            problems.append(problem)
        earlier = []
    return parsed(problems)


def earlier_of(blocks: list[_Block]) -> list[tuple[str, int, str]]:
    """The frames of the errors that led to the last one."""
    return [frame for block in blocks for frame in block.frames]


def problem_of(
    frames: list[tuple[str, int, str]],
    error: str,
    message: str,
    places: Places,
    earlier: list[tuple[str, int, str]] | None = None,
    *,
    source: str = "python",
    test: str = "",
    column: int = 1,
) -> Problem | None:
    """The problem at the innermost frame of the user, else of what led to it; None without any.

    A frame is (path as printed, line, text).
    """
    own = located(frames, places)
    before = located(earlier or [], places)
    if not own and not before:
        return None
    at = (own or before)[-1]
    return Problem(
        at.path,
        at.line,
        f"{error}: {message}" if message else error,
        column=column,
        source=source,
        rule=error,
        test=test,
        related=related((*own, *before), at.path, at.line),
    )


def located(frames: list[tuple[str, int, str]], places: Places) -> list[Frame]:
    """The user's own among the frames."""
    return [
        Frame(path, line, text=text)
        for raw, line, text in frames
        if (path := places.locate(raw)) is not None
    ]


def _blocks(text: str) -> Iterator[_Block]:
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        line = _bare(lines[index])
        if line.strip() in (_HEAD, _GROUP_HEAD) or line.endswith(_HEAD):
            block, index = _read(lines, index + 1)
        elif _is_loose_syntax_error(lines, index):
            block, index = _read(lines, index)
        elif line.startswith("Fatal Python error: "):
            block, index = _read_fatal(lines, index)
        else:
            index += 1
            continue
        if block.error:
            block.chained = _is_chained(lines, index)
            yield block


def _read(lines: list[str], index: int) -> tuple[_Block, int]:
    """The block whose first frame is at ``index``; also the index after it."""
    block = _Block()
    base: int | None = None
    while index < len(lines):
        line = _bare(lines[index])
        match = _FRAME.match(line)
        if match is not None:
            base = len(match["indent"]) if base is None else base
            block.frames.append((match["path"], int(match["line"]), _code(lines, index)))
            index += 1
            continue
        if not line.strip() and block.frames and base is None:
            return block, index
        indent = len(line) - len(line.lstrip())
        error = _ERROR.match(line.strip()) if base is None or indent < max(base, 1) else None
        if error is not None and (block.frames or "." in line or ":" in line or line.isalpha()):
            block.error = error["type"].rpartition(".")[2]
            block.message, index = _message(error["message"] or "", lines, index + 1)
            return block, index
        if base is not None and line.strip() and indent < base:
            return block, index
        if base is None and index and not block.frames and not line.strip():
            return block, index + 1
        index += 1
    return block, index


def _message(first: str, lines: list[str], index: int) -> tuple[str, int]:
    """The rest of a message of several lines, notes included."""
    message = [first]
    for _ in range(_MORE_LINES):
        if index >= len(lines):
            break
        line = _bare(lines[index])
        if not line.strip() or _END.match(line) or _FRAME.match(line) or line != lines[index]:
            break
        message.append(line)
        index += 1
    return "\n".join(message).strip(), index


def _read_fatal(lines: list[str], index: int) -> tuple[_Block, int]:
    """A crash written by faulthandler: frames most recent first, of the first thread named."""
    block = _Block(error="Fatal Python error", message=lines[index].partition(": ")[2].strip())
    index += 1
    while index < len(lines):
        match = _FRAME.match(lines[index])
        if match is not None:
            block.frames.insert(0, (match["path"], int(match["line"]), ""))
        elif block.frames or (lines[index].strip() and not _FATAL.match(lines[index])):
            break
        index += 1
    return block, index


def _is_loose_syntax_error(lines: list[str], index: int) -> bool:
    """A syntax error of the program itself comes without a heading."""
    match = _FRAME.match(lines[index])
    if match is None or match["rest"].strip():
        return False
    following = [line.strip() for line in lines[index + 1 : index + 5]]
    return any(
        line.startswith(("SyntaxError:", "IndentationError:", "TabError:")) for line in following
    )


def _is_chained(lines: list[str], index: int) -> bool:
    following = (_bare(line).strip() for line in lines[index : index + 3])
    return any(line.startswith(_CHAINED) for line in following)


def _code(lines: list[str], index: int) -> str:
    """The source line printed below a frame."""
    if index + 1 >= len(lines):
        return ""
    line = _bare(lines[index + 1])
    return "" if _FRAME.match(line) else line.strip()


def _bare(line: str) -> str:
    """The line without the drawn frame of an exception group."""
    stripped = line.lstrip(" ")
    if stripped[:1] not in ("|", "+"):
        return line
    if stripped.startswith("+") and not stripped.startswith("+ "):
        return ""
    return stripped[2:]
