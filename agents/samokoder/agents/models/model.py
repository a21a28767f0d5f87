"""The one protocol every model speaks, whatever its provider: one attempt, streamed.

Retries, budgets and the ledger are the engine's (``samokoder.agents.runs.asking``): an adapter
makes one HTTP call and raises one error of ``samokoder.agents.errors``.
"""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class Role(StrEnum):
    """What a call is for; settings map each role to a model."""

    CODER = "coder"
    REVIEWER = "reviewer"
    PLANNER = "planner"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Message:
    """``role`` is system, user or assistant (a last assistant message is a prefill)."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Messages ordered by stability, so that provider prompt caches hit."""

    messages: tuple[Message, ...]
    max_tokens: int = 1024
    temperature: float = 0.0
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def chars(self) -> int:
        return sum(len(m.text) for m in self.messages)

    def hash(self, model: str) -> str:
        """The journal's name for this call; equal calls have equal names."""
        body = msgspec.json.encode((model, self), order="deterministic")
        return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; ``estimated`` when it did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the stream: some text, or at the end the usage and the finish reason.

    Usage counts from the beginning of the call: the last one seen is the call's, also when the
    stream breaks off after it.
    """

    text: str = ""
    usage: Usage | None = None
    finish: str | None = None
    """"stop", "length" or "refused"; None while the answer goes on."""
    model: str = ""
    """What the provider says it used; empty when it did not say."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. ``model`` is what the provider said it used."""

    text: str
    model: str
    usage: Usage
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the engine must know about a model before it calls it.

    ``context`` is in tokens. ``small`` models get whole functions, others search/replace blocks.
    ``honours_limit`` says the provider never returns more than ``max_tokens``.
    ``remote`` models receive code only after the user has agreed to ``provider``.
    """

    provider: str
    name: str
    context: int = 32768
    small: bool = False
    remote: bool = True
    honours_limit: bool = True
    parallel: int = 4

    @property
    def id(self) -> str:
        return f"{self.provider}:{self.name}"


class Model(Protocol):
    """A model that can be asked."""

    @property
    def profile(self) -> Profile: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """One attempt. Closing the generator closes the socket. Raises a ModelError."""
        ...

    async def aclose(self) -> None:
        """Close connections and end child processes."""
        ...
