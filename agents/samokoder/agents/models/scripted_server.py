"""The scripted model as a real HTTP server, faults included, in three providers' wire formats.

``python -m samokoder.agents.models.scripted_server --script F [--port N] [--log L] [--dialect D]``
prints one line, ``listening on http://127.0.0.1:PORT``, and serves until it is interrupted.
Without ``--dialect`` the request's path decides. Its log (see ``script_log``) is written before a
request is answered, so it knows of calls that a crashed client forgot.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from samokoder.agents.models import script, scripted_wire
from samokoder.agents.models.model import Usage
from samokoder.agents.models.script import Fault, Rule, Script
from samokoder.agents.models.script_log import OK, Call, ScriptLog
from samokoder.agents.models.scripted import question
from samokoder.agents.models.scripted_wire import WIRES, Asked, Wire

MAX_BODY: Final = 64 << 20
"""Bytes of a request that are read."""

_ENDS: Final = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}


class _Gone(Exception):
    """The client closed the connection."""


class _Protocol(asyncio.StreamReaderProtocol):
    """Tells at once when the client leaves, whatever the handler is doing."""

    def __init__(self, server: "ScriptedServer") -> None:
        self._left = asyncio.Event()
        super().__init__(
            asyncio.StreamReader(limit=1 << 20), lambda r, w: server.handle(r, w, self._left)
        )

    def eof_received(self) -> bool | None:
        self._left.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._left.set()
        super().connection_lost(exc)


class ScriptedServer:
    """Answers by a script. ``url`` is its address, without a path."""

    def __init__(
        self, lines: Script, log: ScriptLog, dialect: scripted_wire.Dialect | None = None
    ) -> None:
        self._script = lines
        self._log = log
        self._dialect = dialect
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.url = ""
        self.connections = 0
        """Connections made so far."""

    @property
    def calls(self) -> list[Call]:
        """Every call so far, as in the log."""
        return self._log.calls

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: asyncio.Event
    ) -> None:
        """Serve one connection until it closes."""
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            while await self._one(reader, _Link(writer, left), writer):
                pass
        except (_Gone, ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            if task is not None:
                self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def stop(self) -> None:
        """End the connections that are left."""
        self._stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(
        self, reader: asyncio.StreamReader, link: "_Link", writer: asyncio.StreamWriter
    ) -> bool:
        first = await reader.read(1)
        if not first:
            return False
        arrived = time.time()
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start, *rest = head.split("\r\n")
        method, path, _ = start.split(" ", 2)
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in rest)}
        size = int(headers.get("content-length") or 0)
        if size > MAX_BODY:
            await _plain(writer, 413, {"error": {"message": "too large"}})
            return False
        data = await reader.readexactly(size)
        if method == "GET" and path.partition("?")[0].endswith("/models"):
            await _plain(writer, 200, {"object": "list", "data": [{"id": "scripted"}]})
            return True
        try:
            asked = scripted_wire.parse(path, msgspec.json.decode(data or b"{}"))
        except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
            await _plain(writer, 400, {"error": {"message": f"not the format: {error!r}"}})
            return True
        if asked is None or method != "POST" or self._dialect not in (None, asked.dialect):
            await _plain(writer, 404, {"error": {"message": f"no such path: {method} {path}"}})
            return True
        return await self._answer(link, asked, arrived)

    async def _answer(self, link: "_Link", asked: Asked, arrived: float) -> bool:
        prompt = "\n".join(m.text for m in asked.chat.messages)
        used = self._log.used.copy()
        index = self._script.pick(prompt, asked.model, used)
        call = question(asked.chat, self._script)
        call.arrived, call.model = arrived, asked.model
        call.rule = -1 if index is None else index
        await asyncio.to_thread(self._log.begin, call)
        rule = Rule(fault=Fault(status=400)) if index is None else self._script.rules[index]
        text, finish = script.bounded(rule, rule.text(used[call.rule]), asked.chat.max_tokens)
        wire = WIRES[asked.dialect](
            asked.model, usage=asked.usage, bound=asked.chat.schema is not None
        )

        async def settle(outcome: str) -> None:
            """Write down the end before the client can know of it."""
            billed = call.status == 200 and outcome != "200"
            usage = script.spent(rule, call.prompt_chars, call.sent_chars) if billed else Usage()
            call.ended = time.time()
            await asyncio.shield(asyncio.to_thread(self._log.end, call, outcome, usage))

        try:
            async with link.watched():
                await asyncio.sleep(rule.delay)
                call.answered = time.time()
                await _play(link, rule, wire, call, text, finish, asked.streams, settle)
        finally:
            if not call.outcome:
                await settle("gone")
        return call.outcome not in ("cut", "reset")


class _Link:
    """One connection: writes events as chunks, notices at once when the client leaves."""

    def __init__(self, writer: asyncio.StreamWriter, left: asyncio.Event) -> None:
        self._writer = writer
        self._left = left
        self.split = 0
        self.end = b"\n"
        self.comments = False

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Raise _Gone in the block when the client closes the connection."""
        task = asyncio.current_task()
        left = False

        def leave() -> None:
            nonlocal left
            left = True
            if task is not None:
                task.cancel()

        async def watch() -> None:
            await self._left.wait()
            leave()

        watcher = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if left:
                raise _Gone from None
            raise
        finally:
            watcher.cancel()

    async def head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        await self._writer.drain()

    async def event(self, name: str, data: Any, *, last: bool = False) -> None:
        """One event; ``None`` as data is OpenAI's [DONE]."""
        out = b": keep-alive" + self.end * 2 if self.comments else b""
        if name:
            out += b"event: " + name.encode() + self.end
        text = b"[DONE]" if data is None else data if isinstance(data, bytes) else _json(data)
        await self.raw(out + b"data: " + text + self.end * 2)

    async def raw(self, data: bytes) -> None:
        step = self.split or len(data)
        for at in range(0, len(data), step):
            part = data[at : at + step]
            self._writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await self._writer.drain()
            if self.split:
                await asyncio.sleep(0)

    async def finish(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def body(self, status: int, headers: dict[str, str], data: bytes) -> None:
        await self.head(status, {**headers, "content-length": str(len(data))})
        self._writer.write(data)
        await self._writer.drain()

    def abort(self) -> None:
        self._writer.transport.abort()


async def _play(
    link: _Link,
    rule: Rule,
    wire: Wire,
    call: Call,
    text: str,
    finish: str,
    streams: bool,
    settle: Callable[[str], Awaitable[None]],
) -> None:
    """Send what the rule says; ``settle`` hears the outcome before the last byte is out."""
    fault = rule.fault
    if fault is not None and fault.kind == "reset":
        await settle("reset")
        link.abort()
        return
    if fault is not None and fault.kind == "status":
        call.status = fault.status
        await settle(str(fault.status))
        body = fault.body.encode() or _json(wire.error(fault.status, "scripted fault")[1])
        await link.body(fault.status, {"content-type": "application/json", **fault.headers}, body)
        return
    call.status = 200
    if not streams:
        call.sent_chars = len(text)
        usage = script.spent(rule, call.prompt_chars, len(text))
        data = _json(wire.whole(text, usage, finish))
        await settle(OK)
        await link.body(200, {"content-type": "application/json"}, data)
        return
    link.split, link.end, link.comments = rule.split, _ENDS[rule.line_end], rule.comments
    await link.head(
        200, {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
    )
    begin = None if rule.silent else script.spent(rule, call.prompt_chars, 0)
    for name, data in wire.opening(begin):
        await link.event(name, data)
    endless = fault is not None and fault.kind == "endless"
    stop = len(text) if fault is None or endless else fault.after
    while True:
        for number, piece in enumerate(script.pieces(rule, text[:stop])):
            if number:
                await asyncio.sleep(rule.pace)
            for name, data in wire.piece(piece):
                await link.event(name, data)
            call.sent_chars += len(piece)
        if not endless:
            break
    if fault is not None:
        if fault.kind != "stall":
            await settle(fault.kind)
        await _break(link, fault, wire)
        return
    await settle(OK)
    spent = None if rule.silent else script.spent(rule, call.prompt_chars, call.sent_chars)
    for name, data in wire.closing(spent, finish):
        await link.event(name, data)
    await link.finish()


async def _break(link: _Link, fault: Fault, wire: Wire) -> None:
    match fault.kind:
        case "stall":
            await asyncio.sleep(3600)
        case "garbage":
            await link.event("", fault.body.encode() or b"{<not> json")
            await link.finish()
        case "error":
            await link.event(*wire.error(fault.status, fault.body or "scripted fault"))
            await link.finish()
        case "end":
            await link.finish()


async def _plain(writer: asyncio.StreamWriter, status: int, value: Any) -> None:
    data = _json(value)
    head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}\r\n"
    writer.write(
        f"{head}content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode()
    )
    writer.write(data)
    await writer.drain()


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


@contextlib.asynccontextmanager
async def serve(
    lines: Script,
    log: ScriptLog | None = None,
    *,
    port: int = 0,
    dialect: scripted_wire.Dialect | None = None,
) -> AsyncIterator[ScriptedServer]:
    """The server on 127.0.0.1 for the duration of the block."""
    served = ScriptedServer(lines, log or ScriptLog(None), dialect)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(served), "127.0.0.1", port)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        await served.stop()
        await server.wait_closed()


async def _main(arguments: argparse.Namespace) -> None:
    lines, log = await asyncio.to_thread(_load, arguments)
    async with serve(lines, log, port=arguments.port, dialect=arguments.dialect) as served:
        sys.stdout.write(f"listening on {served.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def _load(arguments: argparse.Namespace) -> tuple[Script, ScriptLog]:
    lines = script.load(arguments.script)
    named = arguments.script.parent / lines.log if lines.log else None
    return lines, ScriptLog(arguments.log or named)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="samokoder.agents.models.scripted_server")
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--dialect", choices=sorted(WIRES))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
