"""Finding a project's checks from its files. Nothing of the project is run to find them."""

from samokoder.agents.checks.check import Check
from samokoder.agents.checks.command import from_command
from samokoder.agents.checks.detect.compiled import compiled_checks, make_checks
from samokoder.agents.checks.detect.javascript import javascript_checks
from samokoder.agents.checks.detect.project import Project
from samokoder.agents.checks.detect.python import python_checks
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot

__all__ = ["detect"]

_TESTS = frozenset({"pytest", "unittest", "vitest", "jest", "node", "go", "cargo", "java"})


async def detect(snapshot: Snapshot, settings: Settings) -> tuple[Check, ...]:
    """The checks of this workspace, cheap ones first; ``check.commands`` replaces them all.

    Raises EnvironmentMissing when Python tests are there but no Python that works.
    """
    if settings.check.commands:
        return tuple(
            from_command(text, origin="settings", timeout=settings.check.timeout)
            for text in settings.check.commands
        )
    project = Project(snapshot, settings.check)
    found = [
        *await python_checks(project),
        *await javascript_checks(project),
        *await compiled_checks(project),
    ]
    if not any(check.kind in _TESTS for check in found):
        found += await make_checks(project)
    order = ("ruff", "eslint", "gcc", "tsc", "mypy", "pyright")
    ranked = sorted(
        enumerate(found),
        key=lambda pair: (
            order.index(pair[1].kind) if pair[1].kind in order else len(order),
            pair[0],
        ),
    )
    return tuple(check for _, check in ranked)
