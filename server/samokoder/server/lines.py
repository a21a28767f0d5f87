"""JSON-RPC, one message a line: what the protocols between agents speak over standard streams.

Whatever comes in gets the one answer it is owed; requests run side by side, each in a scope of its
own that a cancellation ends. Requests to the other side never wait longer than they may.
"""

import asyncio
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import anyio
import msgspec
from anyio.abc import TaskGroup

from samokoder.server import pumps
from samokoder.server.writer import Writer
from samokoder.state.errors import SamokoderError

log = logging.getLogger(__name__)

MAX_LINE = 64 << 20
"""Bytes one message may have."""
MAX_RUNNING = 200
"""Requests that may be worked on at the same time."""
FLUSH_SECONDS = 0.5
"""How long the other side may take to read what is left for it."""
_CHUNK = 1 << 16

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_CANCELLED = -32800

Id = int | str


class Refused(Exception):
    """An error answer, ours or the other side's."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Asked:
    """A request of the other side that is being worked on."""

    __slots__ = ("cancelled", "id", "scope", "silent")

    def __init__(self, id: Id) -> None:
        self.id = id
        self.scope = anyio.CancelScope()
        self.cancelled = False
        self.silent = False

    def cancel(self, *, silent: bool = False) -> None:
        """End the work; ``silent``: no answer is expected any more."""
        self.cancelled, self.silent = True, silent
        self.scope.cancel()


current: ContextVar[Asked | None] = ContextVar("current", default=None)
"""The request this task works on."""


class Lines:
    """One conversation. ``serve`` answers a request or raises :class:`Refused`; ``heard`` takes a
    notification, at once and in order.
    """

    tasks: TaskGroup

    def __init__(
        self,
        reader: asyncio.StreamReader,
        stream: asyncio.StreamWriter,
        serve: Callable[[str, Any], Awaitable[Any]],
        heard: Callable[[str, Any], None],
    ) -> None:
        self._reader, self._serve, self._heard = reader, serve, heard
        self._over = anyio.Event()
        self._writer = Writer(stream, self._over.set, framed=_line)
        self._running: dict[Id, Asked] = {}
        self._awaited: dict[Id, asyncio.Future[Any]] = {}
        self._next = 0

    async def run(self, leaving: Callable[[], None]) -> None:
        """Talk until the other side has nothing more to say, then let go of everything.

        ``leaving`` is called before what is still being worked on is ended.
        """
        async with anyio.create_task_group() as tasks:
            self.tasks = tasks
            tasks.start_soon(self._read)
            await self._over.wait()
            leaving()
            tasks.cancel_scope.cancel()
        await self._writer.close(b"", FLUSH_SECONDS)

    async def _read(self) -> None:
        rest = bytearray()
        try:
            while chunk := await self._reader.read(_CHUNK):
                rest += chunk
                *lines, tail = bytes(rest).split(b"\n") if b"\n" in chunk else [bytes(rest)]
                rest = bytearray(tail) if lines else rest
                for line in lines:
                    if line.strip():
                        self._feed(line)
                if len(rest) > MAX_LINE:
                    self._refuse(None, Refused(INVALID_REQUEST, "The message is too long."))
                    return
        except OSError as error:
            log.info("the other side is gone: %s", error)
        finally:
            self._over.set()

    def _feed(self, line: bytes) -> None:
        try:
            data = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            self._refuse(None, Refused(PARSE_ERROR, f"This is not JSON: {error}"))
            return
        if not isinstance(data, dict):
            self._refuse(None, Refused(INVALID_REQUEST, "A message is one JSON object."))
            return
        method, id = data.get("method"), _id(data)
        if isinstance(method, str) and "id" not in data:
            self._notified(method, data.get("params"))
        elif id is None:
            self._refuse(None, Refused(INVALID_REQUEST, "An id is a number or a string."))
        elif isinstance(method, str):
            self._requested(id, method, data.get("params"))
        elif "result" in data or "error" in data:
            self._answered(id, data)
        else:
            self._refuse(id, Refused(INVALID_REQUEST, "Neither a request nor a response."))

    def _notified(self, method: str, params: Any) -> None:
        try:
            self._heard(method, params)
        except (Refused, msgspec.ValidationError) as error:
            log.info("%s ignored: %s", method, error)

    def _requested(self, id: Id, method: str, params: Any) -> None:
        if id in self._running:
            self._refuse(id, Refused(INVALID_REQUEST, f"The id {id!r} is in use."))
        elif len(self._running) >= MAX_RUNNING:
            self._refuse(id, Refused(INTERNAL_ERROR, "Too many requests at once."))
        else:
            asked = self._running[id] = Asked(id)
            self.tasks.start_soon(self._work, asked, method, params)

    async def _work(self, asked: Asked, method: str, params: Any) -> None:
        current.set(asked)
        answer: dict[str, Any] | None = None
        try:
            with asked.scope:
                try:
                    answer = {"result": await self._serve(method, params)}
                except (Refused, msgspec.ValidationError, SamokoderError) as error:
                    answer = {"error": _error(method, error)}
                except Exception as error:  # each request is answered, whatever happened
                    log.exception("%s failed", method)
                    answer = {"error": _error(method, error)}
        finally:
            del self._running[asked.id]
        if answer is None:
            words = {"code": REQUEST_CANCELLED, "message": "The request was cancelled."}
            answer = {"error": words}
        if not asked.silent:
            self._send({"jsonrpc": "2.0", "id": asked.id, **answer})

    def _answered(self, id: Id, data: dict[str, Any]) -> None:
        future = self._awaited.pop(id, None)
        if future is None or future.done():
            return
        error = data.get("error")
        if error is None:
            future.set_result(data.get("result"))
            return
        known = error if isinstance(error, dict) else {}
        message = str(known.get("message") or error)
        code = known.get("code")
        future.set_exception(Refused(code if isinstance(code, int) else INTERNAL_ERROR, message))

    def cancel(self, id: Any, *, silent: bool = False) -> None:
        """End the work on a request; an unknown one is none of our business."""
        asked = self._running.get(id) if isinstance(id, int | str) else None
        if asked is not None:
            asked.cancel(silent=silent)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def ask(
        self, method: str, params: Any, seconds: float, *, withdraw: str, member: str
    ) -> Any:
        """Send a request and wait at most ``seconds`` for its result, as decoded JSON.

        Who stops waiting says so with the notification ``withdraw``, the id in its ``member``.
        Raises :class:`Refused`, TimeoutError.
        """
        self._next += 1
        id = self._next
        future = self._awaited[id] = asyncio.get_running_loop().create_future()
        self._send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        try:
            with anyio.fail_after(seconds):
                return await future
        except (TimeoutError, anyio.get_cancelled_exc_class()):
            self.notify(withdraw, {member: id})
            raise
        finally:
            self._awaited.pop(id, None)

    def _refuse(self, id: Id | None, error: Refused) -> None:
        words = {"code": error.code, "message": error.message}
        self._send({"jsonrpc": "2.0", "id": id, "error": words})

    def _send(self, message: dict[str, Any]) -> None:
        self._writer.send(msgspec.json.encode(message))


def _id(data: dict[str, Any]) -> Id | None:
    id = data.get("id")
    return id if isinstance(id, int | str) and not isinstance(id, bool) else None


def _line(body: bytes) -> bytes:
    # JSON of msgspec has no bare line feed; a zero byte cannot be in it either
    return body + b"\n"


def _error(method: str, error: Exception) -> dict[str, Any]:
    if isinstance(error, Refused):
        facts: dict[str, Any] = {"code": error.code, "message": error.message}
        return facts if error.data is None else {**facts, "data": error.data}
    if isinstance(error, msgspec.ValidationError):
        return {"code": INVALID_PARAMS, "message": f"The params of {method} do not fit: {error}"}
    if isinstance(error, SamokoderError):
        data = {"code": error.code, "hint": error.hint, "exit_code": error.exit_code}
        return {"code": INTERNAL_ERROR, "message": str(error), "data": data}
    hint = "Please report it with the output of `samokoder doctor`."
    message = f"Something went wrong inside Samokoder ({type(error).__name__}). {hint}"
    return {"code": INTERNAL_ERROR, "message": message}


def over_stdio(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> int:
    """Hold a conversation over stdin and stdout; does not return, the process ends with it.

    Two threads copy between the pipes and a socket pair, so the loop never blocks on a pipe.
    """
    ours, theirs = socket.socketpair()
    stdin, stdout = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # a stray print must not get into the protocol
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # nor may a child read from it
    os.close(null)
    threading.Thread(target=pumps.editor_to_daemon, args=(stdin, ours), daemon=True).start()
    out = threading.Thread(target=pumps.daemon_to_editor, args=(ours, stdout), daemon=True)
    out.start()

    async def main() -> None:
        reader, writer = await asyncio.open_connection(sock=theirs)
        await talk(reader, writer)

    anyio.run(main)
    out.join(1.0)
    sys.stderr.flush()
    os._exit(0)  # the interpreter's own end takes longer than some clients wait
