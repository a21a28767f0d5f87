# ruff: noqa: N802  (names of unittest)
"""Running the tests in this process, with unittest, pytest or as a plain script."""

from __future__ import annotations

import functools
import os
import re
import runpy
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def run_all(
    job: dict[str, Any],
    failing: frozenset[str],
    *,
    stop: bool,
    only: bool = False,
    skip: bool = False,
    each: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    if job["kind"] == "unittest":
        return run_unittest(job, failing, stop, only, skip, each)
    if job["kind"] == "pytest":
        return run_pytest(job, failing, stop, only, skip, each)
    return run_script(job)


def reason(error: Any, traceback: Any) -> dict[str, Any]:
    """Type, message and innermost line of a failure, below the workspace where possible."""
    told = _told(str(error))
    if told is not None:
        return told
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append([code.co_filename, traceback.tb_lineno])
        traceback = traceback.tb_next
    return {"type": type(error).__name__, "message": str(error)[:300], "frames": frames[-12:]}


_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)', re.MULTILINE)


def _told(message: str) -> dict[str, Any] | None:
    """The error inside a message that quotes a whole traceback, as for a module that does not
    import.
    """
    if "Traceback (most recent call last)" not in message:
        return None
    last = message.rstrip().rpartition("\n")[2]
    kind, _, words = last.partition(": ")
    frames = [[name, int(line)] for name, line in _FRAME.findall(message)]
    if not kind.isidentifier() or not frames:
        return None
    return {"type": kind, "message": words[:300], "frames": frames[-12:]}


@functools.cache
def parsed(argv: tuple[str, ...]) -> Any:
    """The command line of unittest, read once and before the forks; ``load`` loads its tests."""
    import unittest

    class Program(unittest.TestProgram):
        test: Any

        def createTests(self, *args: Any, **kwargs: Any) -> None:
            self.load = functools.partial(super().createTests, *args, **kwargs)

        def runTests(self) -> None:
            pass

    return Program(module=None, argv=["unittest", *argv], exit=False)


def run_unittest(
    job: dict[str, Any],
    failing: frozenset[str],
    stop: bool,
    only: bool,
    skip: bool,
    each: Callable[[str], None] | None,
) -> dict[str, Any]:
    import unittest

    class Quiet(unittest.TestResult):
        def __init__(self) -> None:
            super().__init__()
            self.good: list[str] = []
            self.bad: list[str] = []
            self.error: dict[str, Any] | None = None

        def startTest(self, test: Any) -> None:
            super().startTest(test)
            if each is not None:
                each(test.id())

        def addSuccess(self, test: Any) -> None:
            self.good.append(test.id())

        def _bad(self, test: Any, error: Any) -> None:
            self.bad.append(test.id())
            if self.error is None:
                self.error = reason(error[1], error[2])
            if stop:
                self.stop()

        def addError(self, test: Any, error: Any) -> None:
            self._bad(test, error)

        def addFailure(self, test: Any, error: Any) -> None:
            self._bad(test, error)

        def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:
            if error is not None:
                self._bad(test, error)

    program = parsed(tuple(job["argv"]))
    program.load()
    result = Quiet()
    chosen = unittest.TestSuite()
    broken = False
    for test in flat(program.test):
        named = matches(test.id(), failing)
        loader_error = "_FailedTest" in type(test).__name__
        if loader_error or not ((only and not named) or (skip and named)):
            chosen.addTest(test)
    chosen.run(result)
    return {"good": result.good, "bad": result.bad, "error": result.error, "broken": broken}


def matches(name: str, wanted: frozenset[str]) -> bool:
    return name in wanted or any(name.endswith("." + w) or w.endswith("." + name) for w in wanted)


def flat(suite: Any) -> Iterator[Any]:
    for item in suite:
        if hasattr(item, "__iter__"):
            yield from flat(item)
        else:
            yield item


def run_pytest(
    job: dict[str, Any],
    failing: frozenset[str],
    stop: bool,
    only: bool,
    skip: bool,
    each: Callable[[str], None] | None,
) -> dict[str, Any]:
    import pytest

    class Plugin:
        def __init__(self) -> None:
            self.good: list[str] = []
            self.bad: list[str] = []
            self.error: dict[str, Any] | None = None
            self.broken = False

        def pytest_collection_modifyitems(self, items: list[Any]) -> None:
            if only or skip:
                items[:] = [i for i in items if (i.nodeid in failing) == only]

        def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
            if each is not None:
                each(nodeid)

        def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
            if self.error is None and call.excinfo is not None:
                self.error = reason(call.excinfo.value, call.excinfo.tb)

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                self.bad.append(report.nodeid)
                self.broken = True

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.when == "call" and report.passed:
                self.good.append(report.nodeid)
            elif report.failed:
                self.bad.append(report.nodeid)

    plugin = Plugin()
    argv = [*job["argv"], "-p", "no:cacheprovider", "-q", "--no-header"]
    pytest.main([*argv, *(["-x"] if stop else [])], plugins=[plugin])
    return {"good": plugin.good, "bad": plugin.bad, "error": plugin.error, "broken": plugin.broken}


def run_script(job: dict[str, Any]) -> dict[str, Any]:
    argv = job["argv"]
    try:
        if argv[:1] == ["-m"]:
            sys.argv = argv[1:]
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = argv
            sys.path[0] = os.path.dirname(os.path.abspath(argv[0]))
            runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as end:
        bad = end.code not in (None, 0)
        return {"ok": not bad, "fixed": int(not bad), "good": [], "bad": [], "error": None}
    except BaseException as error:  # noqa: BLE001  # whatever the script throws is its result
        fact = reason(error, error.__traceback__)
        return {"ok": False, "fixed": 0, "good": [], "bad": ["script"], "error": fact}
    return {"ok": True, "fixed": 1, "good": ["script"], "bad": [], "error": None}
