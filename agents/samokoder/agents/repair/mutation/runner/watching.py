"""What a failing test does: who calls whom with what, and how values change in some functions."""

from __future__ import annotations

import os
import sys
from typing import Any

from .tools import reason, run_all
from .values import canonical

_CALLS = 400
"""Calls that are kept of one test."""
_LAST = 3
"""Calls of one watched function that are followed line by line to the end, beside the first."""
_LINES = 60
"""Lines of one such call that are kept."""
_SHORT = 110


def watch(job: dict[str, Any]) -> dict[str, Any]:
    """``calls``: depth, path, line, name, arguments, result. ``steps``: path, name, number of the
    call, line, what changed. Paths are relative to the workspace, of the last test that began.
    """
    watcher = _Watcher(os.path.realpath(job["root"]) + os.sep, job["watched"])
    failing = frozenset(job["failing"][:1])
    sys.settrace(watcher.call)
    try:
        result = run_all(job, failing, stop=True, only=bool(failing), each=watcher.begin)
    except Exception as error:  # noqa: BLE001  # a program under test may raise anything
        result = {"error": reason(error, error.__traceback__)}
    finally:
        sys.settrace(None)
    return {"calls": watcher.calls, "steps": watcher.kept(), "error": result.get("error")}


def shown(value: Any) -> str:
    """A value in a few words."""
    try:
        text = canonical(value)
    except Exception:  # noqa: BLE001  # a project's own type may refuse to be looked at
        return "?"
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


class _Watcher:
    def __init__(self, root: str, watched: list[list[str]]) -> None:
        self._root = root
        self._watched = {(path, name) for path, name in watched}
        self._paths: dict[str, str] = {}
        self.begin("")

    def begin(self, test: str) -> None:
        """A test starts: what came before does not matter."""
        self.calls: list[list[Any]] = []
        self._steps: dict[tuple[str, str], dict[int, list[list[Any]]]] = {}
        self._times: dict[tuple[str, str], int] = {}
        self._depth = 0

    def kept(self) -> list[list[Any]]:
        """The lines of the first and the last calls."""
        return [row for calls in self._steps.values() for rows in calls.values() for row in rows]

    def _path(self, frame: Any) -> str:
        name = frame.f_code.co_filename
        if name not in self._paths:
            real = os.path.realpath(name)
            inside = real.startswith(self._root) and "site-packages" not in real
            self._paths[name] = real[len(self._root) :] if inside else ""
        return self._paths[name]

    def call(self, frame: Any, event: str, argument: Any) -> Any:
        path = self._path(frame)
        code = frame.f_code
        if not path or code.co_name.startswith("<"):
            return None
        name = getattr(code, "co_qualname", code.co_name).replace(".<locals>", "")
        count = code.co_argcount + code.co_kwonlyargcount
        names = code.co_varnames[:count]
        values = frame.f_locals
        told = ", ".join(f"{n}={shown(values[n])}" for n in names if n in values)
        row: list[Any] = [self._depth, path, code.co_firstlineno, name, told, ""]
        if len(self.calls) < _CALLS:
            self.calls.append(row)
        key = (path, code.co_name)
        number = self._times[key] = self._times.get(key, 0) + 1
        wanted = key in self._watched or (path, name) in self._watched
        steps: list[list[Any]] = []
        if wanted:
            mine = self._steps.setdefault(key, {})
            mine[number] = steps
            mine.pop(number - _LAST if number > _LAST + 1 else 0, None)
        known = {n: shown(v) for n, v in values.items()} if wanted else {}
        self._depth += 1
        line = frame.f_lineno

        def local(frame: Any, event: str, argument: Any) -> Any:
            nonlocal line, known
            if event == "return":
                self._depth = row[0]
                if not row[5]:
                    row[5] = shown(argument)
            elif event == "exception":
                row[5] = f"raises {argument[0].__name__}: {str(argument[1])[:80]}"
            if wanted and len(steps) < _LINES:
                now = {n: shown(v) for n, v in frame.f_locals.items()}
                changed = ", ".join(f"{n}={v}" for n, v in now.items() if known.get(n) != v)
                steps.append([path, name, number, line, changed])
                known, line = now, frame.f_lineno
            return local

        return local
