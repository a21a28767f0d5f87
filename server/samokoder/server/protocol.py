"""JSON-RPC with one client: pygls' protocol object, with every path made to end in one answer.

What differs from the base class, and why:

- messages are structured once, at the top level, so a nested "jsonrpc" key is just data;
- whatever cannot be understood is answered with the error the specification names for it;
- each request with an asynchronous handler is a task with a cancel scope: cancelling stops the
  work, and the answer is sent by the one place that waits for the handler;
- the life cycle (before initialize, twice, after shutdown) is enforced;
- requests to the client have a time-out.
"""

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from enum import Enum
from functools import cache, partial
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup
from cattrs import Converter, transform_error
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound
from pygls.protocol import default_converter
from pygls.protocol.json_rpc import JsonRPCProtocol

from samokoder.server.failures import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_INITIALIZED,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    ClientRefused,
    ClientSilent,
    Malformed,
    error_object,
)
from samokoder.state.errors import SamokoderError

log = logging.getLogger(__name__)
logging.getLogger("pygls").setLevel(logging.WARNING)  # it reports every handler of every client

MAX_RUNNING = 500
"""Requests of one client that may be worked on at the same time."""

MessageId = int | str
Handler = Callable[[Any], Any]


class Peer(Protocol):
    """Who the protocol speaks for."""

    name: str
    version: str


class Stage(Enum):
    """Where the connection is in its life."""

    NEW = "new"
    INITIALIZED = "initialized"
    SHUT_DOWN = "shut down"


class Request:
    """A request that is being worked on."""

    __slots__ = ("by_user", "done", "id", "scope")

    def __init__(self, id: MessageId) -> None:
        self.id = id
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()
        self.by_user = False
        """The user asked to stop; otherwise the client is leaving and durable work goes on."""

    def cancel(self, *, by_user: bool) -> None:
        """Stop the work; the answer is sent where the handler is waited for."""
        self.by_user = self.by_user or by_user
        self.scope.cancel()


current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)


