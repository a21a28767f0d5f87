"""The executor: commands of agents, allowed first, then run confined in a scratch copy.

A batch is one step of the run: its commands share one copy, so what the first installs the next
one finds, and after a crash all of them run again in a fresh one. Each is also a row among the
state's executions, written before it starts and finished when it has ended.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from samokoder.agents.checks.check import Check
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.errors import EnvironmentMissing, SandboxMissing
from samokoder.agents.execute import installing
from samokoder.agents.execute.command import Batch, Command, Executed, Taken
from samokoder.agents.execute.grants import Grant, grant
from samokoder.agents.execute.stream import streaming
from samokoder.agents.models.redact import scrub
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.current import current_step
from samokoder.agents.sandbox import confine
from samokoder.agents.sandbox.environment import check_environment
from samokoder.agents.sandbox.sandbox import Finished, Job, Limits, Sandbox
from samokoder.agents.sandbox.scratch import Scratch, ScratchPool
from samokoder.agents.sandbox.toolchains import installation
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import executions
from samokoder.state.database import Database

Keep = Callable[[Scratch], None]
"""What is done with a copy before it is given back. Blocking."""


@dataclass
class Executor:
    """What the process gives: warm copies, and the state (None: nothing is recorded)."""

    pool: ScratchPool
    db: Database | None = None

    async def execute(
        self,
        run: Run,
        snapshot: Snapshot,
        commands: tuple[Command, ...],
        *,
        key: str,
        known: Collection[Check] = (),
        take: tuple[str, ...] = (),
        keep: Keep | None = None,
        agent: str = "executor",
    ) -> Batch:
        """Run the commands one after the other on the snapshot; nothing of it reaches the user.

        ``known`` are the project's own checks, which the policy allows. ``take`` names files whose
        content afterwards is wanted (a lock file); ``keep`` is called with the copy at the end of
        a batch in which all went well, to move folders elsewhere. A vital command that is refused
        or fails ends the batch. Raises SandboxMissing where no sandbox is and unconfined work was
        not agreed to, EnvironmentMissing when a program cannot be started at all.
        """
        box = await confined(run)
        grants = [await grant(run, command, known) for command in commands]
        work = _Batch(self, run, box, key, commands, tuple(grants), take, keep)
        return await run.step(key, lambda: work.do(snapshot), Batch, agent=agent)

    async def again(
        self,
        run: Run,
        snapshot: Snapshot,
        commands: tuple[Command, ...],
        *,
        key: str,
        keep: Keep | None = None,
    ) -> Batch:
        """What was executed before and left nothing behind, because its process has died.

        No step of its own, so it may be part of one; nothing is asked that was answered.
        """
        box = await confined(run)
        grants = tuple([await grant(run, command) for command in commands])
        return await _Batch(self, run, box, key, commands, grants, (), keep).do(snapshot)


async def confined(run: Run) -> Sandbox:
    """The confinement for what a model wrote. Raises SandboxMissing."""
    box = await confine.choose(run.settings.sandbox)
    if not box.confines and not run.settings.sandbox.unconfined:
        raise SandboxMissing(
            "commands of agents run code that a model wrote",
            hint="Install bubblewrap, or allow it with `--unconfined`.",
        )
    return box


@dataclass
class _Batch:
    executor: Executor
    run: Run
    box: Sandbox
    key: str
    commands: tuple[Command, ...]
    grants: tuple[Grant, ...]
    take: tuple[str, ...]
    keep: Keep | None

    async def do(self, snapshot: Snapshot) -> Batch:
        async with self.executor.pool.lease(snapshot.root) as scratch:
            return await self._all(scratch, snapshot)

    async def _all(self, scratch: Scratch, snapshot: Snapshot) -> Batch:
        results: list[Executed] = []
        await scratch.load(snapshot)
        for command, granted in zip(self.commands, self.grants, strict=True):
            if granted.refused:
                results.append(Executed(command, granted.purpose, refused=granted.refused))
            else:
                results.append(await self._one(scratch, command, granted))
            if command.vital and not results[-1].ok:
                break
        taken = tuple([Taken(path, await scratch.read(path)) for path in self.take])
        batch = Batch(tuple(results), taken)
        if self.keep is not None and batch.ok:
            await to_thread.run_sync(self.keep, scratch)
        return batch

    async def _one(self, scratch: Scratch, command: Command, granted: Grant) -> Executed:
        readable = await self._readable()
        job = await to_thread.run_sync(self._job, scratch, command, granted, readable)
        number = await self._begun(command)
        executed: Executed | None = None
        try:
            async with streaming(self.run, self.key, command.text) as stream:
                there, here = str(scratch.tree), str(scratch.root)

                def tell(text: str) -> None:
                    stream.feed(text.replace(there, here))

                finished = await self.box.run(job, tell)
            executed = await to_thread.run_sync(self._receipt, scratch, command, granted, finished)
        finally:
            with anyio.CancelScope(shield=True):
                await self._ended(number, executed)
        return executed

    async def _readable(self) -> tuple[Path, ...]:
        """What makes the project's Python work, also behind the link of a virtual environment."""
        try:
            python = await find_interpreter(self.run.root, self.run.settings.check)
        except EnvironmentMissing:
            return ()
        program = Path(python.path)
        return await to_thread.run_sync(installation, program, (self.run.root,))

    def _job(
        self, scratch: Scratch, command: Command, granted: Grant, readable: tuple[Path, ...]
    ) -> Job:
        settings = self.run.settings
        env = check_environment(os.environ, scratch.home, scratch.cache)
        env |= installing.environment(os.environ, scratch.cache, network=granted.network)
        return Job(
            argv=command.argv,
            root=scratch.root,
            scratch=scratch.tree,
            cwd=command.cwd,
            env=env,
            readonly=scratch.dependencies,
            network=granted.network,
            limits=Limits(
                seconds=command.seconds or settings.execute.seconds,
                memory=settings.sandbox.memory << 20,
                processes=settings.sandbox.processes,
            ),
            tmp=scratch.tmp,
            writable=(scratch.home, scratch.out, scratch.cache),
            readable=readable,
        )

    def _receipt(
        self, scratch: Scratch, command: Command, granted: Grant, finished: Finished
    ) -> Executed:
        return Executed(
            command,
            granted.purpose,
            finished.exit_code,
            scrub(finished.output.replace(str(scratch.tree), str(scratch.root))),
            finished.seconds,
            finished.timed_out,
            finished.truncated,
            granted.network,
            self.box.name,
        )

    async def _begun(self, command: Command) -> int | None:
        if self.executor.db is None:
            return None
        async with self.executor.db.session() as s:
            return await executions.begin(
                s,
                self.run.id,
                scrub(command.text),
                cwd=command.cwd,
                confinement=self.box.name,
                step_id=current_step.get(),
            )

    async def _ended(self, number: int | None, executed: Executed | None) -> None:
        if self.executor.db is None or number is None:
            return
        async with self.executor.db.session() as s:
            await executions.finish(
                s,
                number,
                exit_code=executed.exit_code if executed is not None else None,
                output=executed.output.encode() if executed is not None else b"",
                timed_out=executed is not None and executed.timed_out,
            )
