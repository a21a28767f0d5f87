"""Checks that lack what the project names: installed with a grant, then run again.

What cannot be installed is told, and a check that needs it counts as not run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.execute.needs import Needs, needs_of
from samokoder.agents.execute.store import Store
from samokoder.agents.repair.workshop import LocalWorkshop, Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.snapshot import Snapshot

_LACKS = re.compile(
    r"No module named '?(?P<module>[\w.]+)"
    r"|Cannot find (?:module|package) ['\"](?P<package>[^'\"]+)"
    r"|(?:^|: )(?P<tool>[\w.-]+): (?:command )?not found"
    r"|`(?P<program>[^`]+)` is not installed|has no (?P<part>pytest|mypy|ruff|pyright)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the checks say. ``unrun`` are those that could not be run, by id, with the reason; they
    have no result.
    """

    results: tuple[CheckResult, ...] = ()
    unrun: Mapping[str, str] = field(default_factory=dict)


async def results(
    run: Run, workshop: Workshop, tree: Snapshot, checks: tuple[Check, ...], *, key: str
) -> Outcome:
    """What the checks say of a tree. Where they lack something and the project names it, the user
    is asked to have it installed beside the copy, and they run there.
    """
    found = await _checked(run, workshop, tree, checks, key)
    needs = await needs_of(tree)
    lacking = {
        r.check.id: name for r in found.results if not r.ok and (name := _named(r.output, needs))
    }
    tools = [name for why in found.unrun.values() if (name := _named(why, needs))]
    store = workshop.equipment if isinstance(workshop, LocalWorkshop) else None
    if not isinstance(store, Store) or needs.digest in store.installed or not (lacking or tools):
        return found
    why = await store.install(tree, needs, key=f"{key}/install")
    if not why:
        return await _checked(run, workshop, tree, checks, f"{key}/installed")
    told = {id: f"{name} is not installed: {why}" for id, name in lacking.items()}
    there = tuple(r for r in found.results if r.check.id not in told)
    return Outcome(there, {**found.unrun, **told})


async def _checked(
    run: Run, workshop: Workshop, tree: Snapshot, checks: tuple[Check, ...], key: str
) -> Outcome:
    """All at once; where a tool is missing, each by itself."""

    async def some(these: tuple[Check, ...], key: str) -> tuple[CheckResult, ...]:
        return await run.step(
            key,
            lambda: workshop.check(tree, these),
            tuple[CheckResult, ...],
            agent="executor",
            pure=True,
        )

    try:
        return Outcome(await some(checks, key))
    except EnvironmentMissing as error:
        if len(checks) == 1:
            return Outcome((), {checks[0].id: str(error)})
    found: list[CheckResult] = []
    unrun: dict[str, str] = {}
    for number, check in enumerate(checks):
        try:
            found += await some((check,), f"{key}/{number}")
        except EnvironmentMissing as error:
            unrun[check.id] = str(error)
    return Outcome(tuple(found), unrun)


def _named(output: str, needs: Needs) -> str:
    """The first thing the output misses that the project names; empty when there is none."""
    for match in _LACKS.finditer(output):
        name = next(filter(None, match.groups()), "")
        if needs.names(name):
            return name
    return ""