@cache
def converter() -> Converter:
    """One converter for all connections: generating its functions costs a tenth of a second."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]
    return made


class ClientProtocol(JsonRPCProtocol):
    """The conversation with one client."""

    def __init__(self, peer: Peer, tasks: TaskGroup, send: Callable[[bytes], None]) -> None:
        super().__init__(peer, converter())  # type: ignore[arg-type]
        self.stage = Stage.NEW
        self._tasks = tasks
        self._send = send
        self._raw: set[str] = set()
        self._running: dict[MessageId, Request] = {}
        self._awaited: dict[MessageId, asyncio.Future[Any]] = {}
        self._next_id = 0

    def on(self, method: str, handler: Handler, *, raw: bool = False) -> None:
        """Register a handler: a plain function is called at once and in order, a coroutine
        function runs as a task. ``raw`` hands over the params as decoded JSON, unchecked.
        """
        self.fm.add_builtin_feature(method, handler)
        if raw:
            self._raw.add(method)

    def get_message_type(self, method: str) -> type[Any] | None:
        """The lsprotocol class of a method's message."""
        entry = types.METHOD_TO_TYPES.get(method)
        return entry[0] if entry else None

    def get_result_type(self, method: str) -> type[Any] | None:
        """The lsprotocol class of the answer to a method; None for a notification."""
        entry = types.METHOD_TO_TYPES.get(method)
        return entry[1] if entry else None

    # From the client

    def feed(self, body: bytes) -> None:
        """Take one message; whatever it is, it gets the answer it is owed."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self.refuse(None, Malformed(PARSE_ERROR, f"This is not JSON: {error}"))
            return
        if not isinstance(data, dict):
            self._refuse_form(None, "A message is one JSON object.")
            return
        method, message_id = data.get("method"), _id_of(data)
        if data.get("jsonrpc") != self.VERSION:
            self._refuse_form(message_id, 'A message says "jsonrpc": "2.0".')
        elif isinstance(method, str) and "id" not in data:
            self._notification(method, data)
        elif message_id is None:
            self._refuse_form(None, "An id is a number or a string.")
        elif isinstance(method, str):
            self._request(message_id, method, data)
        elif method is None and ("result" in data or "error" in data):
            self._response(message_id, data)
        else:
            self._refuse_form(message_id, "A message is a request, a notification or a response.")

    def _refuse_form(self, message_id: MessageId | None, why: str) -> None:
        self.refuse(message_id, Malformed(INVALID_REQUEST, why))

    def refuse(self, message_id: MessageId | None, error: BaseException) -> None:
        """Answer with an error."""
        self._send_data({"jsonrpc": "2.0", "id": message_id, "error": error_object(error)})

    def _request(self, id: MessageId, method: str, data: dict[str, Any]) -> None:
        try:
            self._check_stage(method)
            if id in self._running:
                raise Malformed(INVALID_REQUEST, f"The id {id!r} is in use.")
            handler = self._get_handler(method)
            params = self._params(method, data)
        except JsonRpcMethodNotFound:
            self.refuse(id, Malformed(METHOD_NOT_FOUND, f"Unknown method: {method}"))
            return
        except Malformed as error:
            self.refuse(id, error)
            return
        if inspect.iscoroutinefunction(handler):
            if len(self._running) >= MAX_RUNNING:
                self.refuse(id, Malformed(REQUEST_FAILED, "Too many requests at once."))
                return
            request = self._running[id] = Request(id)
            self._tasks.start_soon(self._work, request, method, handler, params)
            return
        try:
            result = handler(params)
        except (SamokoderError, JsonRpcException) as error:
            self.refuse(id, error)
        except Exception as error:  # a defect in a handler must still answer its request
            log.exception("%s failed", method)
            self.refuse(id, error)
        else:
            self._answer(id, result)

    def _check_stage(self, method: str) -> None:
        if method == types.INITIALIZE:
            if self.stage is not Stage.NEW:
                raise Malformed(INVALID_REQUEST, "The server is initialized already.")
        elif self.stage is Stage.NEW:
            raise Malformed(NOT_INITIALIZED, "The server is not initialized yet.")
        if self.stage is Stage.SHUT_DOWN:
            raise Malformed(INVALID_REQUEST, "The server is shutting down.")

    async def _work(
        self, request: Request, method: str, handler: Callable[[Any], Awaitable[Any]], params: Any
    ) -> None:
        """Run a handler and send its one answer."""
        current_request.set(request)
        answer: Callable[[], None] | None = None
        try:
            with request.scope:
                answer = await self._outcome(request.id, method, handler(params))
        finally:
            del self._running[request.id]
            request.done.set()
            if answer is None:
                self.refuse(request.id, Malformed(REQUEST_CANCELLED, "The request was cancelled."))
            else:
                answer()

    async def _outcome(
        self, id: MessageId, method: str, work: Awaitable[Any]
    ) -> Callable[[], None]:
        """How to answer, once the work has ended by itself."""
        try:
            return partial(self._answer, id, await work)
        except (SamokoderError, JsonRpcException) as error:
            return partial(self.refuse, id, error)
        except Exception as error:  # a defect in a handler must still answer its request
            log.exception("%s failed", method)
            return partial(self.refuse, id, error)

    def _answer(self, id: MessageId, result: Any) -> None:
        self._send_data({"jsonrpc": "2.0", "id": id, "result": result})

    def _notification(self, method: str, data: dict[str, Any]) -> None:
        if self.stage is not Stage.INITIALIZED and method != types.EXIT:
            log.debug("%s ignored: the server is %s", method, self.stage.value)
            return
        if method == types.CANCEL_REQUEST:
            self._cancel(data)
            return
        if self.get_result_type(method) is not None:
            log.warning("%s ignored: it is a request, and has no id", method)
            return
        try:
            handler = self._get_handler(method)
            params = self._params(method, data)
            if inspect.iscoroutinefunction(handler):
                self._tasks.start_soon(self._tend, method, handler, params)
            else:
                handler(params)
        except JsonRpcMethodNotFound:
            log.debug("unknown notification: %s", method)
        except Malformed as error:
            log.warning("%s ignored: %s", method, error.message)
        except Exception:  # nobody waits for an answer; the connection goes on
            log.exception("%s failed", method)

    async def _tend(
        self, method: str, handler: Callable[[Any], Awaitable[Any]], params: Any
    ) -> None:
        try:
            await handler(params)
        except Exception:  # nobody waits for an answer; the connection goes on
            log.exception("%s failed", method)

    def _cancel(self, data: dict[str, Any]) -> None:
        params = data.get("params")
        id = params.get("id") if isinstance(params, dict) else None
        request = self._running.get(id) if isinstance(id, int | str) else None
        if request is not None:
            request.cancel(by_user=True)

    def _params(self, method: str, data: dict[str, Any]) -> Any:
        if method in self._raw:
            return data.get("params")
        message_type = self.get_message_type(method)
        if message_type is None:
            return data.get("params")
        try:
            return self._converter.structure(data, message_type).params
        except Exception as error:  # the structuring library raises whatever a field's type raises
            where = "; ".join(transform_error(error, path="message")) or repr(error)
            log.info("%s: %s", method, where, exc_info=True)
            raise Malformed(INVALID_PARAMS, f"The params of {method} do not fit: {where}") from None

    # To the client

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification; params are lsprotocol values or plain JSON."""
        self._send_data({"jsonrpc": "2.0", "method": method, "params": params})

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Send a request and wait at most ``seconds`` for its result, as decoded JSON.

        Raises :class:`ClientSilent` or :class:`ClientRefused`.
        """
        self._next_id += 1
        id = self._next_id
        future = self._awaited[id] = asyncio.get_running_loop().create_future()
        self._send_data({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            self.notify(types.CANCEL_REQUEST, {"id": id})
            raise ClientSilent(f"{method} was not answered within {seconds:g} s") from None
        finally:
            self._awaited.pop(id, None)

    def _response(self, id: MessageId, data: dict[str, Any]) -> None:
        future = self._awaited.pop(id, None)
        if future is None or future.done():
            log.debug("a response nobody waits for: %r", id)
            return
        error = data.get("error")
        if error is None:
            future.set_result(data.get("result"))
            return
        text = error.get("message") if isinstance(error, dict) else None
        future.set_exception(ClientRefused(str(text or error)))

    def _send_data(self, data: Any) -> None:
        try:
            body = json.dumps(data, default=self._serialize_message, separators=(",", ":"))
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            log.error("a message cannot be encoded", exc_info=error)
            if "id" not in data or "method" in data:
                return
            wrong = {"jsonrpc": "2.0", "id": data["id"], "error": error_object(error)}
            body = json.dumps(wrong)
        self._send(body.encode("ascii"))

    # The end

    async def stop_requests(self, seconds: float, *, but: Request | None = None) -> None:
        """Cancel what is being worked on and wait, at most ``seconds``, until it is answered."""
        others = [request for request in self._running.values() if request is not but]
        for request in others:
            request.cancel(by_user=False)
        with anyio.move_on_after(seconds):
            for request in others:
                await request.done.wait()
        for future in tuple(self._awaited.values()):
            if not future.done():
                future.set_exception(ClientSilent("the connection ends"))


def _id_of(data: dict[str, Any]) -> MessageId | None:
    """The message's id when it is one that can be answered."""
    id = data.get("id")
    return id if isinstance(id, int | str) and not isinstance(id, bool) else None
