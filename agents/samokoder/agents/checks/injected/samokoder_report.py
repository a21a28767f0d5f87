"""A pytest plugin and unittest runner that write down, as JSON lines, how every test went.

Runs inside the project's own interpreter (Python 3.7 or newer), so it imports nothing of the
product. It changes neither selection nor order nor outcome of the tests. Records go to the file
named by SAMOKODER_REPORT: ``start``, one ``test`` per test and phase that matters, ``finish``.
"""

# ruff: noqa: N802
from __future__ import annotations

import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

_MESSAGE = 4000
"""Characters of a message that are kept."""


def write(**record: Any) -> None:
    """Append one record; without a file to write to, nothing happens."""
    path = os.environ.get("SAMOKODER_REPORT")
    if path:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps(record) + "\n")


def describe(error: BaseException) -> dict[str, Any]:
    """What was raised: the frames of the error itself and of what caused it, outermost first."""
    if type(error).__name__ == "CollectError" and error.__cause__ is not None:
        error = error.__cause__  # pytest wraps what an import raised into a text
    kind = type(error).__name__
    message = str(error)[:_MESSAGE]
    for note in getattr(error, "__notes__", ()):
        message += "\n" + str(note)
    frames, seen = _frames(error), {id(error)}
    earlier: list[list[Any]] = []
    for leaf in getattr(error, "exceptions", ()):
        earlier += _frames(leaf)
    before = _before(error)
    while before is not None and id(before) not in seen and len(seen) < 20:
        seen.add(id(before))
        earlier = _frames(before) + earlier
        before = _before(before)
    return {
        "type": kind,
        "message": message,
        "frames": frames,
        "earlier": earlier,
        "column": getattr(error, "offset", None) if isinstance(error, SyntaxError) else None,
    }


def _before(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _frames(error: BaseException) -> list[list[Any]]:
    frames: list[list[Any]] = [
        [os.path.abspath(frame.filename), frame.lineno, frame.name, frame.line or ""]
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.lineno
    ]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append(
            [os.path.abspath(error.filename), error.lineno, "", (error.text or "").strip()]
        )
    return frames[-60:]


def strays() -> list[str]:
    """Modules that came from the real workspace although a copy of it is being tested."""
    root = os.environ.get("SAMOKODER_REAL_ROOT")
    if not root:
        return []
    kept = [folder for folder in os.environ.get("SAMOKODER_KEPT", "").split(os.pathsep) if folder]
    found = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.startswith(root + os.sep):
            continue
        if not any(path.startswith(folder + os.sep) for folder in kept):
            found.append(name)
    return sorted(found)


# --- pytest -------------------------------------------------------------------------------------

if __name__ != "__main__":  # as a program this is the unittest runner, and pytest imports slowly
    import pytest

    def _is_worker(config: Any) -> bool:
        return hasattr(config, "workerinput")

    def pytest_sessionstart(session: Any) -> None:
        if not _is_worker(session.config):
            root = getattr(session.config, "rootpath", None) or session.config.rootdir
            write(event="start", tool="pytest", root=str(root))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        if call.excinfo is not None and report.outcome == "failed":
            report.samokoder = describe(call.excinfo.value)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(collector: Any) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        call = getattr(report, "call", None)
        if report.outcome == "failed" and call is not None and call.excinfo is not None:
            report.samokoder = describe(call.excinfo.value)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(report: Any) -> None:
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return
        if report.outcome == "passed" and report.when != "call":
            return
        path, line, _ = report.location
        write(
            event="test",
            id=report.nodeid,
            when=report.when,
            outcome=report.outcome,
            place=[path, (line or 0) + 1],
            failure=getattr(report, "samokoder", None),
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(report: Any) -> None:
        if report.outcome == "failed" and not os.environ.get("PYTEST_XDIST_WORKER"):
            write(
                event="test",
                id=report.nodeid,
                when="collect",
                outcome="failed",
                place=[report.nodeid.split("::")[0], 1],
                failure=getattr(report, "samokoder", None),
            )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
        if not _is_worker(session.config):
            write(event="finish", exit=int(exitstatus), strays=strays())


# --- unittest -----------------------------------------------------------------------------------


def _unittest_main(argv: list[str]) -> int:
    import unittest

    only = [part[len("--only=") :] for part in argv if part.startswith("--only=")]
    argv = [part for part in argv if not part.startswith("--only=")]

    class Result(unittest.TextTestResult):
        def _note(self, test: Any, outcome: str, error: Any = None) -> None:
            write(
                event="test",
                id=_id(test),
                when="call",
                outcome=outcome,
                place=None,
                failure=describe(error[1]) if error else None,
            )

        def addSuccess(self, test: Any) -> None:
            super().addSuccess(test)
            self._note(test, "passed")

        def addFailure(self, test: Any, err: Any) -> None:
            super().addFailure(test, err)
            self._note(test, "failed", err)

        def addError(self, test: Any, err: Any) -> None:
            super().addError(test, err)
            self._note(test, "failed", err)

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
            super().addSubTest(test, subtest, err)
            if err is not None:
                self._note(test, "failed", err)

        def addSkip(self, test: Any, reason: str) -> None:
            super().addSkip(test, reason)
            self._note(test, "skipped")

        def addExpectedFailure(self, test: Any, err: Any) -> None:
            super().addExpectedFailure(test, err)
            self._note(test, "skipped")

        def addUnexpectedSuccess(self, test: Any) -> None:
            super().addUnexpectedSuccess(test)
            self._note(test, "failed")

    def _id(test: Any) -> str:
        name: str = test.id()
        prefix = "unittest.loader._FailedTest."
        return name[len(prefix) :] if name.startswith(prefix) else name

    def keep(suite: unittest.TestSuite) -> unittest.TestSuite:
        kept = unittest.TestSuite()
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                kept.addTest(keep(test))
            elif _id(test) in only or any(_id(test).startswith(name + ".") for name in only):
                kept.addTest(test)
        return kept

    class Program(unittest.TestProgram):
        test: Any

        def createTests(self, *args: Any, **kwargs: Any) -> None:
            super().createTests(*args, **kwargs)
            if only:
                self.test = keep(self.test)

    write(event="start", tool="unittest", root=os.getcwd())
    make: Any = unittest.TextTestRunner
    program = Program(
        module=None,
        argv=["python -m unittest", *argv],
        testRunner=make(resultclass=Result),
        exit=False,
    )
    result = program.result
    empty = result.testsRun == 0 and not result.skipped
    code = 5 if empty and result.wasSuccessful() else int(not result.wasSuccessful())
    write(event="finish", exit=code, strays=strays())
    return code


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    sys.exit(_unittest_main(sys.argv[1:]))
