"""Whether any of some lines of a file is run; lines that hold no code do not count."""

from __future__ import annotations

import dis
import os
import sys
import types
from typing import Any


class Reached:
    """A context; ``hit`` becomes True when one of the lines runs. Stops looking then."""

    def __init__(self, path: str, text: str, lines: list[int]) -> None:
        self._target = os.path.realpath(path)
        self._lines = frozenset(lines) & _code_lines(text)
        self._mine: dict[str, bool] = {}
        self.hit = not self._lines

    def __enter__(self) -> Reached:
        if not self.hit:
            sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _call(self, frame: Any, event: str, argument: Any) -> Any:
        if self.hit:
            return None
        name = frame.f_code.co_filename
        if name not in self._mine:
            self._mine[name] = os.path.realpath(name) == self._target
        return self._line if self._mine[name] else None

    def _line(self, frame: Any, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_lineno in self._lines:
            self.hit = True
        return None if self.hit else self._line


def _code_lines(text: str) -> frozenset[int]:
    """Lines from which something is compiled: no comments, docstrings, lone `else`."""
    found: set[int] = set()
    stack = [compile(text, "<text>", "exec", dont_inherit=True)]
    while stack:
        code = stack.pop()
        found.update(line for _, line in dis.findlinestarts(code) if line)
        stack += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return frozenset(found)
