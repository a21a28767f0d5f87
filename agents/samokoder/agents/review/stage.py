"""The part of a review that asks models: its seam, and what it tells about itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import anyio

from samokoder.agents.review.request import ReviewRequest

if TYPE_CHECKING:
    from samokoder.agents.review.session import Session


@dataclass(frozen=True, slots=True)
class Stage:
    """What asking cost. ``complete``: all of the scope was looked at by a model.

    ``seconds`` is wall time in which at least one answer was waited for.
    """

    complete: bool = False
    model: str = ""
    tokens: int = 0
    calls: int = 0
    hunks: int = 0
    cached: int = 0
    refuted: int = 0
    seconds: float = 0.0
    limited: bool = False
    notes: tuple[str, ...] = ()


class Opinions(Protocol):
    """Whoever has opinions about code."""

    async def ask(
        self, work: "Session", request: ReviewRequest, ready: anyio.Event, sent: anyio.Event
    ) -> Stage:
        """Look at the target and hand findings to the session as they come.

        ``ready`` is set once everything that needs no model was kept, which begins when this sets
        ``sent``: the first questions are on their way, or there are none. Raises nothing for a
        model that fails or a budget that ends: that is in the notes.
        """
        ...
