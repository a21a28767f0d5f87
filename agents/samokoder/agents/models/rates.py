"""A provider's rate limits, kept by ourselves and fair among runs.

In no 60 seconds do more requests or tokens begin than allowed, and never more calls at once than
``parallel``. Waiting runs take turns; within a run the first come is the first served.
"""

from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio

WINDOW: Final = 60.0
"""Seconds of a provider's minute."""

TELLING: Final = 0.5
"""Seconds by which a wait must have grown to be told again."""

Told = Callable[[float], Awaitable[None]]


@dataclass(eq=False)
class Place:
    """A place among the calls. ``settle`` says what the call really took."""

    tokens: int
    begun: float

    def settle(self, tokens: int) -> None:
        """Give back what was reserved and not used."""
        self.tokens = tokens


@dataclass(eq=False)
class _Waiter:
    tokens: int
    ready: anyio.Event = field(default_factory=anyio.Event)
    place: Place | None = None
    told: float = 0.0
    """When the wait ends, as last told."""


class Limiter:
    """The limits of one provider. 0 means no limit of that kind."""

    def __init__(
        self, *, requests_per_minute: int = 0, tokens_per_minute: int = 0, parallel: int = 4
    ) -> None:
        self.requests = requests_per_minute
        self.tokens = tokens_per_minute
        self.parallel = parallel
        self._active = 0
        self._recent: deque[Place] = deque()
        self._queues: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    @asynccontextmanager
    async def place(
        self, run: str, *, tokens: int = 0, waiting: Told | None = None
    ) -> AsyncIterator[Place]:
        """Wait for a place, hold it during the block. ``waiting`` hears the seconds left, once
        for every wait whose end is known.
        """
        waiter = _Waiter(tokens)
        self._queues.setdefault(run, deque()).append(waiter)
        try:
            self._admit()
            while waiter.place is None:
                await self._pause(waiter, waiting)
        except BaseException:  # cancelled too: nobody may wait behind a place that is not taken
            self._leave(run, waiter)
            raise
        try:
            yield waiter.place
        finally:
            self._active -= 1
            self._admit()

    def wait(self, tokens: int = 0) -> float:
        """Seconds until a call of that size may begin, parallel calls aside."""
        now = anyio.current_time()
        self._forget(now)
        left = 0.0
        if self.requests and len(self._recent) >= self.requests:
            left = self._recent[-self.requests].begun + WINDOW - now
        if self.tokens:
            free = self.tokens - sum(place.tokens for place in self._recent)
            for place in self._recent:
                if free >= min(tokens, self.tokens):
                    break
                free += place.tokens
                left = max(left, place.begun + WINDOW - now)
        return max(0.0, left)

    async def _pause(self, waiter: _Waiter, waiting: Told | None) -> None:
        left = self.wait(waiter.tokens)
        until = anyio.current_time() + left
        if left > 0 and waiting is not None and until > waiter.told + TELLING:
            waiter.told = until
            await waiting(left)
            left = self.wait(waiter.tokens)
        with anyio.move_on_after(left if left > 0 else None):
            await waiter.ready.wait()
        self._admit()

    def _admit(self) -> None:
        """Let in whoever's turn it is, run after run."""
        while self._queues and self._active < self.parallel:
            run, queue = next(iter(self._queues.items()))
            waiter = queue[0]
            if self.wait(waiter.tokens) > 0:
                return
            queue.popleft()
            self._queues.move_to_end(run)
            if not queue:
                del self._queues[run]
            waiter.place = Place(waiter.tokens, anyio.current_time())
            self._recent.append(waiter.place)
            self._active += 1
            waiter.ready.set()

    def _leave(self, run: str, waiter: _Waiter) -> None:
        if waiter.place is not None:
            self._active -= 1
            self._recent.remove(waiter.place)
        else:
            queue = self._queues[run]
            queue.remove(waiter)
            if not queue:
                del self._queues[run]
        self._admit()

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0].begun + WINDOW <= now:
            self._recent.popleft()


_limiters: dict[str, Limiter] = {}


def limiter(
    provider: str, *, requests_per_minute: int = 0, tokens_per_minute: int = 0, parallel: int = 4
) -> Limiter:
    """The limiter of a provider, shared by all runs of this process; the last limits given hold."""
    found = _limiters.setdefault(provider, Limiter())
    found.requests = requests_per_minute
    found.tokens = tokens_per_minute
    found.parallel = parallel
    return found
