"""Whether any of some lines of a file is run."""

from __future__ import annotations

import os
import sys
from typing import Any


class Reached:
    """A context; ``hit`` becomes True when one of the lines runs. Stops looking then."""

    def __init__(self, path: str, lines: list[int]) -> None:
        self._target = os.path.realpath(path)
        self._lines = frozenset(lines)
        self._mine: dict[str, bool] = {}
        self.hit = not lines

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
