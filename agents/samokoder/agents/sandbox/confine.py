"""Choosing the confinement: the best that really works on this machine."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread

from samokoder.agents.errors import EnvironmentMissing, SandboxMissing
from samokoder.agents.sandbox import bubblewrap, namespaces, process, seatbelt
from samokoder.agents.sandbox.bubblewrap import Bubblewrap
from samokoder.agents.sandbox.namespaces import Namespaces
from samokoder.agents.sandbox.sandbox import Limits, Sandbox
from samokoder.agents.sandbox.seatbelt import Seatbelt
from samokoder.agents.sandbox.unconfined import Unconfined
from samokoder.agents.settings import SandboxSettings

_PROBE = Limits(seconds=20.0, output=4096)
"""Long: what a busy moment cuts short would be taken for missing as long as the process lives."""

_found: tuple[Sandbox, ...] | None = None


async def choose(settings: SandboxSettings) -> Sandbox:
    """The sandbox these settings ask for.

    Raises :class:`SandboxMissing` when one is required and none works here.
    """
    if settings.mode == "off":
        return Unconfined()
    best = (await all_available())[0]
    if settings.mode == "required" and not best.confines:
        raise SandboxMissing("neither bubblewrap nor user namespaces can be used")
    return best


async def all_available() -> tuple[Sandbox, ...]:
    """Every kind that works here, best first, the last one being none at all.

    Found out once per process by running a command under each.
    """
    global _found
    if _found is None:
        _found = tuple([sandbox async for sandbox in _find()])
    return _found


async def _find() -> AsyncIterator[Sandbox]:
    if sys.platform == "linux":
        program = await to_thread.run_sync(bubblewrap.find)
        if program is not None and await works((program, *bubblewrap.PROBE)):
            yield Bubblewrap(program)
        if await works(namespaces.probe()):
            yield Namespaces()
    elif sys.platform == "darwin" and await works(seatbelt.PROBE):
        yield Seatbelt()
    yield Unconfined()


async def works(argv: tuple[str, ...]) -> bool:
    """True when the command can be started and succeeds."""
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    try:
        finished = await process.run(argv, cwd=Path("/"), env=env, limits=_PROBE)
    except EnvironmentMissing:
        return False
    return finished.exit_code == 0
