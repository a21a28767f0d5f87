"""The body of a check run: every check of the project, each once."""

from dataclasses import dataclass

from samokoder.agents.checks.check import Check, CheckResult, Problem
from samokoder.agents.checks.command import from_command
from samokoder.agents.checks.detect import detect
from samokoder.agents.errors import InvalidInput
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.context import Run


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """``command`` replaces the project's own checks; ``path`` keeps the problems of one file or
    folder.
    """

    command: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """``ok`` when every check is; ``problems`` are all that was asked for."""

    ok: bool
    results: tuple[CheckResult, ...]
    problems: tuple[Problem, ...]


async def chosen(run: Run, command: str) -> tuple[Check, ...]:
    """The user's command, else the project's checks. Raises InvalidInput when there are none."""
    if command:
        return (from_command(command, origin="user", timeout=run.settings.check.timeout),)
    checks = await detect(run.snapshot, run.settings)
    if not checks:
        raise InvalidInput(
            "no checks were found in this workspace",
            hint='Name a command with `--check "…"` or set `check.commands`.',
        )
    return checks


async def check(run: Run, request: CheckRequest, tools: Tools) -> CheckOutcome:
    """Run the checks and return what is wrong."""
    checks = await chosen(run, request.command)
    workshop = await tools.workshop(run.settings)
    names = ", ".join(c.id for c in checks)
    await run.say(f"Running {names}")
    results = await run.step(
        "check", lambda: workshop.check(run.snapshot, checks), tuple[CheckResult, ...], pure=True
    )
    problems = tuple(
        p
        for r in results
        for p in r.problems
        if not request.path or p.path == request.path or p.path.startswith(request.path + "/")
    )
    bad = sum(not r.ok for r in results)
    await run.say(
        "Everything is all right" if not bad else f"{bad} of {len(results)} checks failed",
        percent=100,
    )
    return CheckOutcome(not bad, results, problems)
