"""The server inside the test's own loop, where the detector of blocking calls sees it."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import anyio
from probe_commands import COMMANDS, open_engine

from samokoder.server.framing import Framer, frame
from samokoder.server.host import Host
from samokoder.server.inprocess import serve
from samokoder.server.listener import Listener
from samokoder.server.product import given


class Wire:
    """A client on an asyncio stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.framer = Framer()
        self.inbox: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self.writer.write(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    async def answer(self, id: int) -> dict[str, Any]:
        while True:
            for message in self.inbox:
                if message.get("id") == id and "method" not in message:
                    return message
            chunk = await self.reader.read(1 << 16)
            assert chunk, "the server hung up"
            for body in self.framer.feed(chunk):
                assert isinstance(body, bytes)
                self.inbox.append(json.loads(body))

    async def command(self, id: int, name: str, **args: Any) -> Any:
        params = {"command": name, "arguments": [args]}
        self.send(id=id, method="workspace/executeCommand", params=params)
        return (await self.answer(id))["result"]

    async def session(self, path: Path) -> None:
        """A little of everything."""
        params = {"processId": None, "rootUri": path.parent.as_uri(), "capabilities": {}}
        self.send(id=1, method="initialize", params=params)
        assert "capabilities" in (await self.answer(1))["result"]
        self.send(method="initialized", params={})
        item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": "x = 1\n"}
        self.send(method="textDocument/didOpen", params={"textDocument": item})
        assert (await self.command(2, "probe.buffer", path=str(path)))[0][2] == "x = 1\n"
        await self.command(3, "probe.mark", path=str(path))
        assert await self.command(4, "probe.progress") == "done"
        self.send(id=5, method="shutdown")
        assert (await self.answer(5))["result"] is None
        self.send(method="exit")


async def test_one_client_in_one_process(tmp_path):
    ours, theirs = socket.socketpair()
    wire = Wire(*await asyncio.open_connection(sock=ours))
    codes: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def run() -> None:
            codes.append(await serve(Host(given(COMMANDS, open_engine)), theirs))

        tasks.start_soon(run)
        await wire.session(tmp_path / "a.py")
    assert codes == [0]
    assert await wire.reader.read() == b""
    wire.writer.close()
    await wire.writer.wait_closed()


async def test_the_daemon_from_its_start_to_its_end(own_runtime, tmp_path):
    host = Host(given(COMMANDS, open_engine))
    ready = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Listener(str(own_runtime), host).serve, ready.set)
        await ready.wait()
        wire = Wire(*await asyncio.open_unix_connection(str(own_runtime / "daemon.sock")))
        wire.writer.write(b'{"want":"lsp","version":"0.1.0","token":""}\n')
        assert json.loads(await wire.reader.readline())["ok"] is True
        await wire.session(tmp_path / "a.py")
        assert (await wire.reader.read()).endswith(b"\x000")
        wire.writer.close()
        host.stop()
    assert list(own_runtime.iterdir()) == []
