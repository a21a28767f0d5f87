"""The engine: takes orders, does them as durable runs, and takes up what a crash left behind.

One engine lives in a daemon or a shell command. Everything it shares with others is in the state:
who owns a run, who may write to a workspace, what was asked to end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import anyio
import msgspec
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream

from samokoder.agents.errors import InvalidInput, NotTrusted
from samokoder.agents.models.model import Model, Role
from samokoder.agents.runs import leftovers, proposals, recovery, snapshots, undoing, views, worker
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.agents.runs.order import Order, RunSummary, Used
from samokoder.agents.runs.states import RESUMABLE
from samokoder.agents.runs.stream import Stream
from samokoder.agents.runs.undoing import Selection, Taken
from samokoder.agents.runs.view import FileTexts, RunView
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.target import Editors
from samokoder.state import leases, owners, questions, runs, trusts, workspaces
from samokoder.state.database import Database
from samokoder.state.events import Event
from samokoder.state.owners import Owner
from samokoder.state.runs import FINISHED, RunState

WATCH = 0.25
"""Seconds between looks for runs that somebody asked to end, while runs are active."""

Say = Callable[[str, int | None], Awaitable[None]]


class Models(Protocol):
    """Where models come from."""

    async def model(self, root: Path, settings: Settings, role: Role) -> Model | None:
        """The model for a role in this workspace; None when none may or can be used."""
        ...


class Configure(Protocol):
    """Where a workspace's settings come from."""

    async def __call__(self, order: Order) -> Settings: ...


@dataclass
class _Doing:
    """A run this process is working on."""

    scope: anyio.CancelScope
    asked_to_end: bool = False
    answered: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)


