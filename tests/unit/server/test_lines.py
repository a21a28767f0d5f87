"""JSON-RPC over lines: one answer for each request, whatever happens."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from samokoder.server.lines import Lines, Refused


class Other:
    """The other side of a conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.lines: Lines
        self.left = False
        self.heard: list[Any] = []

    def send(self, **message: Any) -> None:
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self) -> dict[str, Any]:
        with anyio.fail_after(5):
            return dict(json.loads(await self.reader.readline()))


@asynccontextmanager
async def conversation() -> AsyncIterator[Other]:
    one, two = socket.socketpair()
    other = Other(*await asyncio.open_connection(sock=one))

    async def serve(method: str, params: Any) -> Any:
        if method == "sleep":
            await anyio.sleep_forever()
        if method == "refuse":
            raise Refused(-1, "no", {"why": "because"})
        if method == "break":
            raise ZeroDivisionError
        if method == "ask":
            return await other.lines.ask("q", {}, 5, withdraw="never mind", member="of")
        return params

    def heard(method: str, params: Any) -> None:
        other.heard.append((method, params))
        if method == "cancel":
            other.lines.cancel(params["id"], silent=params.get("silent", False))

    def leaving() -> None:
        other.left = True

    lines = other.lines = Lines(*await asyncio.open_connection(sock=two), serve, heard)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lines.run, leaving)
        try:
            yield other
        finally:
            other.writer.close()
            await other.writer.wait_closed()


async def test_answers_in_any_order_and_pieces() -> None:
    async with conversation() as other:
        other.send(id=1, method="sleep")
        for piece in (b'{"jsonrpc":"2.0","id":"a\\u2028","me', b'thod":"echo","params":["x"]}\n\n'):
            other.raw(piece)
            await anyio.sleep(0.02)
        assert await other.receive() == {"jsonrpc": "2.0", "id": "a\u2028", "result": ["x"]}


async def test_errors_are_answers() -> None:
    async with conversation() as other:
        other.send(id=1, method="refuse")
        assert (await other.receive())["error"] == {
            "code": -1,
            "message": "no",
            "data": {"why": "because"},
        }
        other.send(id=2, method="break")
        assert (await other.receive())["error"]["code"] == -32603


@pytest.mark.parametrize("silent", [False, True])
async def test_a_cancelled_request_ends(silent: bool) -> None:
    async with conversation() as other:
        other.send(id=1, method="sleep")
        await anyio.sleep(0.05)
        other.send(method="cancel", params={"id": 1, "silent": silent})
        if silent:
            await anyio.sleep(0.05)
        else:
            assert (await other.receive())["error"]["code"] == -32800
        other.send(id=1, method="echo")
        assert await other.receive() == {"jsonrpc": "2.0", "id": 1, "result": None}


async def test_who_stops_waiting_says_so() -> None:
    async with conversation() as other:
        other.send(id=1, method="ask")
        asked = await other.receive()
        other.send(method="cancel", params={"id": 1})
        told = [await other.receive(), await other.receive()]
        assert {"jsonrpc": "2.0", "method": "never mind", "params": {"of": asked["id"]}} in told


async def test_an_id_in_use_is_refused() -> None:
    async with conversation() as other:
        other.send(id=1, method="sleep")
        other.send(id=1, method="echo")
        assert (await other.receive())["error"]["code"] == -32600


async def test_leaving_ends_everything() -> None:
    async with conversation() as other:
        other.send(id=1, method="sleep")
        await anyio.sleep(0.05)
    assert other.left
