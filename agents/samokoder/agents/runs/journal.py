"""One run being done: the :class:`~samokoder.agents.runs.context.Run` its code is given."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.errors import LimitReached
from samokoder.agents.models.model import Answer, ChatRequest, Profile, Role
from samokoder.agents.runs import asking, delivering, leasing, snapshots, transitions
from samokoder.agents.runs.boundaries import boundary
from samokoder.agents.runs.current import current_step, current_task
from samokoder.agents.runs.kinds import Kind
from samokoder.agents.runs.loops import LoopDetector, Standing
from samokoder.agents.runs.order import Order
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import clock, questions, steps, tasks
from samokoder.state.runs import RunState
from samokoder.state.tasks import Planned

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine

T = TypeVar("T")

POLL = 0.5
"""Seconds between looks for an answer that another process may have written."""


@dataclass(frozen=True, slots=True)
class _Receipt:
    """A finished step; times are UTC milliseconds."""

    key: str
    agent: str
    result: bytes
    started: int
    finished: int
    task: int | None


@dataclass(eq=False)
class JournalRun:
    """A durable run; see the protocol for what each method promises."""

    engine: "Engine"
    id: str
    workspace_id: int
    order: Order
    kind: Kind
    settings: Settings
    snapshot: Snapshot
    receipts: dict[str, bytes]
    """Results of finished steps by key, read once when the run is taken up."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Placeholders of this run's redacted secrets; never stored."""
    settled: anyio.Event = field(default_factory=anyio.Event)
    """Set and replaced whenever a model call of this run is settled."""
    held: int = 0
    """Model calls of this run whose worst case is reserved."""
    exceeding: bool = False
    """Whether one of them may take more than that, its provider not honouring the limit."""
    resumed: bool = False
    """Whether an earlier process has worked on the run."""
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """Answers bought by this process, by request hash and key."""
    unsettled: list["_Receipt"] = field(default_factory=list)
    """Receipts that are not written yet."""
    time: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Ends the run when its wall time is used up."""
    tasks: dict[str, int] = field(default_factory=dict)
    """The state's numbers of the tasks of the run's plan by their keys."""
    inside: bool = False
    """Whether the run holds its place and its workspace."""
    _loops: LoopDetector = field(default_factory=LoopDetector)

    @property
    def root(self) -> Path:
        return Path(self.order.root)

    async def look(self) -> Snapshot:
        return await snapshots.look(self)

    async def step(
        self,
        key: str,
        effect: Callable[[], Awaitable[T]],
        returns: type[T],
        *,
        agent: str = "",
        pure: bool = False,
    ) -> T:
        recorded = self.receipts.get(key)
        if recorded is not None:
            return msgspec.json.decode(recorded, type=returns)
        started = clock.now_ms()
        if pure:
            value = await effect()
        else:
            value = await self._with_intent(key, effect, agent)
        boundary("step.effect")
        encoded = msgspec.json.encode(value)
        self._keep(key, agent, encoded, started)
        if not pure:
            async with self.engine.db.session() as s:
                await self.settle(s)
        boundary("step.receipt")
        return value

    async def _with_intent(self, key: str, effect: Callable[[], Awaitable[T]], agent: str) -> T:
        async with self.engine.db.session() as s:
            await self.settle(s)
            step = await steps.begin(
                s, self.id, key, kind=self.order.kind, agent=agent, task_id=self._task
            )
        boundary("step.intent")
        token = current_step.set(step.id)
        try:
            return await effect()
        finally:
            current_step.reset(token)

    async def applying(self, key: str, effect: Callable[[], Awaitable[bool]], agent: str) -> bool:
        """A step whose own record tells whether it happened: its receipt may come later."""
        recorded = self.receipts.get(key)
        if recorded is not None:
            return msgspec.json.decode(recorded, type=bool)
        started = clock.now_ms()
        value = await self._with_intent(key, effect, agent)
        encoded = msgspec.json.encode(value)
        self._keep(key, agent, encoded, started)
        return value

    def _keep(self, key: str, agent: str, encoded: bytes, started: int) -> None:
        """Have a receipt written with the run's next write."""
        receipt = _Receipt(key, agent, encoded, started, clock.now_ms(), self._task)
        self.unsettled.append(receipt)
        self.receipts[key] = encoded

    @property
    def _task(self) -> int | None:
        return self.tasks.get(current_task.get())

    async def plan(self, planned: Sequence[Planned]) -> None:
        async with self.engine.db.session() as s:
            self.tasks = await tasks.put(s, self.id, planned)

    async def settle(self, s: AsyncSession) -> None:
        """Write the receipts that wait, in a transaction that happens anyway."""
        waiting, self.unsettled = self.unsettled, []
        for one in waiting:
            await steps.note(
                s,
                self.id,
                one.key,
                one.result,
                kind=self.order.kind,
                agent=one.agent,
                task_id=one.task,
                started_at=one.started,
                finished_at=one.finished,
            )

    async def profile(self, role: Role) -> Profile | None:
        if not self.order.allow_model:
            return None
        model = await self.engine.models.model(self.root, self.settings, role)
        return model.profile if model is not None else None

    async def ask(self, role: Role, request: ChatRequest, *, key: str, agent: str = "") -> Answer:
        return await asking.ask(self, role, request, key=key, agent=agent)

    async def say(self, message: str, *, percent: int | None = None) -> None:
        await self.emit("progress", message=message, percent=percent)

    async def emit(self, kind: str, **facts: Any) -> None:
        self.engine.stream.put(kind, run_id=self.id, workspace_id=self.workspace_id, **facts)

    async def observe(self, tree: str, failing: tuple[str, ...], learned: str = "") -> None:
        self._loops.observe(Standing(tree, failing), learned)

    async def question(self, key: str, text: str, options: tuple[str, ...], default: str) -> str:
        async with self.engine.db.session() as s:
            asked = await questions.ask(s, self.id, key, text, options, default)
            if asked.answer is None and self._by_policy:
                await questions.answer(s, asked.id, default, by="policy")
        if asked.answer is not None:
            return asked.answer
        if self._by_policy:
            return default
        await self.emit("question", key=key, text=text, options=options, default=default)
        async with self.waiting(text):
            while True:
                with anyio.move_on_after(POLL):
                    await self.engine.answered(self.id)
                async with self.engine.db.reading() as s:
                    found = await questions.get(s, asked.id)
                if found is not None and found.answer is not None:
                    return found.answer

    @property
    def _by_policy(self) -> bool:
        return self.order.headless or self.settings.run.approval == "auto"

    def waiting(self, reason: str) -> "Waiting":
        """While inside, the run waits and others may have the workspace."""
        return Waiting(self, reason)

    async def deliver(
        self,
        change_set: ChangeSet,
        *,
        proven: bool,
        key: str,
        again: Callable[[ChangeSet], Awaitable[bool]] | None = None,
        agent: str = "",
    ) -> bool:
        return await delivering.deliver(
            self, change_set, proven=proven, key=key, again=again, agent=agent
        )


@dataclass
class Waiting:
    """The state ``waiting`` as a scope; the workspace's lease is given back meanwhile."""

    run: JournalRun
    reason: str
    left: float = 0.0

    async def __aenter__(self) -> None:
        run = self.run
        # time in which nobody works is not the run's
        self.left = run.time.deadline - anyio.current_time()
        run.time.deadline = math.inf
        await leasing.leave(run)
        await transitions.move(run.engine, run.id, RunState.WAITING, self.reason)

    async def __aexit__(self, *exc: object) -> None:
        run = self.run
        if exc[0] is None:
            await leasing.enter(run)
            run.time.deadline = anyio.current_time() + self.left


async def read_receipts(engine: "Engine", run_id: str) -> dict[str, bytes]:
    """Results of every finished step of a run by its key."""
    async with engine.db.reading() as s:
        finished = [step for step in await steps.listing(s, run_id) if step.finished]
        return {step.key: await steps.result(s, step) for step in finished}


def over_time(seconds: float) -> LimitReached:
    """The error of a run that used up its wall time."""
    return LimitReached(
        f"the run may take {seconds:.0f} s (budget.seconds)",
        hint="Its finished work is kept; `samokoder run resume` goes on with a new allowance.",
    )
