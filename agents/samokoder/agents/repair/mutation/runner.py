# ruff: noqa: N802  (names of unittest)
"""Runs many candidates against the failing tests: the tools are imported once, then one fork each.

A stand-alone script (standard library only, Python ≥ 3.9) that the project's own Python runs inside
the sandbox: ``python runner.py JOB OUT``. JOB is JSON:

``kind``        unittest, pytest or script
``argv``        arguments of that tool (unittest, pytest), or the script's own line
``path``        absolute path of the file that candidates replace (mode ``try``)
``mode``        ``trace`` (which lines run, per test) or ``try``
``root``        the workspace: only files below it are traced
``failing``     ids of the tests that fail, ``passing`` of those that pass
``candidates``  texts of the file
``seconds``     CPU seconds one candidate may take
``workers``     processes at the same time
``enough``      candidates that pass everything after which the rest is skipped
``window``      candidates that are still tried after the first that passes everything
``total``       wall seconds after which the rest is skipped

Every result is one line of JSON appended to OUT. Nothing it says is believed: what passes here is
proven afterwards by the project's own command.
"""

from __future__ import annotations

import builtins
import functools
import importlib.machinery
import io
import json
import os
import runpy
import select
import signal
import sys
import time
import types
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_real_open = open


def main() -> None:
    with _real_open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.getcwd())
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _import_tools(job)
    if job["mode"] == "trace":
        say(out, in_child(lambda: trace(job), job["seconds"]))
        return
    started = time.monotonic()
    children = []
    workers = max(1, job["workers"])
    for worker in range(workers):
        pid = os.fork()
        if pid == 0:
            work(job, out, worker, workers, started)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def say(out: int, fact: dict[str, Any]) -> None:
    os.write(out, (json.dumps(fact) + "\n").encode())


def work(job: dict[str, Any], out: int, worker: int, workers: int, started: float) -> None:
    won, last = 0, len(job["candidates"])
    for index in range(worker, len(job["candidates"]), workers):
        late = time.monotonic() - started > job["total"]
        if late or index > last or won * workers >= job["enough"]:
            break
        text = job["candidates"][index]
        fact = in_child(functools.partial(attempt, job, text), job["seconds"])
        fact["i"] = index
        if fact.get("ok"):
            won += 1
            last = min(last, index + job["window"])
        say(out, fact)


def in_child(effect: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """``effect()`` in a fork, its result through a pipe; {"end": …} when it died or hung."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            fact = effect()
        except BaseException as error:  # noqa: BLE001  whatever the candidate throws is its result
            fact = {"end": type(error).__name__}
        data = json.dumps(fact).encode()
        while data:
            data = data[os.write(writer, data) :]
        os._exit(0)
    os.close(writer)
    chunks: list[bytes] = []
    deadline = time.monotonic() + seconds * 8 + 1
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(reader)
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os.waitpid(pid, 0)
    try:
        told: dict[str, Any] = json.loads(b"".join(chunks))
    except ValueError:
        return {"end": "timeout"}
    return told


def overlay(path: str, text: str) -> None:
    """From now on, in this process, the file at ``path`` has this text."""
    data = text.encode("utf-8", "surrogateescape")
    target = os.path.realpath(path)

    def same(name: Any) -> bool:
        try:
            real: str = os.path.realpath(os.fspath(name))
        except (TypeError, ValueError):
            return False
        return real == target

    loader: Any = importlib.machinery.SourceFileLoader
    module: Any = io
    get_code, get_data, open_code = loader.get_code, loader.get_data, io.open_code

    def new_get_code(self: Any, fullname: str) -> Any:
        name = self.get_filename(fullname)
        return compile(data, name, "exec") if same(name) else get_code(self, fullname)

    def new_get_data(self: Any, name: str) -> bytes:
        return data if same(name) else get_data(self, name)

    def new_open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if isinstance(file, (str, os.PathLike)) and "r" in mode and "+" not in mode and same(file):
            raw = io.BytesIO(data)
            return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8")
        return _real_open(file, mode, *args, **kwargs)

    loader.get_code, loader.get_data = new_get_code, new_get_data
    module.open_code = lambda name: io.BytesIO(data) if same(name) else open_code(name)
    module.open = new_open
    vars(builtins)["open"] = new_open


def _import_tools(job: dict[str, Any]) -> None:
    """Import the tool, and what the tests import from outside the workspace, before the forks."""
    if job["kind"] == "unittest":
        import unittest
        import unittest.main  # noqa: F401
    elif job["kind"] == "pytest":
        import pytest  # noqa: F401
    found = in_child(lambda: _outside(job), max(5.0, job["seconds"]))
    for name in found.get("modules", ()):
        if name not in sys.modules:
            try:
                __import__(name)
            except Exception:  # noqa: BLE001  the fork will import it then, or fail itself
                continue


def _outside(job: dict[str, Any]) -> dict[str, Any]:
    before = set(sys.modules)
    run_all(job, frozenset(), stop=True)
    root = os.path.realpath(job["root"]) + os.sep
    names = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        plain = type(module) is types.ModuleType and name != "__main__"
        if name in before or not file or not plain:
            continue
        real = os.path.realpath(file)
        if not real.startswith(root) or "site-packages" in real:
            names.append(name)
    return {"modules": names}


def attempt(job: dict[str, Any], text: str) -> dict[str, Any]:
    """How a candidate does: failing tests first, all of them; then the passing ones."""
    overlay(job["path"], text)
    if job["kind"] == "script":
        return run_script(job)
    failing = frozenset(job["failing"])
    first = run_all(job, failing, stop=False, only=True) if failing else {"good": [], "bad": []}
    fixed = len(first["good"])
    if failing and not fixed:
        return {"ok": False, "fixed": 0, "error": first.get("error")}
    rest = run_all(job, failing, stop=True, skip=True)
    lost = [name for name in rest["bad"] if name in set(job["passing"])]
    whole = not first["bad"] and not rest["bad"]
    return {
        "ok": whole,
        "fixed": fixed,
        "lost": len(lost) + (1 if rest.get("broken") else 0),
        "error": first.get("error") or rest.get("error"),
    }


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
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append([code.co_filename, traceback.tb_lineno])
        traceback = traceback.tb_next
    return {"type": type(error).__name__, "message": str(error)[:300], "frames": frames[-12:]}


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

    class Loaded(unittest.TestProgram):
        def runTests(self) -> None:
            pass

    program: Any = Loaded(module=None, argv=["unittest", *job["argv"]], exit=False)
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
    except BaseException as error:  # noqa: BLE001  whatever the script throws is its result
        fact = reason(error, error.__traceback__)
        return {"ok": False, "fixed": 0, "good": [], "bad": ["script"], "error": fact}
    return {"ok": True, "fixed": 1, "good": ["script"], "bad": [], "error": None}


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


if __name__ == "__main__":
    main()
