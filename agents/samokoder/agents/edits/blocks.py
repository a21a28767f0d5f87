"""What a model's answer asks for: search/replace blocks, whole files, or a piece of code.

Search/replace blocks, with or without a fence around them, the file named on the line before (or
the one before the fence)::

    src/app.py
    <<<<<<< SEARCH
    old lines
    =======
    new lines
    >>>>>>> REPLACE

Anything else in the answer is prose. A block that is not closed is a problem, not an edit.
"""

import re
from dataclasses import dataclass
from typing import Final

from samokoder.agents.workspace import text as texts

_SEARCH: Final = re.compile(r"<{5,9} ?(?:SEARCH|ORIGINAL)(?:[ :].*)?\Z")
_MIDDLE: Final = re.compile(r"={5,9}\Z")
_REPLACE: Final = re.compile(r">{5,9} ?(?:REPLACE|UPDATED)\b.*\Z")
_FENCE: Final = re.compile(r"(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`]*)\Z")
_NAME: Final = re.compile(r"(?:#+|//+|/\*+|<!--|>|-|\d+\.)\s+[*`'\"]*")
_PATH: Final = re.compile(r"[\w.@+~-][\w./@+ ()\[\]~-]*\Z")


@dataclass(frozen=True, slots=True)
class SearchReplace:
    """Replace ``search`` by ``replace`` in one file; both end with a line end or are empty."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced piece of code. ``path`` is empty where the answer names none; then it is for the
    reader to know what it replaces.
    """

    text: str
    path: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """``problems`` say what could not be understood, for the model to read."""

    edits: tuple[SearchReplace, ...] = ()
    code: tuple[Code, ...] = ()
    problems: tuple[str, ...] = ()


def parse(answer: str, *, path: str = "") -> Parsed:
    """The edits of an answer. ``path`` is meant where a block names no file."""
    lines = [texts.body(line) for line in texts.lines(answer)]
    edits: list[SearchReplace] = []
    code: list[Code] = []
    problems: list[str] = []
    named = path
    fence = ""
    start = 0
    n = 0
    while n < len(lines):
        line = lines[n].strip()
        if _SEARCH.match(line):
            block = _block(lines, n)
            if block is None:
                problems.append(
                    f"the block that starts on line {n + 1} of the answer is not closed"
                )
                break
            search, replace, end = block
            named = _named(lines, n) or named
            if named:
                edits.append(SearchReplace(named, search, replace))
            else:
                problems.append(f"the block on line {n + 1} of the answer names no file")
            n = end
            fence = ""
        elif fence:
            if line.startswith(fence) and not line.strip(fence[0]):
                code.append(_code(lines, start, n))
                fence = ""
        elif (opened := _FENCE.match(line)) is not None:
            fence, start = opened["mark"], n
        elif _REPLACE.match(line):
            problems.append(f"line {n + 1} of the answer ends a block that never began")
        n += 1
    if fence and not edits:
        problems.append(f"the code that starts on line {start + 1} of the answer is not closed")
    if not (edits or code or problems):
        problems.append("the answer holds no edit")
    return Parsed(tuple(edits), tuple(code) if not edits else (), tuple(problems))


def _block(lines: list[str], start: int) -> tuple[str, str, int] | None:
    """Search text, replacement and the line of its end; None when it is cut off or confused."""
    middles: list[int] = []
    for n in range(start + 1, len(lines)):
        line = lines[n].rstrip()
        if _SEARCH.match(line):
            return None
        if _MIDDLE.match(line):
            middles.append(n)
        elif _REPLACE.match(line):
            sure = [m for m in middles if len(lines[m].rstrip()) == 7] or middles
            if len(sure) != 1:
                return None
            parts = lines[start + 1 : sure[0]], lines[sure[0] + 1 : n]
            search, replace = ("".join(f"{x}\n" for x in part) for part in parts)
            return search, replace, n
    return None


def _code(lines: list[str], start: int, end: int) -> Code:
    language, path = _info(lines[start].strip().lstrip("`~"))
    body = "".join(f"{line}\n" for line in lines[start + 1 : end])
    return Code(body, path or _above(lines, start), language)


def _info(info: str) -> tuple[str, str]:
    """Language and path out of ``python``, ``python src/a.py``, ``python:src/a.py``, …"""
    first, _, rest = info.strip().partition(" ")
    language, colon, path = first.partition(":")
    if colon and _path(path):
        return language, _path(path)
    if not rest and ("." in first or "/" in first):
        return "", _path(first)
    return first, _path(re.sub(r"^\w+=", "", rest))


def _named(lines: list[str], start: int) -> str:
    """The file named right above a block, or above or on the fence the block is in."""
    line = lines[start - 1].strip() if start else ""
    fence = _FENCE.match(line)
    if fence is None:
        return _above(lines, start)
    return _info(fence["info"])[1] or _above(lines, start - 1)


def _above(lines: list[str], start: int) -> str:
    """The file named on the line above, or above one blank line."""
    for n in (start - 1, start - 2):
        line = lines[n].strip() if n >= 0 else ""
        if line:
            return "" if _FENCE.match(line) else _path(line)
    return ""


def _path(text: str) -> str:
    """A path out of a heading, a comment, bold or quoted text; empty when it is none."""
    text = text.strip(" *`'\":").removeprefix("\ufeff")
    text = _NAME.sub("", text, count=1) if _NAME.match(text) else text
    text = re.sub(r"^(?:file(?:name)?|path)\s*[:=]\s*", "", text, flags=re.IGNORECASE)
    text = text.strip(" *`'\":")
    looks = "." in text[:-1] or "/" in text or text in ("Makefile", "Dockerfile", "LICENSE")
    plain = " " not in text or ("/" in text and "." in text)
    return text if looks and plain and _PATH.match(text) and not text.endswith(".") else ""
