"""What was installed for a run: once for one list of names, then lent to every copy.

The folders are made in a copy and moved beside it; later copies get a link to them. They live as
long as the run's process: after a crash they are installed anew, the grant is remembered.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from samokoder.agents.checks.check import Check
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.execute.command import Batch, Command
from samokoder.agents.execute.executor import Executor, Keep
from samokoder.agents.execute.needs import MODULES, VENV, Needs, needs_of
from samokoder.agents.repair.workshop import LocalWorkshop
from samokoder.agents.runs.context import Run
from samokoder.agents.sandbox.scratch import Scratch
from samokoder.agents.sandbox.toolchains import installation
from samokoder.agents.workspace.snapshot import Snapshot

_FOLDERS = (VENV, MODULES)


@dataclass
class Store:
    """See the module. ``installed`` are digests of what was installed in the life of the run,
    ``failed`` why others were not.
    """

    run: Run
    executor: Executor
    folder: Path
    installed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    async def install(self, tree: Snapshot, needs: Needs, *, key: str) -> str:
        """Install what is needed, asking where the policy says so; empty, or why it was not."""
        if needs.digest in self.failed:
            return self.failed[needs.digest]
        why = needs.refused or await self._installed(tree, needs, key)
        if why:
            self.failed[needs.digest] = why
            await self.run.say(f"Not installed: {why}")
        else:
            self.installed.add(needs.digest)
        return why

    async def _installed(self, tree: Snapshot, needs: Needs, key: str) -> str:
        await self.run.say(f"Installing {_some(needs)}, beside the project's copy")
        batch = await self.executor.execute(
            self.run, tree, await self._commands(needs), key=key, keep=self._keep(needs)
        )
        return _failed(batch)

    async def lay(
        self, scratch: Scratch, snapshot: Snapshot, check: Check
    ) -> tuple[Check, tuple[Path, ...]]:
        """See :class:`~samokoder.agents.repair.workshop.Equipment`."""
        needs = await needs_of(snapshot)
        if needs.digest not in self.installed:
            return check, ()
        folder = self.folder / needs.digest
        async with self._lock:
            if not await anyio.Path(folder).is_dir():
                await self._again(snapshot, needs)
        readable = await self._readable()
        return await to_thread.run_sync(_laid, folder, scratch, snapshot, check, readable)

    async def _again(self, tree: Snapshot, needs: Needs) -> None:
        """Once more in a new process."""
        batch = await self.executor.again(
            self.run, tree, await self._commands(needs), key="install", keep=self._keep(needs)
        )
        if why := _failed(batch):
            raise EnvironmentMissing(f"{_some(needs)} could not be installed again: {why}")

    async def _commands(self, needs: Needs) -> tuple[Command, ...]:
        try:
            python = (await find_interpreter(self.run.root, self.run.settings.check)).path
        except EnvironmentMissing:
            python = "python3"
        return needs.commands(python)

    async def _readable(self) -> tuple[Path, ...]:
        """What makes the Python work that the virtual environment is a link to."""
        try:
            python = await find_interpreter(self.run.root, self.run.settings.check)
        except EnvironmentMissing:
            return ()
        return await to_thread.run_sync(installation, Path(python.path), (self.run.root,))

    def _keep(self, needs: Needs) -> Keep:
        return partial(_moved, self.folder / needs.digest)


@asynccontextmanager
async def equipped(run: Run, workshop: LocalWorkshop) -> AsyncIterator[LocalWorkshop]:
    """The workshop with a store for the time of the ``async with``."""
    async with workshop.pool.folder() as folder:
        store = Store(run, Executor(workshop.pool, workshop.db), folder)
        yield replace(workshop, equipment=store)


def _some(needs: Needs) -> str:
    named = [*needs.python, *needs.node]
    return ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")


def _failed(batch: Batch) -> str:
    """Why the batch did not do all it should; empty when it did."""
    bad = next((r for r in batch.results if not r.ok), None)
    if bad is None:
        return ""
    last = bad.output.strip().splitlines()[-1:] or [f"exit code {bad.exit_code}"]
    return bad.refused or f"`{bad.command.text}` failed: {last[0][:300]}"


def _moved(folder: Path, scratch: Scratch) -> None:
    folder.mkdir(mode=0o700)
    for name in _FOLDERS:
        made = scratch.tree / name
        if made.is_dir() and not made.is_symlink():
            made.rename(folder / name)


def _laid(
    folder: Path, scratch: Scratch, snapshot: Snapshot, check: Check, readable: tuple[Path, ...]
) -> tuple[Check, tuple[Path, ...]]:
    """Link the folders into the copy, where neither the snapshot nor the workspace has one."""
    for name in _FOLDERS:
        own = name in scratch.dependencies or any(p.startswith(f"{name}/") for p in snapshot.files)
        if not own and (folder / name).is_dir():
            os.symlink(folder / name, scratch.tree / name, target_is_directory=True)
    program = f"{VENV}/bin/python" if os.name != "nt" else f"{VENV}/Scripts/python.exe"
    there = (scratch.tree / VENV).is_symlink()
    if there and Path(check.argv[0]).name.startswith("python"):
        check = replace(check, argv=(str(scratch.root / program), *check.argv[1:]))
    return check, (folder, *readable)
