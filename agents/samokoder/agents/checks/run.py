"""Running one check on a snapshot: in a scratch copy, confined, its output understood."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult, Problem
from samokoder.agents.checks.parse import Parsed, parse
from samokoder.agents.checks.places import Places
from samokoder.agents.checks.report import REPORTER, Report, read_report
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.sandbox.editable import editable_paths
from samokoder.agents.sandbox.environment import check_environment
from samokoder.agents.sandbox.sandbox import Finished, Job, Limits, Sandbox
from samokoder.agents.sandbox.scratch import Scratch
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot

ENDED_EARLY = 70
"""Exit code of a result whose tests ended the interpreter with exit code 0."""

_ENVIRONMENTS = (".venv", "venv", "env")
_REPORTING = ("pytest", "unittest", "command")
_NOT_FOUND = re.compile(r"^(?:/bin/)?sh: (?:line )?\d+: (?:exec: )?(?P<name>.+?): not found", re.M)
_NO_MODULE = re.compile(r"No module named '?(?P<name>pytest|mypy|ruff|pyright)'?$", re.M)


async def run_check(
    check: Check,
    snapshot: Snapshot,
    *,
    scratch: Scratch,
    sandbox: Sandbox,
    settings: Settings,
    on_output: Callable[[str], None] | None = None,
    loaded: bool = False,
    readable: tuple[Path, ...] = (),
) -> CheckResult:
    """Load the snapshot into the scratch copy, run the check there, read what it says.

    ``loaded``: the copy holds it already, and beside it what was installed there.
    ``readable`` are more folders it has to see.
    A result with exit code 0 whose test run did not come to its end gets :data:`ENDED_EARLY`.
    Raises :class:`EnvironmentMissing` when the tool itself is not there.
    """
    if not loaded:
        await scratch.load(snapshot)
    reports = check.kind in _REPORTING
    cache = scratch.cache / check.kind  # no tool can plant results for another one
    env = await to_thread.run_sync(_environment, check, scratch, cache, sandbox)
    job = Job(
        argv=check.argv,
        root=scratch.root,
        scratch=scratch.tree,
        cwd=check.cwd,
        env=env,
        readonly=scratch.dependencies,
        network=settings.sandbox.network,
        limits=Limits(
            seconds=check.timeout,
            memory=settings.sandbox.memory << 20,
            processes=settings.sandbox.processes,
        ),
        tmp=scratch.tmp,
        writable=(scratch.home, scratch.out, cache),
        readable=(*readable, *((REPORTER,) if reports else ())),
    )
    finished = await sandbox.run(job, _translated(on_output, scratch))
    ended = time.time()
    _refuse_missing(check, finished)
    result = await to_thread.run_sync(_result, check, snapshot, scratch, sandbox, finished)
    return replace(result, ended=ended)


def needs_trust(check: Check) -> bool:
    """True for every check that can run code of the project; ours only read it."""
    return check.origin != "builtin"


def _environment(check: Check, scratch: Scratch, cache: Path, sandbox: Sandbox) -> dict[str, str]:
    cache.mkdir(exist_ok=True)
    env = check_environment(os.environ, scratch.home, cache)
    for name in _ENVIRONMENTS:  # as in a shell where the environment is active
        folder = scratch.root / name / ("bin" if os.name != "nt" else "Scripts")
        home = scratch.root if name in scratch.dependencies else scratch.tree
        if (home / name / "pyvenv.cfg").is_file():
            env["VIRTUAL_ENV"] = str(scratch.root / name)
            env["PATH"] = f"{folder}{os.pathsep}{env['PATH']}"
            break
    paths: list[str] = []
    if check.kind in _REPORTING:
        paths.append(str(REPORTER))
        env["SAMOKODER_REPORT"] = str(scratch.out / "report.jsonl")
    if check.kind == "pytest" and _keeps_environment(check.argv):
        env["PYTEST_PLUGINS"] = "samokoder_report"
    if not sandbox.relocates:
        paths += editable_paths(scratch.root, scratch.tree, scratch.dependencies)
        env["SAMOKODER_REAL_ROOT"] = str(scratch.root)
        env["SAMOKODER_KEPT"] = os.pathsep.join(
            str(scratch.root / name) for name in scratch.dependencies
        )
    if paths:
        env["PYTHONPATH"] = os.pathsep.join(paths)
    return env


def _keeps_environment(argv: tuple[str, ...]) -> bool:
    """False for a command line that drops our import path: pytest would not find the reporter."""
    return not any(
        part in ("-I", "-E") or "PYTHONPATH=" in part or part == "PYTEST_PLUGINS=" for part in argv
    )


def _result(
    check: Check, snapshot: Snapshot, scratch: Scratch, sandbox: Sandbox, finished: Finished
) -> CheckResult:
    places = Places(
        roots=(*_names(scratch.tree), *_names(scratch.root)),
        files=snapshot.files.keys(),
        cwd=check.cwd,
    )
    report = read_report(scratch.out / "report.jsonl", places)
    said = _said(check, finished, report, places)
    exit_code = finished.exit_code
    if report is not None and not report.finished and exit_code == 0:
        exit_code = ENDED_EARLY
    return CheckResult(
        check=check,
        exit_code=exit_code,
        seconds=finished.seconds,
        output=finished.output.replace(str(scratch.tree), str(scratch.root)),
        problems=said.problems,
        failed=said.failed,
        passed=said.passed,
        timed_out=finished.timed_out,
        sandbox=sandbox.name,
        tree=scratch.holds,
        skipped=said.skipped,
        stray=report.stray if report is not None else (),
    )


def _said(check: Check, finished: Finished, report: Report | None, places: Places) -> Parsed:
    if report is not None and (report.parsed.problems or finished.exit_code == 0):
        return report.parsed
    said = parse(check.kind, finished.output, places)
    if finished.exit_code == 0 and check.kind not in ("ruff", "mypy"):
        # A passing command may print anything that looks like an error.
        return Parsed((), said.failed, said.passed, said.skipped)
    if report is None:
        return said
    tests = report.parsed
    problems: tuple[Problem, ...] = said.problems
    return Parsed(problems, tests.failed or said.failed, tests.passed, tests.skipped)


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys((str(folder), os.path.realpath(folder))))


def _refuse_missing(check: Check, finished: Finished) -> None:
    if finished.exit_code == 127 and (match := _NOT_FOUND.search(finished.output)):
        raise EnvironmentMissing(
            f"`{match['name']}` is not installed",
            hint=f"Install it, or set another command in `check.commands` ({check.id}).",
        )
    if finished.exit_code != 0 and (match := _NO_MODULE.search(finished.output)):
        raise EnvironmentMissing(
            f"{check.argv[0]} has no {match['name']}",
            hint="Install it there, or set `check.python` to the Python that has it.",
        )


def _translated(
    on_output: Callable[[str], None] | None, scratch: Scratch
) -> Callable[[str], None] | None:
    """Passes output on with the copy's path written as the workspace's."""
    if on_output is None:
        return None
    listener = on_output
    return lambda text: listener(text.replace(str(scratch.tree), str(scratch.root)))
