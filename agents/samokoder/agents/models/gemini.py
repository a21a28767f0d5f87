"""Google's Gemini: ``streamGenerateContent`` as server-sent events."""

from collections.abc import AsyncGenerator
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

from samokoder.agents.models import attempt
from samokoder.agents.models.attempt import Piece, decode
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Profile, Usage
from samokoder.agents.models.refusals import event_refusal
from samokoder.agents.models.schemas import for_gemini
from samokoder.agents.models.sse import Event


class _Part(Struct):
    text: str | None = None
    thought: bool = False


class _Content(Struct):
    parts: list[_Part] | None = None


class _Candidate(Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None


class _Chunk(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    model_version: str | None = None
    error: Any = None


_REFUSED: Final = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"}
)


class Reader:
    """Reads one answer. There is no terminal event: the last chunk has the finish reason."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._named = False

    def read(self, event: Event) -> Piece | None:
        chunk = decode(event, _Chunk, self._endpoint)
        if chunk.error:
            raise event_refusal(
                self._endpoint.provider,
                chunk.error,
                key=self._endpoint.key,
                model=self._endpoint.model,
            )
        text, finish = "", None
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            finish = "refused"
        for candidate in (chunk.candidates or [])[:1]:
            parts = (candidate.content.parts if candidate.content else None) or []
            text = "".join(part.text or "" for part in parts if not part.thought)
            if candidate.finish_reason:
                finish = _finish(candidate.finish_reason)
        name = "" if self._named else chunk.model_version or ""
        self._named |= bool(name)
        return Piece(text, _count(chunk.usage_metadata), finish, name)


class GeminiModel:
    """A model behind the Gemini API."""

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
        name = quote(self._endpoint.model.removeprefix("models/"), safe="")
        return attempt.stream(
            self._connections,
            self._endpoint,
            f"models/{name}:streamGenerateContent?alt=sse",
            body(request),
            self._limits,
            request,
            Reader(self._endpoint),
        )

    async def aclose(self) -> None:
        """Nothing of its own: connections are the registry's."""


def body(request: ChatRequest) -> dict[str, Any]:
    """The request's body."""
    system = [{"text": m.text} for m in request.messages if m.role == "system"]
    contents = [
        {"role": "model" if m.role == "assistant" else "user", "parts": [{"text": m.text}]}
        for m in request.messages
        if m.role != "system"
    ]
    config: dict[str, Any] = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "candidateCount": 1,
    }
    if request.stop:
        config["stopSequences"] = list(request.stop)[:5]
    if request.seed is not None:
        config["seed"] = request.seed
    if request.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseSchema"] = for_gemini(request.schema)
    out: dict[str, Any] = {"contents": contents, "generationConfig": config}
    if system:
        out["systemInstruction"] = {"parts": system}
    return out


def _finish(reason: str) -> str:
    if reason == "MAX_TOKENS":
        return "length"
    return "refused" if reason in _REFUSED else "stop"


def _count(usage: _Usage | None) -> Usage | None:
    if usage is None or usage.prompt_token_count is None:
        return None
    return Usage(
        usage.prompt_token_count,
        (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        usage.cached_content_token_count or 0,
    )
