"""A run without a database: the journal is a dictionary, models are given, nothing is applied.

For benchmarks, tests and one-off scripts. What is delivered is kept in ``delivered``; the calls
that were made are in ``asked``.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from samokoder.agents.errors import LimitReached, ModelError, ModelMissing, ModelUnavailable
from samokoder.agents.models.model import Answer, ChatRequest, Model, Profile, Role, Usage
from samokoder.agents.runs.loops import LoopDetector, Standing
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.tasks import Planned

T = TypeVar("T")


@dataclass
class DirectRun:
    """Implements :class:`samokoder.agents.runs.context.Run`."""

    snapshot: Snapshot
    settings: Settings = field(default_factory=Settings)
    models: Mapping[Role, Model] = field(default_factory=dict)
    id: str = "direct"
    journal: dict[str, bytes] = field(default_factory=dict)
    """Receipts of steps by key, JSON. Give the same one again to see a run resumed."""
    asked: list[tuple[str, ChatRequest]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    delivered: list[tuple[ChangeSet, bool]] = field(default_factory=list)
    planned: tuple[Planned, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model_seconds: float = 0.0
    _loops: LoopDetector = field(default_factory=LoopDetector)

    @property
    def root(self) -> Path:
        return self.snapshot.root

    async def look(self) -> Snapshot:
        return self.snapshot

    async def step(
        self,
        key: str,
        effect: Callable[[], Awaitable[T]],
        returns: type[T],
        *,
        agent: str = "",
        pure: bool = False,
    ) -> T:
        if key not in self.journal:
            self.journal[key] = msgspec.json.encode(await effect())
        return msgspec.json.decode(self.journal[key], type=returns)

    async def profile(self, role: Role) -> Profile | None:
        model = self.models.get(role) or self.models.get(Role.CODER)
        return model.profile if model is not None else None

    async def ask(self, role: Role, request: ChatRequest, *, key: str, agent: str = "") -> Answer:
        model = self.models.get(role) or self.models.get(Role.CODER)
        if model is None:
            raise ModelMissing(role.value)
        recorded = self.journal.get(f"ask/{key}")
        if recorded is not None:
            return msgspec.json.decode(recorded, type=Answer)
        budget = self.settings.budget
        if len(self.asked) >= budget.calls:
            raise LimitReached(f"{budget.calls} model calls")
        if self.usage.input_tokens + self.usage.output_tokens >= budget.tokens:
            raise LimitReached(f"{budget.tokens} tokens")
        started = time.monotonic()
        for attempt in range(self.settings.model.attempts):
            self.asked.append((key, request))
            try:
                answer = await _once(model, request)
                break
            except ModelUnavailable:
                if attempt + 1 == self.settings.model.attempts:
                    raise
        else:
            raise ModelError("no attempt was allowed")
        self.model_seconds += time.monotonic() - started
        self.usage = Usage(
            self.usage.input_tokens + answer.usage.input_tokens,
            self.usage.output_tokens + answer.usage.output_tokens,
        )
        self.journal[f"ask/{key}"] = msgspec.json.encode(answer)
        return answer

    async def say(self, message: str, *, percent: int | None = None) -> None:
        self.said.append(message)

    async def emit(self, kind: str, **facts: Any) -> None:
        self.events.append((kind, facts))

    async def observe(self, tree: str, failing: tuple[str, ...], learned: str = "") -> None:
        self._loops.observe(Standing(tree, failing), learned)

    async def plan(self, planned: Sequence[Planned]) -> None:
        self.planned = tuple(planned)

    async def question(self, key: str, text: str, options: tuple[str, ...], default: str) -> str:
        return default

    async def deliver(
        self,
        change_set: ChangeSet,
        *,
        proven: bool,
        key: str,
        again: Callable[[ChangeSet], Awaitable[bool]] | None = None,
        agent: str = "",
    ) -> bool:
        self.delivered.append((change_set, proven))
        return False


async def _once(model: Model, request: ChatRequest) -> Answer:
    parts: list[str] = []
    usage, finish = Usage(), "stop"
    stream = model.stream(request)
    try:
        async for delta in stream:
            parts.append(delta.text)
            usage = delta.usage or usage
            finish = delta.finish or finish
    finally:
        await stream.aclose()
    return Answer("".join(parts), model.profile.name, usage, finish)
