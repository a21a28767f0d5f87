"""The Agent Client Protocol, version 1: what we read of it, and the values we send.

What a client sends is read leniently: unknown members and kinds of content are no error.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from samokoder.server.uris import path_of

VERSION = 1

NOT_FOUND = -32002
"""Error code: a session or file that is not there."""

ToolKind = Literal["edit", "execute", "search", "read", "think", "other"]
Status = Literal["pending", "in_progress", "completed", "failed"]


class _Read(msgspec.Struct, frozen=True, rename="camel"):
    """Params of a request; unknown members are left out."""


class FileSystem(_Read, frozen=True):
    read_text_file: bool = False
    write_text_file: bool = False


class ClientCapabilities(_Read, frozen=True):
    fs: FileSystem = FileSystem()


class ClientInfo(_Read, frozen=True):
    name: str = ""
    title: str | None = None


class Initialize(_Read, frozen=True):
    protocol_version: int = VERSION
    client_capabilities: ClientCapabilities | None = None
    client_info: ClientInfo | None = None


class NewSession(_Read, frozen=True):
    cwd: str


class LoadSession(_Read, frozen=True):
    session_id: str
    cwd: str


class OneSession(_Read, frozen=True):
    session_id: str


class SetMode(_Read, frozen=True):
    session_id: str
    mode_id: str


class Prompt(_Read, frozen=True):
    session_id: str
    prompt: list[dict[str, Any]]


class Withdrawn(_Read, frozen=True):
    request_id: int | str


class Permission(_Read, frozen=True):
    """The client's answer; ``outcome`` is ``selected`` or ``cancelled``."""

    outcome: dict[str, Any]

    @property
    def option(self) -> str | None:
        """The option that was selected."""
        chosen = self.outcome.get("optionId")
        return chosen if isinstance(chosen, str) else None


class FileText(_Read, frozen=True):
    content: str


def words(blocks: Sequence[dict[str, Any]]) -> str:
    """What the user typed."""
    found = [b.get("text") for b in blocks if b.get("type") == "text"]
    return "\n".join(text for text in found if isinstance(text, str))


def mentioned(blocks: Sequence[dict[str, Any]]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The files that were mentioned, and texts that came along and belong to no file."""
    files: list[Path] = []
    pasted: list[str] = []
    for block in blocks:
        inner = block.get("resource")
        resource = inner if isinstance(inner, dict) else block
        uri, text = resource.get("uri"), resource.get("text")
        path = path_of(uri) if isinstance(uri, str) and block.get("type") != "text" else None
        if path is not None:
            files.append(path)
        elif isinstance(inner, dict) and isinstance(text, str):
            pasted.append(text)
    return tuple(dict.fromkeys(files)), tuple(pasted)


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


def said(words: str) -> dict[str, Any]:
    """Part of the agent's message."""
    return {"sessionUpdate": "agent_message_chunk", "content": text(words)}


def heard(words: str) -> dict[str, Any]:
    """Part of what the user said, when a session is loaded."""
    return {"sessionUpdate": "user_message_chunk", "content": text(words)}


def content(words: str) -> dict[str, Any]:
    """Text inside a tool call."""
    return {"type": "content", "content": text(words)}


def diff(path: Path, before: str | None, after: str) -> dict[str, Any]:
    """A change of a file inside a tool call; ``before`` None: the file is new."""
    return {"type": "diff", "path": str(path), "oldText": before, "newText": after}


def begun(id: str, title: str, kind: ToolKind, raw: Any = None) -> dict[str, Any]:
    """A tool call begins."""
    return {
        "sessionUpdate": "tool_call",
        "toolCallId": id,
        "title": title,
        "kind": kind,
        "status": "in_progress",
        **({"rawInput": raw} if raw is not None else {}),
    }


def went_on(id: str, **members: Any) -> dict[str, Any]:
    """Something changed about a tool call."""
    return {"sessionUpdate": "tool_call_update", "toolCallId": id, **members}


def plan(entries: Sequence[tuple[str, Status]]) -> dict[str, Any]:
    """The whole plan, each entry with where it stands."""
    shown = [
        {"content": words, "priority": "medium", "status": status} for words, status in entries
    ]
    return {"sessionUpdate": "plan", "entries": shown}


def commands(offered: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """The slash commands: name, description, hint at what may follow."""
    shown = [
        {"name": name, "description": description, **({"input": {"hint": hint}} if hint else {})}
        for name, description, hint in offered
    ]
    return {"sessionUpdate": "available_commands_update", "availableCommands": shown}
