"""The wire formats of the three dialects, from the server's side: for the scripted server.

Written from the providers' documentation and apart from the adapters on purpose: were both made
from one table, contract tests would prove nothing.
"""

from typing import Any, Final, Literal, Protocol

import msgspec

from samokoder.agents.models.model import ChatRequest, Message, Usage

Dialect = Literal["openai", "anthropic", "gemini"]


class Wire(Protocol):
    """One answer in one dialect. Each method gives (event name or "", JSON data)."""

    def opening(self, usage: Usage | None) -> list[tuple[str, Any]]: ...

    def piece(self, text: str) -> list[tuple[str, Any]]: ...

    def closing(self, usage: Usage | None, finish: str) -> list[tuple[str, Any]]: ...

    def error(self, status: int, message: str) -> tuple[str, Any]: ...

    def whole(self, text: str, usage: Usage, finish: str) -> Any: ...


class OpenAI:
    """Chat completions."""

    def __init__(self, model: str, *, usage: bool = True, bound: bool = False) -> None:
        self._model = model
        self._usage = usage

    def opening(self, usage: Usage | None) -> list[tuple[str, Any]]:
        return [("", self._chunk({"role": "assistant", "content": ""}))]

    def piece(self, text: str) -> list[tuple[str, Any]]:
        return [("", self._chunk({"content": text}))]

    def closing(self, usage: Usage | None, finish: str) -> list[tuple[str, Any]]:
        reason = {"refused": "content_filter"}.get(finish, finish)
        out: list[tuple[str, Any]] = [("", self._chunk({}, reason))]
        if usage is not None and self._usage:
            out.append(("", {**self._head(), "choices": [], "usage": self._spent(usage)}))
        return [*out, ("", None)]

    def error(self, status: int, message: str) -> tuple[str, Any]:
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return "", {"error": {"message": message, "type": kind, "param": None, "code": status}}

    def whole(self, text: str, usage: Usage, finish: str) -> Any:
        return {
            **self._head("chat.completion"),
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": finish,
                }
            ],
            "usage": self._spent(usage),
        }

    def _head(self, kind: str = "chat.completion.chunk") -> dict[str, Any]:
        return {"id": "chatcmpl-scripted", "object": kind, "created": 0, "model": self._model}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head(), "choices": [choice]}

    @staticmethod
    def _spent(usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        }


class Anthropic:
    """Messages. A bound answer comes as the input of a tool."""

    def __init__(self, model: str, *, usage: bool = True, bound: bool = False) -> None:
        self._model = model
        self._bound = bound

    def opening(self, usage: Usage | None) -> list[tuple[str, Any]]:
        block: dict[str, Any] = {"type": "text", "text": ""}
        if self._bound:
            block = {"type": "tool_use", "id": "toolu_scripted", "name": "answer", "input": {}}
        message: dict[str, Any] = {
            "id": "msg_scripted",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }
        if usage is not None:
            message["usage"] = {**self._asked(usage), "output_tokens": 1}
        start = {"type": "content_block_start", "index": 0, "content_block": block}
        return [
            ("message_start", {"type": "message_start", "message": message}),
            ("content_block_start", start),
            ("ping", {"type": "ping"}),
        ]

    def piece(self, text: str) -> list[tuple[str, Any]]:
        delta = {"type": "text_delta", "text": text}
        if self._bound:
            delta = {"type": "input_json_delta", "partial_json": text}
        event = {"type": "content_block_delta", "index": 0, "delta": delta}
        return [("content_block_delta", event)]

    def closing(self, usage: Usage | None, finish: str) -> list[tuple[str, Any]]:
        reason = self._reason(finish)
        last: dict[str, Any] = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
        }
        if usage is not None:
            last["usage"] = {"output_tokens": usage.output_tokens}
        return [
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            ("message_delta", last),
            ("message_stop", {"type": "message_stop"}),
        ]

    def error(self, status: int, message: str) -> tuple[str, Any]:
        kinds = {
            401: "authentication_error",
            403: "permission_error",
            404: "not_found_error",
            413: "request_too_large",
            429: "rate_limit_error",
            500: "api_error",
            529: "overloaded_error",
        }
        kind = kinds.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return "error", {"type": "error", "error": {"type": kind, "message": message}}

    def whole(self, text: str, usage: Usage, finish: str) -> Any:
        block: dict[str, Any] = {"type": "text", "text": text}
        if self._bound:
            block = {"type": "tool_use", "id": "toolu_scripted", "name": "answer"}
            block["input"] = msgspec.json.decode(text)
        return {
            "id": "msg_scripted",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [block],
            "stop_reason": self._reason(finish),
            "usage": {**self._asked(usage), "output_tokens": usage.output_tokens},
        }

    def _reason(self, finish: str) -> str:
        done = "tool_use" if self._bound else "end_turn"
        return {"stop": done, "length": "max_tokens", "refused": "refusal"}[finish]

    @staticmethod
    def _asked(usage: Usage) -> dict[str, Any]:
        return {
            "input_tokens": usage.input_tokens - usage.cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached_tokens,
        }


