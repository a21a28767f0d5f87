"""Choosing the confinement: the best that really works on this machine."""

import os
from pathlib import Path

from samokoder.agents.errors import EnvironmentMissing, SandboxMissing
from samokoder.agents.sandbox import bubblewrap, process
from samokoder.agents.sandbox.bubblewrap import Bubblewrap
from samokoder.agents.sandbox.sandbox import Limits, Sandbox
from samokoder.agents.sandbox.unconfined import Unconfined
from samokoder.agents.settings import SandboxSettings

_PROBE = Limits(seconds=5.0, output=4096)

_found: Sandbox | None = None


async def choose(settings: SandboxSettings) -> Sandbox:
    """The sandbox these settings ask for.

    Raises :class:`SandboxMissing` when one is required and none works here.
    """
    if settings.mode == "off":
        return Unconfined()
    best = await best_available()
    if settings.mode == "required" and not best.confines:
        raise SandboxMissing("neither bubblewrap nor user namespaces can be used")
    return best


async def best_available() -> Sandbox:
    """Found out once per process by running a command under each kind, best first."""
    global _found
    if _found is None:
        _found = await _find()
    return _found


async def _find() -> Sandbox:
    program = bubblewrap.find()
    if program is not None and await works((program, *bubblewrap.PROBE)):
        return Bubblewrap(program)
    return Unconfined()


async def works(argv: tuple[str, ...]) -> bool:
    """True when the command can be started and succeeds."""
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    try:
        finished = await process.run(argv, cwd=Path("/"), env=env, limits=_PROBE)
    except EnvironmentMissing:
        return False
    return finished.exit_code == 0
