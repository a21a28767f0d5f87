"""Anthropic's Messages: typed events, prompt caching by marks, schemas through a forced tool."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from msgspec import Struct

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models import attempt
from samokoder.agents.models.attempt import Piece, decode
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Profile, Usage
from samokoder.agents.models.refusals import event_refusal
from samokoder.agents.models.sse import Event

VERSION: Final = "2023-06-01"
"""Value of the header ``anthropic-version``."""

TOOL: Final = "answer"

_CACHE: Final = {"type": "ephemeral"}


class _Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(Struct):
    model: str | None = None
    usage: _Usage | None = None


class _Delta(Struct):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(Struct):
    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Any = None


_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class Reader:
    """Reads one answer; ``bound`` answers are the input of the forced tool."""

    def __init__(self, endpoint: Endpoint, *, bound: bool) -> None:
        self._endpoint = endpoint
        self._bound = bound
        self._input = 0
        self._cached = 0
        self._output = 0

    def read(self, event: Event) -> Piece | None:
        said = decode(event, _Event, self._endpoint)
        match said.type:
            case "error":
                raise event_refusal(
                    self._endpoint.provider,
                    said.error,
                    key=self._endpoint.key,
                    model=self._endpoint.model,
                )
            case "message_start" if said.message is not None:
                return Piece(usage=self._count(said.message.usage), model=said.message.model or "")
            case "content_block_delta" if said.delta is not None:
                wanted = said.delta.partial_json if self._bound else said.delta.text
                return Piece(wanted or "")
            case "message_delta":
                reason = said.delta.stop_reason if said.delta else None
                finish = _FINISH.get(reason, "stop") if reason else None
                return Piece(usage=self._count(said.usage), finish=finish)
            case "message_stop":
                return Piece(done=True)
            case _:
                return None

    def _count(self, usage: _Usage | None) -> Usage | None:
        """Counts are cumulative; later events repeat some fields and leave out others."""
        if usage is None:
            return None
        if usage.input_tokens is not None:
            self._cached = usage.cache_read_input_tokens or 0
            written = usage.cache_creation_input_tokens or 0
            self._input = usage.input_tokens + self._cached + written
        if usage.output_tokens is not None:
            self._output = usage.output_tokens
        return Usage(self._input, self._output, self._cached)


class AnthropicModel:
    """A model behind Anthropic's Messages."""

    def __init__(
        self, profile: Profile, endpoint: Endpoint, connections: Connections, limits: Limits
    ) -> None:
        self._profile = profile
        self._endpoint = endpoint
        self._connections = connections
        self._limits = limits

    @property
    def profile(self) -> Profile:
        return self._profile

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """One attempt over HTTP."""
        return attempt.stream(
            self._connections,
            self._endpoint,
            "messages",
            body(self._endpoint.model, request),
            self._limits,
            request,
            Reader(self._endpoint, bound=request.schema is not None),
        )

    async def aclose(self) -> None:
        """Nothing of its own: connections are the registry's."""


def body(model: str, request: ChatRequest) -> dict[str, Any]:
    """The request's body; what comes before the last message is marked for the cache."""
    system: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    for message in request.messages:
        block = {"type": "text", "text": message.text}
        if message.role == "system" and not messages:
            system.append(block)
            continue
        role = "assistant" if message.role == "assistant" else "user"
        messages.append({"role": role, "content": [block]})
    if messages and messages[-1]["role"] == "assistant":
        prefill = messages[-1]["content"][0]
        prefill["text"] = prefill["text"].rstrip()  # trailing white space is refused
    stable = messages[-2]["content"][-1] if len(messages) > 1 else None
    for marked in (system[-1] if system else None, stable):
        if marked is not None:
            marked["cache_control"] = _CACHE
    out: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        "temperature": min(request.temperature, 1.0),
        "stream": True,
    }
    if system:
        out["system"] = system
    stop = [word for word in request.stop if word.strip()]  # blank ones are refused
    if stop:
        out["stop_sequences"] = stop
    if request.schema is not None:
        if request.schema.get("type") != "object":
            raise InvalidInput("an answer's schema must describe an object")
        out["tools"] = [
            {
                "name": TOOL,
                "description": "Give the answer in this form.",
                "input_schema": request.schema,
            }
        ]
        out["tool_choice"] = {
            "type": "tool",
            "name": TOOL,
            "disable_parallel_tool_use": True,
        }
    return out
