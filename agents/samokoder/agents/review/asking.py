"""Questions of a review to models: asked once, remembered by what was asked, counted."""

import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from samokoder.agents.models.model import Answer, ChatRequest, Profile, Role
from samokoder.agents.review.shelf import Shelf
from samokoder.agents.runs.context import Run

VERSION = "1"
"""Raised when prompts change: what was said about hunks before does not hold any more."""


@dataclass
class Ledger:
    """Asks in the name of one run. ``seconds`` is time in which an answer was waited for."""

    run: Run
    shelf: Shelf
    profile: Profile
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    _waiting: int = 0
    _since: float = 0.0

    async def ask(self, request: ChatRequest, key: str) -> Answer:
        """One answer. Raises LimitReached or a ModelError."""
        async with self._timed():
            answer = await self.run.ask(Role.REVIEWER, request, key=key, agent="reviewer")
        self.calls += 1
        self.tokens += answer.usage.input_tokens + answer.usage.output_tokens
        return answer

    def key(self, *parts: str) -> bytes:
        """The name of a question: everything its answer depends on."""
        text = "\0".join((VERSION, self.profile.id, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    async def recall(self, name: str, keys: Sequence[bytes]) -> Mapping[str, str]:
        """What is known already, by the key in hexadecimal; the same after a crash."""

        async def look() -> dict[str, str]:
            found = await self.shelf.answers(keys)
            return {key.hex(): answer.decode() for key, answer in found.items()}

        return await self.run.step(f"recall/{name}", look, dict[str, str], pure=True)

    async def remember(self, name: str, said: Mapping[bytes, tuple[str, int]]) -> None:
        """Keep answers with the tokens they took."""

        async def keep() -> bool:
            stored = {key: (text.encode(), tokens) for key, (text, tokens) in said.items()}
            await self.shelf.remember(self.run.root, stored)
            return True

        if said:
            await self.run.step(f"remember/{name}", keep, bool, pure=True)

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.seconds += time.monotonic() - self._since
