"""Whether a file still reads: a change must not make it worse."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from samokoder.agents import pysyntax

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_BRACKETS: Final = re.compile(
    r"bash|cc?|cpp|cs|css|cxx|dart|go|h|hpp|java|[cm]?jsx?|json5|kts?|php|rs|scala|scss|swift|tsx?"
)


def worse(path: str, before: str, after: str) -> str:
    """Why ``after`` does not read although ``before`` did; empty when it does."""
    suffix = PurePosixPath(path).suffix.lower().lstrip(".")
    if suffix in ("py", "pyi"):
        return "" if python_error(before) else python_error(after)
    if suffix == "json":
        return "" if json_error(before) else json_error(after)
    if _BRACKETS.fullmatch(suffix):
        was, now = _unbalanced(before), _unbalanced(after)
        if now > was:
            return f"after the change {now} brackets have no partner, before it {was}"
    return ""


def python_error(text: str) -> str:
    """The syntax error of a Python file; empty when there is none."""
    try:
        pysyntax.parse(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be parsed: {error}"
    return ""


def json_error(text: str) -> str:
    """The syntax error of a JSON file; empty when there is none."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return str(error)
    return ""


def _unbalanced(text: str) -> int:
    """Brackets without a partner, outside of what looks like strings and comments."""
    stack: list[str] = []
    lost = 0
    for char in _code(text):
        if char in "([{":
            stack.append(char)
        elif stack and stack[-1] == _PAIRS[char]:
            stack.pop()
        else:
            lost += 1
    return lost + len(stack)


def _code(text: str) -> Iterator[str]:
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote or (char == "\n" and quote != "`"):
                quote = ""
        elif text.startswith("//", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 1
        elif char in "\"'`":
            quote = char
        elif char in "()[]{}":
            yield char
        at += 1