@dataclass
class Engine:
    """See the module; open one with :func:`open_engine`."""

    db: Database
    editors: Editors
    models: Models
    configure: Configure
    kinds: Kinds
    owner: Owner
    tasks: TaskGroup
    stream: Stream
    slots: anyio.CapacityLimiter
    archive: snapshots.Archive = field(default_factory=snapshots.Archive)
    _doing: dict[str, _Doing] = field(default_factory=dict)
    _wake: anyio.Event = field(default_factory=anyio.Event)
    _attached: anyio.Event = field(default_factory=anyio.Event)
    going_down: bool = False
    """The process ends: runs are left as they are, to be taken up by the next one."""
    submitted: Callable[[Order, str], None] = lambda order, run_id: None
    """Told of every run that is ordered here, in the task that ordered it."""

    def busy(self) -> bool:
        """Whether any run is being done here."""
        return bool(self._doing)

    def doing(self, run_id: str) -> bool:
        """Whether this run is being done here."""
        return run_id in self._doing

    # -- orders ---------------------------------------------------------------------------------

    async def submit(self, order: Order) -> str:
        """Start a run; its id. InvalidInput for an unknown kind, NotTrusted without consent."""
        kind = self.kind(order.kind)
        async with self.db.session() as s:
            workspace = await workspaces.ensure(s, order.root)
            trusted = order.consent or await trusts.holds(s, workspace.id, "commands", "")
            if kind.runs_commands and not trusted:
                raise NotTrusted(
                    f"{order.kind} runs the commands of {order.root}",
                    hint="Answer the question in the editor, or pass --yes.",
                )
            run = await runs.create(
                s,
                workspace_id=workspace.id,
                kind=order.kind,
                title=order.title,
                arguments=msgspec.json.encode(order),
                client=order.client,
                owner_id=self.owner.id,
            )
        self.submitted(order, run.id)
        self._begin(run.id)
        return run.id

    def kind(self, name: str) -> Kind:
        """A kind of run; InvalidInput when there is none of that name."""
        kind = self.kinds.get(name)
        if kind is None:
            raise InvalidInput(f"there is no kind of run called {name}")
        return kind

    def _begin(self, run_id: str) -> None:
        self._doing[run_id] = _Doing(anyio.CancelScope())
        self._wake.set()
        self.tasks.start_soon(self._do, run_id)

    async def _do(self, run_id: str) -> None:
        doing = self._doing[run_id]
        try:
            await worker.do(self, run_id, doing.scope)
        finally:
            self._doing.pop(run_id, None)
            doing.ended.set()

    # -- from outside ---------------------------------------------------------------------------

    async def summary(self, run_id: str) -> RunSummary:
        """One run; a unique beginning of its id is enough. InvalidInput when there is none."""
        return await views.summary(self.db, run_id)

    async def summaries(
        self, root: Path | None, *, limit: int = 50, before: str = ""
    ) -> tuple[RunSummary, ...]:
        """Runs of a workspace (None: of all), newest first."""
        return await views.summaries(self.db, root, limit=limit, before=before)

    async def view(self, run_id: str) -> RunView:
        """Everything about one run."""
        return await views.view(self.db, (await self.summary(run_id)).id)

    async def outcome(self, run_id: str) -> tuple[RunSummary, Used, bytes | None]:
        """What came of a run: its state, its cost, its kind's own result as JSON."""
        return await views.outcome(self.db, run_id)

    async def used(self, run_id: str) -> Used:
        """What the run has cost so far."""
        return await views.used(self.db, run_id)

    async def finished(self, run_id: str, say: Say | None = None) -> RunSummary:
        """Wait for the end of a run; tells its progress."""
        await self.ended(run_id, say)
        return await self.summary(run_id)

    async def ended(self, run_id: str, say: Say | None = None) -> None:
        """As :meth:`finished`, for who reads the outcome elsewhere."""
        with self.stream.listen() as heard:
            state = (await self.summary(run_id)).state
            while state not in FINISHED and state is not RunState.PAUSED:
                # another process tells us nothing: look for ourselves
                with anyio.move_on_after(1.0 if run_id in self._doing else 0.1):
                    event = await heard.receive()
                    if event.run_id != run_id:
                        continue
                    facts = msgspec.json.decode(event.facts)
                    if event.kind == "progress" and say is not None:
                        await say(facts["message"], facts["percent"])
                    if event.kind == "state":
                        state = RunState(facts["state"])
                    continue
                state = (await self.summary(run_id)).state
            if say is not None:
                await _said(heard, run_id, say)

    async def cancel(self, run_id: str) -> RunSummary:
        """Ask a run to end, wherever it is being done, and wait until it has (at most 5 s)."""
        run = await self.summary(run_id)
        async with self.db.session() as s:
            asked = await runs.request_cancel(s, run.id)
            row = await runs.get(s, run.id)
            if asked and row is not None and (row.owner_id is None or row.state is RunState.PAUSED):
                await runs.move(
                    s, run.id, to=RunState.CANCELLED, expect=tuple(RunState), reason="cancelled"
                )
        doing = self._doing.get(run.id)
        if doing is not None:
            doing.asked_to_end = True
            doing.scope.cancel()
        with anyio.move_on_after(5.0):
            return await self.finished(run.id)
        return await self.summary(run.id)

    async def resume(self, run_id: str, flags: dict[str, str | int | float | bool]) -> str:
        """Take up a run that was interrupted, paused or stopped at a limit."""
        run = await self.summary(run_id)
        if run.id in self._doing:
            return run.id
        async with self.db.session() as s:
            await recovery.bury_dead(s)
            row = await runs.get(s, run.id)
            assert row is not None
            if row.state in RESUMABLE:
                await runs.move(s, run.id, to=RunState.QUEUED, expect=tuple(RESUMABLE))
            elif row.state in FINISHED:
                raise InvalidInput(f"run {run.id} is {row.state}; there is nothing to resume")
            if flags:
                await views.reflag(s, row, flags)
            if not await runs.claim(s, run.id, self.owner.id):
                raise InvalidInput(f"run {run.id} is being done by another process")
        self._begin(run.id)
        return run.id

    async def undo(self, run_id: str, selection: Selection, *, client: str | None) -> Taken:
        """Take back what a run has written, all of it or some."""
        run = await self.summary(run_id)
        if run.id in self._doing:
            raise InvalidInput(f"run {run.id} is still {run.state}", hint="Cancel it first.")
        return await undoing.undo(self, run.id, selection, client=client)

    async def apply(
        self, run_id: str, selection: Selection | None = None, *, client: str | None
    ) -> Taken:
        """Apply what a run has proposed, all of it or some, now and here."""
        run = await self.summary(run_id)
        return await proposals.apply(self, run.id, selection or Selection(), client=client)

    async def reject(self, run_id: str, selection: Selection, *, client: str | None) -> Taken:
        """Reject what a run has proposed, all of it or some."""
        run = await self.summary(run_id)
        return await proposals.reject(self, run.id, selection, client=client)

    async def texts(self, run_id: str, selection: Selection) -> tuple[FileTexts, ...]:
        """The files of a run's change sets before and after."""
        return await views.texts(self.db, (await self.summary(run_id)).id, selection)

    async def answer(self, run_id: str, key: str, answer: str, *, by: str) -> RunSummary:
        """Answer a question; InvalidInput when there is none or the answer is no option."""
        run = await self.summary(run_id)
        async with self.db.session() as s:
            waiting = await questions.unanswered(s, run_id=run.id)
            chosen = next((q for q in waiting if key in ("", q.key)), None)
            if chosen is None:
                raise InvalidInput(f"run {run.id} has no open question")
            text = answer or chosen.default
            if chosen.options and text not in chosen.options:
                raise InvalidInput(f"{text!r} is none of {', '.join(chosen.options)}")
            await questions.answer(s, chosen.id, text, by=by)
        doing = self._doing.get(run.id)
        if doing is not None:
            doing.answered.set()
        return await self.summary(run.id)

    async def answered(self, run_id: str) -> None:
        """Wait until somebody in this process answers a question of the run."""
        doing = self._doing[run_id]
        await doing.answered.wait()
        doing.answered = anyio.Event()

    def editor_attached(self) -> None:
        """An editor is there: runs that wait for one look again."""
        self._attached.set()
        self._attached = anyio.Event()

    @property
    def arrival(self) -> anyio.Event:
        """Set when the next editor comes; take it before looking who is there."""
        return self._attached

    # -- keeping alive --------------------------------------------------------------------------

    async def watch(self) -> None:
        """While runs are active: renew what is held, end what was asked to end."""
        turn = 0
        while True:
            if not self._doing:
                await self._wake.wait()
            self._wake = anyio.Event()
            await anyio.sleep(WATCH)
            turn += 1
            async with self.db.reading() as s:
                ending = await runs.to_cancel(s, self.owner.id)
            for run_id in ending:
                doing = self._doing.get(run_id)
                if doing is not None and not doing.asked_to_end:
                    doing.asked_to_end = True
                    doing.scope.cancel()
            if turn % 20 == 0:
                async with self.db.session() as s:
                    await owners.beat(s, self.owner.id)
                    await leases.renew(s, self.owner.id)
            if self._doing:
                self._wake.set()

    async def take_up(self) -> tuple[str, ...]:
        """Take up every run whose process is gone, and what else it left unfinished; their ids."""
        async with self.db.session() as s:
            await recovery.bury_dead(s)
            known = [run.id for run in await runs.orphans(s) if run.kind in self.kinds]
            taken = [id for id in known if await runs.claim(s, id, self.owner.id)]
        for run_id in taken:
            self.stream.put("resumed", run_id=run_id)
            self._begin(run_id)
        self.tasks.start_soon(leftovers.finish, self)
        return tuple(taken)


