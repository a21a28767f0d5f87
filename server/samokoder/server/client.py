"""A small LSP client: the demo, the benchmarks and the fault tests drive the daemon with it.

It speaks over the standard streams of a child process, holds documents in memory as an editor does
(positions in utf-32, so columns are code points) and applies ``workspace/applyEdit`` to them.
"""

import contextlib
import inspect
import json
import os
import sys
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process, TaskGroup

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-32"]},
    "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {}}},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "changeAnnotationSupport": {},
        },
        "executeCommand": {},
        "configuration": True,
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {"versionSupport": True, "dataSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
            "dataSupport": True,
        },
    },
}


LEAVE_SECONDS = 3.0
"""How long the server's process may take to end when its client leaves."""


class RequestFailed(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message", ""))
        self.code = int(error.get("code", 0))
        self.data = error.get("data")


@dataclass
class Document:
    """One open document; ``version`` grows with every change."""

    text: str
    version: int = 1


@dataclass
class _Pending:
    done: anyio.Event = field(default_factory=anyio.Event)
    message: dict[str, Any] = field(default_factory=dict)


def offset(text: str, line: int, character: int) -> int:
    """The offset in code points of a utf-32 position; LSP line ends only."""
    start = 0
    for _ in range(line):
        ends = [i for i in (text.find("\n", start), text.find("\r", start)) if i >= 0]
        if not ends:
            return len(text)
        end = min(ends)
        start = end + (2 if text.startswith("\r\n", end) else 1)
    stop = len(text)
    for mark in ("\n", "\r"):
        found = text.find(mark, start)
        if found >= 0:
            stop = min(stop, found)
    return min(start + character, stop)


def edited(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """The text after LSP edits, all of which refer to the text as it was before."""
    spans = []
    for edit in edits:
        start, end = edit["range"]["start"], edit["range"]["end"]
        spans.append(
            (
                offset(text, start["line"], start["character"]),
                offset(text, end["line"], end["character"]),
                edit["newText"],
            )
        )
    for begin, stop, new in sorted(spans, key=lambda s: s[0], reverse=True):
        text = text[:begin] + new + text[stop:]
    return text


class Client:
    """One connection. ``notices`` collects every notification as (method, params)."""

    def __init__(
        self, send: ByteSendStream, receive: ByteReceiveStream, tasks: TaskGroup, process: Process
    ) -> None:
        self._send, self._receive, self._tasks = send, receive, tasks
        self.process = process
        self.documents: dict[str, Document] = {}
        self.notices: list[tuple[str, Any]] = []
        self.edits: list[dict[str, Any]] = []
        self.answer: Callable[[str, Any], Any] = lambda method, params: None
        self.on_notice: Callable[[str, Any], None] = lambda method, params: None
        self._pending: dict[int, _Pending] = {}
        self._number = 0
        self._lock = anyio.Lock()
        self._outbox: deque[bytes] = deque()
        """Messages in the order in which they were meant."""
        self.closed = anyio.Event()

    def _post(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._outbox.append(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _flush(self) -> None:
        async with self._lock:
            while self._outbox:
                await self._send.send(self._outbox.popleft())

    async def _write(self, message: Mapping[str, Any]) -> None:
        self._post(message)
        await self._flush()

    async def read(self) -> None:
        """Read until the server closes; run by :func:`connect`."""
        data = b""
        try:
            async for chunk in self._receive:
                data += chunk
                while (end := data.find(b"\r\n\r\n")) >= 0:
                    length = int(data[:end].lower().rpartition(b"content-length:")[2].split()[0])
                    if len(data) < end + 4 + length:
                        break
                    body, data = data[end + 4 : end + 4 + length], data[end + 4 + length :]
                    await self._handle(json.loads(body))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            data = b""
        finally:
            self.closed.set()
            for pending in self._pending.values():
                pending.message = {"error": {"code": 0, "message": "the server went away"}}
                pending.done.set()

    async def _handle(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            pending = self._pending.pop(message["id"], None)
            if pending is not None:
                pending.message = message
                pending.done.set()
        elif "id" in message:
            result = self._serve(message["method"], message.get("params"))
            if inspect.isawaitable(result):
                self._tasks.start_soon(self._reply, message["id"], result)
            else:
                await self._write({"id": message["id"], "result": result})
        else:
            self.notices.append((message["method"], message.get("params")))
            self.on_notice(message["method"], message.get("params"))

    async def _reply(self, id: int | str, result: Awaitable[Any]) -> None:
        answer = await result
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._write({"id": id, "result": answer})

    def _serve(self, method: str, params: Any) -> Any:
        if method == "workspace/applyEdit":
            return self._apply(params)
        if method == "workspace/configuration":
            return [None for _ in params["items"]]
        return self.answer(method, params)

    def _apply(self, params: dict[str, Any]) -> dict[str, Any]:
        self.edits.append(params)
        changes = params["edit"].get("documentChanges") or []
        for change in changes:
            document = self.documents.get(change.get("textDocument", {}).get("uri", ""))
            wanted = change.get("textDocument", {}).get("version")
            if document is None or wanted not in (None, document.version):
                return {"applied": False, "failureReason": "not open, or of another version"}
        for change in changes:
            uri = change["textDocument"]["uri"]
            # at once, as an editor does: what is typed next builds on it
            self._changed(uri, edited(self.documents[uri].text, change["edits"]))
        return {"applied": True}

    def _changed(self, uri: str, text: str) -> None:
        document = self.documents[uri]
        document.text = text
        document.version += 1
        self._post(
            {
                "method": "textDocument/didChange",
                "params": {
                    "textDocument": {"uri": uri, "version": document.version},
                    "contentChanges": [{"text": text}],
                },
            }
        )

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and return its result; :class:`RequestFailed` for an error."""
        self._number += 1
        number, pending = self._number, _Pending()
        self._pending[number] = pending
        try:
            await self._write({"id": number, "method": method, "params": params or {}})
            await pending.done.wait()
        except anyio.get_cancelled_exc_class():
            if self._pending.pop(number, None) is not None:
                with anyio.CancelScope(shield=True), contextlib.suppress(OSError):
                    await self.notify("$/cancelRequest", {"id": number})
            raise
        if "error" in pending.message:
            raise RequestFailed(pending.message["error"])
        return pending.message.get("result")

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        await self._write({"method": method, "params": params or {}})

    async def initialize(self, root: Path, **options: Any) -> dict[str, Any]:
        """The handshake; returns the server's capabilities."""
        result = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": CAPABILITIES,
                "initializationOptions": options,
                "clientInfo": {"name": "samokoder-client"},
            },
        )
        await self.notify("initialized")
        capabilities: dict[str, Any] = result["capabilities"]
        return capabilities

    async def open(self, path: Path, language: str = "python") -> str:
        """Open a file as a document; returns its address."""
        uri = path.as_uri()
        text = await anyio.Path(path).read_bytes()
        self.documents[uri] = Document(text.decode())
        await self.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": uri,
                    "languageId": language,
                    "version": 1,
                    "text": self.documents[uri].text,
                }
            },
        )
        return uri

    async def change(self, uri: str, text: str) -> None:
        """Replace a document's whole text, as typing would."""
        self._changed(uri, text)
        await self._flush()

    async def save(self, uri: str) -> None:
        """Write a document to the disk, as an editor does, and say so."""
        path = Path(unquote(uri.removeprefix("file://")))
        await anyio.Path(path).write_bytes(self.documents[uri].text.encode())
        await self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    async def command(self, name: str, args: Mapping[str, Any] | None = None) -> Any:
        """Run a command of the server and return its result."""
        return await self.request(
            "workspace/executeCommand",
            {"command": name, "arguments": [dict(args)] if args is not None else []},
        )

    async def stop(self) -> int:
        """Shut down and exit; returns the process's exit code."""
        await self.request("shutdown")
        await self.notify("exit")
        return await self.process.wait()


