"""The shape of a command: the same function serves an LSP client and the CLI.

A command takes at most one JSON object (``args``, a strict msgspec Struct in which every field has
a default), reports progress through its :class:`Call` and returns something msgspec can encode.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from samokoder.server.service import Service


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of a command: unknown keys and wrong types are errors, never silence."""


class NoArgs(Args, frozen=True):
    """A command that takes nothing."""


class Call(Protocol):
    """One invocation of a command, by an editor or by the CLI."""

    @property
    def service(self) -> "Service":
        """The engine and everything it owns."""
        ...

    @property
    def roots(self) -> tuple[Path, ...]:
        """The caller's workspace folders, the most likely one first; the CLI's working folder."""
        ...

    @property
    def client(self) -> str | None:
        """The connection that asked; None for the CLI."""
        ...

    @property
    def cancelled_by_user(self) -> bool:
        """Whether a cancellation is somebody's wish; otherwise the editor is just leaving."""
        ...

    async def say(self, message: str, percent: int | None = None) -> None:
        """Progress for people."""
        ...

    async def choose(self, question: str, options: tuple[str, ...]) -> str | None:
        """Ask the person in front; None when nobody can be asked or nobody answered in time."""
        ...


def _as_json(result: object) -> str:
    return msgspec.json.format(msgspec.json.encode(result), indent=2).decode()


def _done(result: object) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` is ``samokoder.<noun>.<verb>`` or ``samokoder.<verb>``; ``summary`` is one line.

    ``show`` renders a result for people, ``exit_code`` says how the shell ends, ``positional``
    names the fields the shell takes without their option names. A ``bare`` command works without
    the engine, so also when the state cannot be opened; it must not touch ``call.service``.
    """

    name: str
    args: type[Args]
    run: Callable[[Call, Any], Awaitable[object]]
    summary: str
    show: Callable[[Any], str] = _as_json
    exit_code: Callable[[Any], int] = _done
    positional: tuple[str, ...] = ()
    bare: bool = False
