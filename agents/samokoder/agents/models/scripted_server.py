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
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from samokoder.agents.models import script, scripted_wire
from samokoder.agents.models.model import Usage
from samokoder.agents.models.script import Fault, Rule, Script
from samokoder.agents.models.script_log import Call, ScriptLog
from samokoder.agents.models.scripted import question
from samokoder.agents.models.scripted_link import Gone, Link, play
from samokoder.agents.models.scripted_wire import WIRES, Asked

MAX_BODY: Final = 64 << 20
"""Bytes of a request that are read."""


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
            while await self._one(reader, Link(writer, left)):
                pass
        except (Gone, ConnectionError, asyncio.IncompleteReadError):
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

    async def _one(self, reader: asyncio.StreamReader, link: Link) -> bool:
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
            await link.json(413, {"error": {"message": "too large"}})
            return False
        data = await reader.readexactly(size)
        if method == "GET" and path.partition("?")[0].endswith("/models"):
            await link.json(200, {"object": "list", "data": [{"id": "scripted"}]})
            return True
        try:
            asked = scripted_wire.parse(path, msgspec.json.decode(data or b"{}"))
        except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
            await link.json(400, {"error": {"message": f"not the format: {error!r}"}})
            return True
        if asked is None or method != "POST" or self._dialect not in (None, asked.dialect):
            await link.json(404, {"error": {"message": f"no such path: {method} {path}"}})
            return True
        return await self._answer(link, asked, arrived)

    async def _answer(self, link: Link, asked: Asked, arrived: float) -> bool:
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
                await play(link, rule, wire, call, text, finish, asked.streams, settle)
        finally:
            if not call.outcome:
                await settle("gone")
        return call.outcome not in ("cut", "reset")


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