SERVER: tuple[str, ...] = (sys.executable, "-m", "samokoder.server.main", "lsp")


Making = TypeVar("Making", bound=Client)


@contextlib.asynccontextmanager
async def connect(
    argv: Sequence[str] = SERVER, *, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Client, None]:
    """Start a server as a child process and talk to it; ends with the child gone."""
    async with connect_as(Client, argv, env=env) as client:
        yield client


@contextlib.asynccontextmanager
async def connect_as(
    kind: Callable[[ByteSendStream, ByteReceiveStream, TaskGroup, Process], Making],
    argv: Sequence[str] = SERVER,
    *,
    env: Mapping[str, str] | None = None,
) -> AsyncGenerator[Making, None]:
    """As :func:`connect`, with a client of one's own kind."""
    merged = {**os.environ, **(env or {})}
    process = await anyio.open_process(list(argv), stdin=PIPE, stdout=PIPE, stderr=None, env=merged)
    assert process.stdin is not None
    assert process.stdout is not None
    async with process, anyio.create_task_group() as tasks:
        client = kind(process.stdin, process.stdout, tasks, process)
        tasks.start_soon(client.read)
        try:
            yield client
        finally:
            with anyio.CancelScope(shield=True):
                await process.stdin.aclose()
                # it ends by itself; a signal to one that just did confuses who waits for it
                with anyio.move_on_after(LEAVE_SECONDS):
                    await process.wait()
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.terminate()
            tasks.cancel_scope.cancel()
