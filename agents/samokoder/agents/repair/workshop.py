"""Where candidates are tried: scratch copies that hold a snapshot, with commands run in them."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import anyio
from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.checks.run import run_check
from samokoder.agents.sandbox import confine
from samokoder.agents.sandbox.environment import check_environment
from samokoder.agents.sandbox.sandbox import Finished, Job, Limits, Sandbox
from samokoder.agents.sandbox.scratch import Scratch, ScratchPool
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.database import Database
from samokoder.state.errors import SamokoderError

_PARALLEL = 4
"""Checks of one snapshot at the same time, each in a copy of its own."""


class Bench(Protocol):
    """A scratch copy of one's own that holds a snapshot; commands see it as the workspace."""

    @property
    def root(self) -> str:
        """The workspace's path as commands see it."""
        ...

    async def run(self, argv: tuple[str, ...], *, cwd: str = "", seconds: float = 60.0) -> Finished:
        """Run a command in the sandbox."""
        ...

    async def put(self, name: str, data: bytes) -> str:
        """Lay a file beside the copy; returns its path, also as the commands see it."""
        ...

    async def take(self, name: str) -> bytes:
        """A file beside the copy that a command wrote; empty when it did not."""
        ...

    async def read(self, path: str) -> bytes | None:
        """A file of the copy as commands left it; None when it is not there."""
        ...


class Workshop(Protocol):
    """Runs checks on snapshots and hands out benches."""

    @property
    def sandbox(self) -> str:
        """The confinement's name, for receipts."""
        ...

    @property
    def confines(self) -> bool:
        """Whether what runs here cannot reach the user's files and the network."""
        ...

    async def check(self, snapshot: Snapshot, checks: tuple[Check, ...]) -> tuple[CheckResult, ...]:
        """All checks, each in a fresh state of a copy; results in the order of the checks."""
        ...

    def bench(self, snapshot: Snapshot) -> AbstractAsyncContextManager[Bench]:
        """A bench for the time of the ``async with``."""
        ...


@dataclass
class LocalBench:
    """See :class:`Bench`."""

    scratch: Scratch
    box: Sandbox
    settings: Settings

    async def run(self, argv: tuple[str, ...], *, cwd: str = "", seconds: float = 60.0) -> Finished:
        env = await to_thread.run_sync(
            check_environment, os.environ, self.scratch.home, self.scratch.cache
        )
        limits = Limits(
            seconds=seconds,
            memory=self.settings.sandbox.memory << 20,
            processes=self.settings.sandbox.processes,
        )
        job = Job(
            argv=argv,
            root=self.scratch.root,
            scratch=self.scratch.tree,
            cwd=cwd,
            env=env,
            readonly=self.scratch.dependencies,
            limits=limits,
            tmp=self.scratch.tmp,
            writable=(self.scratch.home, self.scratch.out, self.scratch.cache),
        )
        return await self.box.run(job)

    @property
    def root(self) -> str:
        """The workspace's path as commands see it."""
        return str(self.scratch.root if self.box.confines else self.scratch.tree)

    async def put(self, name: str, data: bytes) -> str:
        path = self.scratch.out / name
        await anyio.Path(path).write_bytes(data)
        return str(path)

    async def take(self, name: str) -> bytes:
        return await to_thread.run_sync(_taken, self.scratch.out / name)

    async def read(self, path: str) -> bytes | None:
        return await self.scratch.read(path)


def _taken(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""


class Equipment(Protocol):
    """What checks find in a copy beside the snapshot's files."""

    async def lay(
        self, scratch: Scratch, snapshot: Snapshot, check: Check
    ) -> tuple[Check, tuple[Path, ...]]:
        """Lay it into a loaded copy: the check as it runs there, folders it has to see."""
        ...


@dataclass
class LocalWorkshop:
    """See :class:`Workshop`; the copies come from a pool and stay warm.

    ``db`` is where commands of agents are recorded; None: nowhere.
    """

    pool: ScratchPool
    box: Sandbox
    settings: Settings
    db: Database | None = None
    equipment: Equipment | None = None

    @property
    def sandbox(self) -> str:
        return self.box.name

    @property
    def confines(self) -> bool:
        return self.box.confines

    async def check(self, snapshot: Snapshot, checks: tuple[Check, ...]) -> tuple[CheckResult, ...]:
        results: dict[int, CheckResult] = {}
        errors: list[SamokoderError] = []
        limiter = anyio.CapacityLimiter(_PARALLEL)

        async def one(i: int, check: Check) -> None:
            async with limiter, self.pool.lease(snapshot.root) as scratch:
                try:
                    results[i] = await self._one(check, snapshot, scratch)
                except SamokoderError as error:
                    errors.append(error)

        if len(checks) == 1:
            await one(0, checks[0])
        else:
            async with anyio.create_task_group() as group:
                for i, check in enumerate(checks):
                    group.start_soon(one, i, check)
        if errors:
            raise errors[0]
        return tuple(results[i] for i in range(len(checks)))

    async def _one(self, check: Check, snapshot: Snapshot, scratch: Scratch) -> CheckResult:
        own, readable = check, tuple[Path, ...]()
        if self.equipment is not None:
            await scratch.load(snapshot)
            own, readable = await self.equipment.lay(scratch, snapshot, check)
        result = await run_check(
            own,
            snapshot,
            scratch=scratch,
            sandbox=self.box,
            settings=self.settings,
            loaded=self.equipment is not None,
            readable=readable,
        )
        return replace(result, check=check)

    @asynccontextmanager
    async def bench(self, snapshot: Snapshot) -> AsyncIterator[Bench]:
        async with self.pool.lease(snapshot.root) as scratch:
            await scratch.load(snapshot)
            yield LocalBench(scratch, self.box, self.settings)


@dataclass
class Tools:
    """What fixing and checking need of the process they run in: the warm copies, the state."""

    pool: ScratchPool
    db: Database | None = None

    async def workshop(self, settings: Settings) -> LocalWorkshop:
        """Raises SandboxMissing when the settings require what is not there."""
        box = await confine.choose(settings.sandbox)
        return LocalWorkshop(self.pool, box, settings, self.db)
