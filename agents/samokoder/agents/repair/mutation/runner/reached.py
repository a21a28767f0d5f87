"""Which of some lines of a file are run; those that hold no code count as run."""

from __future__ import annotations

import dis
import os
import sys
import types
from typing import Any


class Reached:
    """A context; ``missed`` are those of the lines that did not run."""

    def __init__(self, path: str, text: str, lines: list[int]) -> None:
        self._target = os.path.realpath(path)
        self._left = set(_code_lines(text).intersection(lines))
        self._mine: dict[str, bool] = {}

    @property
    def missed(self) -> list[int]:
        return sorted(self._left)

    def __enter__(self) -> Reached:
        if self._left:
            sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _call(self, frame: Any, event: str, argument: Any) -> Any:
        if not self._left:
            return None
        name = frame.f_code.co_filename
        if name not in self._mine:
            self._mine[name] = os.path.realpath(name) == self._target
        return self._line if self._mine[name] else None

    def _line(self, frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            self._left.discard(frame.f_lineno)
        return self._line if self._left else None


def _code_lines(text: str) -> frozenset[int]:
    """Lines from which something is compiled: no comments, docstrings, lone `else`."""
    found: set[int] = set()
    stack = [compile(text, "<text>", "exec", dont_inherit=True)]
    while stack:
        code = stack.pop()
        found.update(line for _, line in dis.findlinestarts(code) if line)
        stack += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return frozenset(found)