async def _said(heard: MemoryObjectReceiveStream[Event], run_id: str, say: Say) -> None:
    """Tell what of a run's progress was stored and not told yet."""
    while heard.statistics().current_buffer_used:
        event = heard.receive_nowait()
        if event.run_id == run_id and event.kind == "progress":
            facts = msgspec.json.decode(event.facts)
            await say(facts["message"], facts["percent"])


@asynccontextmanager
async def open_engine(
    db: Database,
    *,
    editors: Editors,
    models: Models,
    configure: Configure,
    kinds: Kinds,
    parallel: int,
) -> AsyncIterator[Engine]:
    """An engine working on this state; leaving interrupts its runs without ending them."""
    async with db.session() as s:
        owner = await owners.register(s)
    async with anyio.create_task_group() as tasks:
        stream = Stream(db)
        engine = Engine(
            db=db,
            editors=editors,
            models=models,
            configure=configure,
            kinds=kinds,
            owner=owner,
            tasks=tasks,
            stream=stream,
            slots=anyio.CapacityLimiter(parallel),
        )
        tasks.start_soon(stream.pump)
        tasks.start_soon(engine.watch)
        try:
            yield engine
        finally:
            engine.going_down = True
            tasks.cancel_scope.cancel()
    with anyio.CancelScope(shield=True):
        async with db.session() as s:
            await owners.bury(s, owner.id)
