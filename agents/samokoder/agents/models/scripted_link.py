"""One connection of the scripted server: what a rule says, byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec

from samokoder.agents.models import script
from samokoder.agents.models.script import Fault, Rule
from samokoder.agents.models.script_log import OK, Call
from samokoder.agents.models.scripted_wire import Wire

_ENDS: Final = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}


class Gone(Exception):
    """The client closed the connection."""


class Link:
    """One connection: writes events as chunks, notices at once when the client leaves."""

    def __init__(self, writer: asyncio.StreamWriter, left: asyncio.Event) -> None:
        self._writer = writer
        self._left = left
        self.split = 0
        self.end = b"\n"
        self.comments = False

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Raise Gone in the block when the client closes the connection."""
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
                if task is not None:
                    task.uncancel()
                raise Gone from None
            raise
        finally:
            watcher.cancel()

    async def head(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers."""
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        await self._writer.drain()

    async def event(self, name: str, data: Any) -> None:
        """One event; ``None`` as data is OpenAI's [DONE]."""
        out = b": keep-alive" + self.end * 2 if self.comments else b""
        if name:
            out += b"event: " + name.encode() + self.end
        text = b"[DONE]" if data is None else data if isinstance(data, bytes) else encode(data)
        await self.raw(out + b"data: " + text + self.end * 2)

    async def raw(self, data: bytes) -> None:
        """Bytes of a chunked body, in writes of ``split`` bytes."""
        step = self.split or len(data)
        for at in range(0, len(data), step):
            part = data[at : at + step]
            self._writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await self._writer.drain()
            if self.split:
                await asyncio.sleep(0)

    async def finish(self) -> None:
        """The end of a chunked body."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def json(self, status: int, value: Any) -> None:
        """A whole answer of JSON."""
        await self.body(status, {"content-type": "application/json"}, encode(value))

    async def body(self, status: int, headers: dict[str, str], data: bytes) -> None:
        """A whole answer."""
        await self.head(status, {**headers, "content-length": str(len(data))})
        self._writer.write(data)
        await self._writer.drain()

    def abort(self) -> None:
        """Hang up without a word."""
        self._writer.transport.abort()


async def play(
    link: Link,
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
        body = fault.body.encode() or encode(wire.error(fault.status, "scripted fault")[1])
        await link.body(fault.status, {"content-type": "application/json", **fault.headers}, body)
        return
    call.status = 200
    if not streams:
        call.sent_chars = len(text)
        usage = script.spent(rule, call.prompt_chars, len(text))
        data = wire.whole(text, usage, finish)
        await settle(OK)
        await link.json(200, data)
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


async def _break(link: Link, fault: Fault, wire: Wire) -> None:
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


def encode(value: Any) -> bytes:
    """JSON, compact."""
    return msgspec.json.encode(value)
