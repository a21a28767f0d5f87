"""What a run's code may do. Every effect goes through here, so every effect is journalled.

A run is a plain coroutine over a :class:`Run`. After a crash it is called again from its first
line: a step whose receipt is in the journal returns its recorded result without running, a model
call whose answer was journalled is not repeated, so the code must be deterministic between steps
(no clock, no randomness, no reading of the workspace outside a step).
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from samokoder.agents.models.model import Answer, ChatRequest, Profile, Role
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.tasks import Planned

T = TypeVar("T")


class Run(Protocol):
    """One durable run."""

    @property
    def id(self) -> str: ...

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        ...

    @property
    def settings(self) -> Settings: ...

    @property
    def snapshot(self) -> Snapshot:
        """The workspace as it was when the run began, the same after a crash."""
        ...

    async def look(self) -> Snapshot:
        """The workspace as the user sees it now; its contents are kept. Only inside a step: what
        the code does next must follow from the step's own result.
        """
        ...

    async def step(
        self,
        key: str,
        effect: Callable[[], Awaitable[T]],
        returns: type[T],
        *,
        agent: str = "",
        pure: bool = False,
    ) -> T:
        """Run ``effect`` once in the life of the run. ``key`` is unique in the run.

        ``pure``: it changes nothing outside (a check in a scratch copy), so its receipt may be
        written together with the run's next write; lost in a crash, the step simply runs again.

        ``returns`` is a type msgspec can encode (frozen dataclasses, tuples, str, int, None …).
        Exceptions are not journalled: a step that raised runs again on resume.
        """
        ...

    async def profile(self, role: Role) -> Profile | None:
        """The model that would answer for this role; None when none may be used in this run."""
        ...

    async def ask(self, role: Role, request: ChatRequest, *, key: str, agent: str = "") -> Answer:
        """One answer, paid from the run's budget, retried where that helps, in the ledger.

        Raises ModelMissing, LimitReached (before anything is spent) or a ModelError.
        """
        ...

    async def say(self, message: str, *, percent: int | None = None) -> None:
        """Progress for people, in plain words; also an event of the run."""
        ...

    async def emit(self, kind: str, **facts: Any) -> None:
        """A structured event of the run (see docs/protocol.md)."""
        ...

    async def plan(self, planned: Sequence[Planned]) -> None:
        """Show what the run's plan is and how far each task of it is; told again, it replaces what
        was told. Steps taken inside :func:`current.working_on` belong to a task.
        """
        ...

    async def question(self, key: str, text: str, options: tuple[str, ...], default: str) -> str:
        """Ask the user; waits, also over restarts. Headless runs answer by policy (default)."""
        ...

    async def observe(self, tree: str, failing: tuple[str, ...], learned: str = "") -> None:
        """Tell the loop detector where the run stands: the tree's hash, what fails, what is new.

        Raises LimitReached, naming the repeated state, when nothing new was seen for too long.
        """
        ...

    async def deliver(
        self,
        change_set: ChangeSet,
        *,
        proven: bool,
        key: str,
        again: Callable[[ChangeSet], Awaitable[bool]] | None = None,
        agent: str = "",
    ) -> bool:
        """Record the change set and, when it is proven and the policy lets it, apply it to the
        user's workspace, merging three ways. False when it stays proposed. Raises Conflict.

        ``again`` proves what would really be written when it had to be merged with what the user
        typed meanwhile; what it refuses is not written. ``agent`` is whose work it is, for
        ``run undo --agent``.
        """
        ...
