"""OpenAI's chat completions, which most servers speak, each with its quirks."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from samokoder.agents.models import attempt
from samokoder.agents.models.attempt import Piece, decode
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Profile, Usage
from samokoder.agents.models.refusals import event_refusal
from samokoder.agents.models.schemas import is_closed
from samokoder.agents.models.sse import Event


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a server differs from the common form."""

    limit: str = "max_tokens"
    """The name of the output limit."""
    usage_option: bool = True
    """Wants ``stream_options.include_usage`` to send usage; others send it anyway or refuse."""
    schema: Literal["schema", "object"] = "schema"
    """Binds answers to a schema, or only to some JSON object (the schema then goes into words)."""
    seed: str = "seed"
    """The name of the seed; empty where there is none."""
    prefix: bool = False
    """A last assistant message must be marked to be continued."""
    plain: bool = False
    """Takes neither temperature nor stop words (reasoning models)."""
    extra: Mapping[str, Any] | None = None
    """Sent with every request."""


class _Delta(Struct):
    content: Any = None
    refusal: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Details(Struct):
    cached_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    prompt_cache_hit_tokens: int | None = None


class _Groq(Struct):
    usage: _Usage | None = None


class _Chunk(Struct):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    x_groq: _Groq | None = None
    error: Any = None


_FINISH = {
    "stop": "stop",
    "eos": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "refused",
}


class Reader:
    """Reads one answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._model = ""
        self._refused = False

    def read(self, event: Event) -> Piece | None:
        if event.data.strip() == "[DONE]":
            return Piece(done=True)
        if not event.data.strip():
            return None
        chunk = decode(event, _Chunk, self._endpoint)
        if chunk.error or event.name == "error":
            raise event_refusal(
                self._endpoint.provider,
                chunk.error or json.loads(event.data),
                key=self._endpoint.key,
                model=self._endpoint.model,
            )
        text, finish = "", None
        for choice in (chunk.choices or [])[:1]:
            if choice.delta is not None:
                self._refused |= bool(choice.delta.refusal)
                text = _text(choice.delta.content) or choice.delta.refusal or ""
            if choice.finish_reason:
                finish = _FINISH.get(choice.finish_reason, "stop")
        if finish and self._refused:
            finish = "refused"
        said, self._model = chunk.model or "", chunk.model or self._model
        usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq else None)
        return Piece(text, _count(usage), finish, said if text or finish else "")


class OpenAIModel:
    """A model behind an OpenAI-compatible server."""

    def __init__(
        self,
        profile: Profile,
        endpoint: Endpoint,
        connections: Connections,
        limits: Limits,
        quirks: Quirks,
    ) -> None:
        self._profile = profile
        self._endpoint = endpoint
        self._connections = connections
        self._limits = limits
        self._quirks = quirks

    @property
    def profile(self) -> Profile:
        return self._profile

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """One attempt over HTTP."""
        return attempt.stream(
            self._connections,
            self._endpoint,
            "chat/completions",
            body(self._endpoint.model, request, self._quirks),
            self._limits,
            request,
            Reader(self._endpoint),
        )

    async def aclose(self) -> None:
        """Nothing of its own: connections are the registry's."""


def body(model: str, request: ChatRequest, quirks: Quirks) -> dict[str, Any]:
    """The request's body."""
    messages: list[dict[str, Any]] = [{"role": m.role, "content": m.text} for m in request.messages]
    if quirks.prefix and messages and messages[-1]["role"] == "assistant":
        messages[-1]["prefix"] = True
    out: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True,
        quirks.limit: request.max_tokens,
    }
    if quirks.usage_option:
        out["stream_options"] = {"include_usage": True}
    if not quirks.plain:
        out["temperature"] = request.temperature
        if request.stop:
            out["stop"] = list(request.stop)
    if request.seed is not None and quirks.seed:
        out[quirks.seed] = request.seed
    if request.schema is not None:
        out["response_format"] = _format(request.schema, quirks)
        if quirks.schema == "object":
            note = "Answer with one JSON object that fits this JSON Schema:\n"
            last = next((m for m in reversed(messages) if m["role"] != "assistant"), messages[-1])
            last["content"] += f"\n\n{note}{json.dumps(request.schema, ensure_ascii=False)}"
    if quirks.extra:
        out.update(quirks.extra)
    return out


def _format(schema: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    if quirks.schema == "object":
        return {"type": "json_object"}
    bound: dict[str, Any] = {"name": "answer", "schema": schema}
    if is_closed(schema):
        bound["strict"] = True
    return {"type": "json_schema", "json_schema": bound}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (p.get("text") for p in content if isinstance(p, dict) and p.get("type") == "text")
        return "".join(p for p in parts if isinstance(p, str))
    return ""


def _count(usage: _Usage | None) -> Usage | None:
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or usage.prompt_cache_hit_tokens or 0
    return Usage(usage.prompt_tokens or 0, usage.completion_tokens or 0, cached)
