"""``workspace/executeCommand``: strict arguments in, plain JSON out."""

import difflib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types

from samokoder.agents.errors import InvalidInput
from samokoder.server.commands.command import Args, Command
from samokoder.server.progress import Progress
from samokoder.server.protocol import Request, current_request

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

log = logging.getLogger(__name__)


class EditorCall:
    """One invocation of a command by an editor."""

    def __init__(
        self, connection: "Connection", service: Any, request: Request, progress: Progress
    ) -> None:
        self._connection = connection
        self._service = service
        self._request = request
        self._progress = progress

    @property
    def service(self) -> Any:
        """The engine and everything it owns; None for a bare command."""
        return self._service

    @property
    def connection(self) -> "Connection":
        """The editor that asked."""
        return self._connection

    @property
    def roots(self) -> tuple[Path, ...]:
        """The editor's workspace folders, in its order."""
        return self._connection.roots

    @property
    def client(self) -> str | None:
        """The connection that asked."""
        return self._connection.id

    @property
    def cancelled_by_user(self) -> bool:
        """Whether a cancellation is the user's wish; otherwise the editor is just leaving."""
        return self._request.by_user

    async def say(self, message: str, percent: int | None = None) -> None:
        """Progress for people."""
        await self._progress.say(message, percent)

    async def choose(self, question: str, options: tuple[str, ...]) -> str | None:
        """Ask the person in front; None when nobody answered in time."""
        if not self._connection.capabilities.ask_user:
            return None
        return await self._connection.notices.choose(question, options)


class Dispatch:
    """Finds the command, checks its arguments, runs it for one connection."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def execute(self, params: types.ExecuteCommandParams) -> Any:
        """Run one command; its result as plain JSON."""
        connection = self._connection
        request = current_request.get() or Request(0)
        token = params.work_done_token
        if token is not None:
            connection.progress.add(token, request)  # at once: the user may cancel at once
        try:
            return await self._executed(params, request)
        finally:
            if token is not None:
                connection.progress.remove(token)

    async def _executed(self, params: types.ExecuteCommandParams, request: Request) -> Any:
        connection = self._connection
        command = find(await connection.host.commands(), params.command)
        args = arguments(command, params.arguments)
        progress = Progress(
            command.summary,
            request,
            params.work_done_token,
            connection.capabilities,
            connection.protocol,
            connection.progress,
            connection.notices,
        )
        try:
            service = None if command.bare else await connection.host.engine()
            call = EditorCall(connection, service, request, progress)
            result = await command.run(call, args)
        finally:
            progress.end()
        return msgspec.to_builtins(result, enc_hook=_plain)


def find(commands: Any, name: str) -> Command:
    """The command of this name; InvalidInput with the nearest one otherwise."""
    command = commands.get(name)
    if isinstance(command, Command):
        return command
    raise InvalidInput(f"there is no command {name}", hint=_nearest(name, list(commands)))


def arguments(command: Command, given: Any) -> Args:
    """The command's arguments from what the client sent: nothing, null, or one object."""
    values = list(given or ())
    if len(values) > 1:
        raise InvalidInput(f"{command.name} takes one object, not {len(values)} arguments")
    value = values[0] if values else None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise InvalidInput(f"{command.name} takes one object, not a value of type {kind}")
    known = [field.encode_name for field in msgspec.structs.fields(command.args)]
    for key in value:
        if key not in known:
            raise InvalidInput(f"{command.name} has no argument {key}", hint=_nearest(key, known))
    try:
        return msgspec.convert(value, command.args, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{command.name}: {error}") from None


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known: {', '.join(sorted(known))}." if known else "It takes no arguments."


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")
