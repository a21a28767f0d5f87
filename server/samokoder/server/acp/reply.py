"""What a command brought, in the words the shell has for it."""

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from samokoder.server.acp import wire
from samokoder.server.client import RequestFailed
from samokoder.server.commands.command import Command

MAX_TEXT = 20_000
"""Characters of a result that are shown."""


def shown(command: Command, result: Any) -> str:
    """The result as the shell would print it, as a block of text."""
    try:
        kind = typing.get_type_hints(command.run)["return"]
        text = command.show(msgspec.convert(result, kind))
    except (msgspec.ValidationError, NameError, KeyError, TypeError):
        text = msgspec.json.format(msgspec.json.encode(result), indent=2).decode()
    return fenced(text.rstrip())


def fenced(text: str) -> str:
    """Text as it is, in Markdown; nothing in it can end the fence."""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT} characters more"
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}\n"


def failed(error: RequestFailed) -> str:
    """Why a command failed, and what to do next."""
    data = error.data if isinstance(error.data, dict) else {}
    hint = str(data.get("hint") or "")
    words = str(error)
    return words if not hint or hint in words else f"{words} {hint}"


def diffs(root: Path, files: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a tool call shows of a change set: each file before and after."""
    content: list[dict[str, Any]] = []
    for file in files:
        path = root / (file.get("new_path") or file["path"])
        if file.get("binary"):
            content.append(wire.content(f"{path} is not text; it is not shown."))
        elif file["after"] is None:
            content.append(wire.diff(path, file["before"], ""))
        elif file["before"] != file["after"]:
            content.append(wire.diff(path, file["before"], file["after"]))
        if file.get("new_path"):
            content.append(wire.content(f"{file['path']} becomes {file['new_path']}"))
    return content
