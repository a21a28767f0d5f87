"""Which lines run, per test."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any, NoReturn

from .overlay import overlay
from .tools import reason, run_all


def trace(job: dict[str, Any]) -> dict[str, Any]:
    """Lines that ran below the workspace, per test, with the outcome of each."""
    root = os.path.realpath(job["root"]) + os.sep
    if "overlay" in job:
        overlay(job["path"], job["overlay"])
    current: set[tuple[str, int]] = set()
    runs: list[tuple[str, set[tuple[str, int]]]] = []
    real: dict[str, str] = {}

    def inside(name: str) -> str:
        if name not in real:
            path = os.path.realpath(name)
            real[name] = path if path.startswith(root) and "site-packages" not in path else ""
        return real[name]

    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            current.add((real[frame.f_code.co_filename], frame.f_lineno))
        return local

    def call(frame: Any, event: str, argument: Any) -> Any:
        if not inside(frame.f_code.co_filename):
            return None
        current.add((real[frame.f_code.co_filename], frame.f_lineno))
        return local

    def begin(name: str) -> None:
        nonlocal current
        current = set()
        runs.append((name, current))

    def late(number: int, frame: Any) -> NoReturn:
        raise TimeoutError

    signal.signal(signal.SIGPROF, late)
    begin("")
    signal.setitimer(signal.ITIMER_PROF, job["seconds"] * 0.8)
    started = time.process_time()
    sys.settrace(call)
    error: dict[str, Any] | None = None
    bad: set[str] = set()
    try:
        result = run_all(job, frozenset(), stop=False, each=begin)
        error, bad = result.get("error"), set(result.get("bad", ()))
    except TimeoutError as late_error:
        error = reason(late_error, late_error.__traceback__)
        bad = {runs[-1][0]}
    except Exception as broken:  # noqa: BLE001  # the tests could not even be loaded
        error = reason(broken, broken.__traceback__)
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
    names = sorted({path for _, lines in runs for path, _ in lines})
    number = {path: n for n, path in enumerate(names)}
    return {
        "files": names,
        "tests": [
            [name, name in bad, sorted([number[p], line] for p, line in lines)]
            for name, lines in runs[:400]
        ],
        "error": error,
        "seconds": time.process_time() - started,
    }
