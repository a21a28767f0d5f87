"""The Model Context Protocol: what we read of it, and the values we send."""

from typing import Any

import msgspec

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Revisions that begin with ``initialize``, oldest to newest."""
ELICITS = "2025-06-18"
"""The first revision in which a server can ask the person."""


class _Read(msgspec.Struct, frozen=True, rename="camel"):
    """Params of a request; unknown members are left out."""


class Initialize(_Read, frozen=True):
    protocol_version: str
    capabilities: dict[str, Any] = {}


class CallTool(_Read, frozen=True):
    name: str
    arguments: dict[str, Any] | None = None
    meta: dict[str, Any] | None = msgspec.field(default=None, name="_meta")

    @property
    def token(self) -> int | str | None:
        """The progress token; None when nobody wants to hear of progress."""
        token = (self.meta or {}).get("progressToken")
        return token if isinstance(token, int | str) else None


class Cancelled(_Read, frozen=True):
    request_id: int | str


class Root(_Read, frozen=True):
    uri: str


class Roots(_Read, frozen=True):
    roots: tuple[Root, ...] = ()


class Elicited(_Read, frozen=True):
    """The person's answer; ``action`` is accept, decline or cancel."""

    action: str
    content: dict[str, Any] | None = None


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


def failed(words: str) -> dict[str, Any]:
    """The result of a tool call that did not work, for the agent to read."""
    return {"content": [text(words)], "isError": True}


def choice(question: str, options: tuple[str, ...]) -> dict[str, Any]:
    """Params of an elicitation: one option of several."""
    answer = {"type": "string", "title": "Answer", "enum": list(options)}
    return {
        "message": question,
        "requestedSchema": {
            "type": "object",
            "properties": {"answer": answer},
            "required": ["answer"],
        },
    }
