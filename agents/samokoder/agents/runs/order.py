"""What is asked of the engine, and how a run looks from outside."""

from typing import Literal

import msgspec

from samokoder.state.runs import RunState

Origin = Literal["editor", "shell"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One run to do. It is stored as it is, so a run can be taken up again after a crash.

    ``params`` is the kind's own request, encoded as JSON. ``flags`` are settings of this run alone
    (``{"budget.tokens": 5000}``). A run from the shell may write to the disk where nothing is open;
    one from an editor waits for an editor to be attached. ``headless`` answers questions by policy.
    """

    kind: str
    root: str
    title: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    origin: Origin = "editor"
    headless: bool = False
    consent: bool = False
    """The user agreed to this run's commands, for this run alone."""
    allow_model: bool = True
    flags: dict[str, str | int | float | bool] = {}
    client: str = ""


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has cost. ``micros`` are millionths of a US dollar; None: a price is unknown."""

    calls: int = 0
    failed_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    micros: int | None = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line in a list of runs. Times are seconds since the epoch."""

    id: str
    kind: str
    title: str
    root: str
    state: RunState
    reason: str = ""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
