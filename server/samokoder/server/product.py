"""What a server serves: the names of its commands at once, everything heavy only when it is wanted.

An editor that starts the daemon has its answer to ``initialize`` before the engine is imported.
"""

import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from samokoder.server.commands.command import Command
from samokoder.server.engine import Engine, OpenEngine

if TYPE_CHECKING:
    from samokoder.server.host import Host

NAMES = (
    "samokoder.fix",
    "samokoder.check",
    "samokoder.hunt",
    "samokoder.diagnostics",
    "samokoder.review",
    "samokoder.finding.list",
    "samokoder.finding.dismiss",
    "samokoder.finding.export",
    "samokoder.explain",
    "samokoder.generate",
    "samokoder.plan",
    "samokoder.new",
    "samokoder.preview.start",
    "samokoder.preview.stop",
    "samokoder.preview.status",
    "samokoder.preview.logs",
    "samokoder.run.list",
    "samokoder.run.show",
    "samokoder.run.cancel",
    "samokoder.run.resume",
    "samokoder.run.answer",
    "samokoder.run.apply",
    "samokoder.run.reject",
    "samokoder.run.diff",
    "samokoder.run.undo",
    "samokoder.run.restore",
    "samokoder.trust",
    "samokoder.model.list",
    "samokoder.model.status",
    "samokoder.model.key",
    "samokoder.model.pull",
    "samokoder.model.use",
    "samokoder.model.remove",
    "samokoder.usage",
    "samokoder.state.gc",
    "samokoder.state.backup",
    "samokoder.state.verify",
    "samokoder.state.restore",
    "samokoder.state.purge",
    "samokoder.daemon.status",
    "samokoder.daemon.stop",
    "samokoder.doctor",
)
"""The commands of ``commands.registry``; a test compares the two."""


@dataclass(frozen=True, slots=True)
class Product:
    """``load`` gives the commands by name; it may import for half a second, so not on the loop."""

    names: tuple[str, ...]
    load: Callable[[], Mapping[str, Command]]
    open_engine: OpenEngine


def given(commands: Mapping[str, Command], open_engine: OpenEngine) -> Product:
    """A product of commands that are there already."""
    return Product(tuple(commands), lambda: commands, open_engine)


def samokoder() -> Product:
    """This product."""
    return Product(NAMES, _load, _open_engine)


def _load() -> Mapping[str, Command]:
    commands: Mapping[str, Command] = _module("samokoder.server.commands.registry").COMMANDS
    return commands


@asynccontextmanager
async def _open_engine(host: "Host") -> AsyncIterator[Engine]:
    service = await run_sync(_module, "samokoder.server.service")
    async with service.open_engine(host) as engine:
        yield engine


def _module(name: str) -> Any:
    return importlib.import_module(name)