class Gemini:
    """``streamGenerateContent``."""

    def __init__(self, model: str, *, usage: bool = True, bound: bool = False) -> None:
        self._model = model

    def opening(self, usage: Usage | None) -> list[tuple[str, Any]]:
        return []

    def piece(self, text: str) -> list[tuple[str, Any]]:
        content = {"parts": [{"text": text}], "role": "model"}
        return [("", self._head({"content": content, "index": 0}))]

    def closing(self, usage: Usage | None, finish: str) -> list[tuple[str, Any]]:
        return [("", self.whole("", usage, finish))]

    def error(self, status: int, message: str) -> tuple[str, Any]:
        names = {
            400: "INVALID_ARGUMENT",
            401: "UNAUTHENTICATED",
            403: "PERMISSION_DENIED",
            404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED",
            500: "INTERNAL",
            503: "UNAVAILABLE",
        }
        named = names.get(status, "UNKNOWN")
        return "", {"error": {"code": status, "message": message, "status": named}}

    def whole(self, text: str, usage: Usage | None, finish: str) -> Any:
        reason = {"stop": "STOP", "length": "MAX_TOKENS", "refused": "SAFETY"}[finish]
        content = {"parts": [{"text": text}], "role": "model"}
        out = self._head({"content": content, "finishReason": reason, "index": 0})
        if usage is not None:
            out["usageMetadata"] = {
                "promptTokenCount": usage.input_tokens,
                "candidatesTokenCount": usage.output_tokens,
                "cachedContentTokenCount": usage.cached_tokens,
                "totalTokenCount": usage.input_tokens + usage.output_tokens,
            }
        return out

    def _head(self, candidate: dict[str, Any]) -> dict[str, Any]:
        return {"candidates": [candidate], "modelVersion": self._model}


WIRES: Final[dict[str, type[OpenAI | Anthropic | Gemini]]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "gemini": Gemini,
}


class Asked(msgspec.Struct, frozen=True):
    """A request as the server understood it."""

    dialect: Dialect
    model: str
    chat: ChatRequest
    streams: bool
    usage: bool = True
    """Usage in the stream was asked for."""


def parse(path: str, body: dict[str, Any]) -> Asked | None:
    """The request of a POST; None for an unknown path. KeyError and TypeError: not the format."""
    path, _, query = path.partition("?")
    if path.endswith("/chat/completions"):
        return _openai(body)
    if path.endswith("/messages"):
        return _anthropic(body)
    verb = path.rpartition(":")[2]
    if "/models/" in path and verb in ("streamGenerateContent", "generateContent"):
        model = path.rpartition("/models/")[2].rpartition(":")[0]
        return _gemini(body, model, verb.startswith("stream") and "alt=sse" in query)
    return None


def _openai(body: dict[str, Any]) -> Asked:
    bound = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if bound is None and body.get("response_format", {}).get("type") == "json_object":
        bound = {"type": "object"}
    return Asked(
        "openai",
        body["model"],
        ChatRequest(
            tuple(Message(m["role"], _plain(m["content"])) for m in body["messages"]),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 1 << 20,
            temperature=body.get("temperature", 1.0),
            schema=bound,
            stop=tuple(body.get("stop") or ()),
            seed=body.get("seed", body.get("random_seed")),
        ),
        body.get("stream", False),
        bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _anthropic(body: dict[str, Any]) -> Asked:
    system = body.get("system") or []
    blocks = [{"text": system}] if isinstance(system, str) else system
    choice = body.get("tool_choice", {})
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools", ())}
    return Asked(
        "anthropic",
        body["model"],
        ChatRequest(
            (
                *(Message("system", block["text"]) for block in blocks),
                *(Message(m["role"], _plain(m["content"])) for m in body["messages"]),
            ),
            max_tokens=body["max_tokens"],
            temperature=body.get("temperature", 1.0),
            schema=tools[choice["name"]] if choice.get("type") == "tool" else None,
            stop=tuple(body.get("stop_sequences") or ()),
        ),
        body.get("stream", False),
    )


def _gemini(body: dict[str, Any], model: str, streams: bool) -> Asked:
    config = body.get("generationConfig", {})
    system = (body.get("systemInstruction") or {}).get("parts", ())
    roles = {"model": "assistant", "user": "user"}
    return Asked(
        "gemini",
        model,
        ChatRequest(
            (
                *(Message("system", part["text"]) for part in system),
                *(
                    Message(roles[c.get("role", "user")], "".join(p["text"] for p in c["parts"]))
                    for c in body["contents"]
                ),
            ),
            max_tokens=config.get("maxOutputTokens") or 1 << 20,
            temperature=config.get("temperature", 1.0),
            schema=config.get("responseSchema"),
            stop=tuple(config.get("stopSequences") or ()),
            seed=config.get("seed"),
        ),
        streams,
    )


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content)
