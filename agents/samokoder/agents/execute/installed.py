"""Checks that lack what the project names: installed with a grant, then run again."""

import re

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.execute.executor import Executor
from samokoder.agents.execute.installing import install_commands
from samokoder.agents.repair.workshop import LocalWorkshop, Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.snapshot import Snapshot

_LACKS = re.compile(
    r"No module named|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|: not found"
    r"|is not installed"
)


async def results(
    run: Run, workshop: Workshop, tree: Snapshot, checks: tuple[Check, ...], *, key: str
) -> tuple[CheckResult, ...]:
    """What the checks say of a tree. Where they lack something and the project names what it
    needs, the user is asked to have it installed beside the copy, and they run there.

    Raises EnvironmentMissing when a check's tool is missing and stays so.
    """
    missing: EnvironmentMissing | None = None
    found: tuple[CheckResult, ...] = ()
    try:
        found = await run.step(
            key,
            lambda: workshop.check(tree, checks),
            tuple[CheckResult, ...],
            agent="executor",
            pure=True,
        )
    except EnvironmentMissing as error:
        missing = error
    lacks = missing is not None or any(not r.ok and _LACKS.search(r.output) for r in found)
    if lacks and isinstance(workshop, LocalWorkshop):
        more = await _with_installed(run, workshop, tree, checks, f"{key}/installed")
        if more is not None:
            return more
    if missing is not None:
        raise missing
    return found


async def _with_installed(
    run: Run, workshop: LocalWorkshop, tree: Snapshot, checks: tuple[Check, ...], key: str
) -> tuple[CheckResult, ...] | None:
    try:
        python = (await find_interpreter(run.root, run.settings.check)).path
    except EnvironmentMissing:
        python = "python3"
    commands = await install_commands(tree, python)
    if not commands:
        return None
    await run.say("Installing what the project needs, beside its copy")
    executor = Executor(workshop.pool, workshop.db)
    checked = await executor.check(run, tree, commands, checks, key=key)
    bad = next((r for r in checked.installed.results if not r.ok), None)
    if bad is not None:
        why = bad.refused or bad.output.strip()[-300:] or f"exit code {bad.exit_code}"
        await run.say(f"Not installed: {why}")
        return None
    return checked.results
