"""The daemon's socket: who may connect, the line before the protocol, when to stop."""

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread

from samokoder.server import endpoint, peer, runtime
from samokoder.server.host import Host
from samokoder.server.product import Product
from samokoder.server.version import VERSION

log = logging.getLogger(__name__)

HELLO_SECONDS = 10.0
"""How long a client may take to say what it wants."""
LEAVE_SECONDS = 2.0
"""How long the connections may take to end when the daemon does."""
CLOSE_SECONDS = 10.0
"""How long the engine may take to close."""
MOST_FILES = 65_536
"""Open files that are enough for any number of editors."""
IDLE_LOOKS = 20
LOOK_SECONDS = 1.0
"""How often the clock is looked at: so often per idle time, and at least so often."""


def run(folder: str, product: Product, ready: Callable[[], None]) -> int:
    """Listen and serve; returns the exit code."""
    _raise_files()
    return anyio.run(lambda: Listener(folder, Host(product)).serve(ready))


def _raise_files() -> None:
    """As many open files as the system lets this process have: every client is one."""
    if runtime.WINDOWS:
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Listener:
    """Serves every connection of the user this process runs as."""

    def __init__(self, folder: str, host: Host) -> None:
        self._folder = folder
        self._host = host
        self._token = secrets.token_hex(32) if endpoint.is_tcp() else ""
        self._server: asyncio.Server | None = None
        self._files = [runtime.pid_path(folder)]

    async def serve(self, ready: Callable[[], None]) -> int:
        """Serve until the host is stopped: by a signal, by a client, or by being idle."""
        self._server = await self._listen()
        await anyio.to_thread.run_sync(_write, runtime.pid_path(self._folder), f"{os.getpid()}\n")
        if sys.platform != "win32":
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._host.stop)
        ready()
        host = self._host
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.engine_slot.run, host)
            tasks.start_soon(host.lag.run)
            tasks.start_soon(self._watch_idle)
            await host.stopping.wait()
            await self._stop_listening()
            await host.end_connections(LEAVE_SECONDS)
            with anyio.move_on_after(CLOSE_SECONDS):
                await host.engine_slot.close()
            tasks.cancel_scope.cancel()
        return 0

    async def _listen(self) -> asyncio.Server:
        if endpoint.is_tcp():
            server = await asyncio.start_server(self._client, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            path = runtime.port_path(self._folder)
            await anyio.to_thread.run_sync(_write, path, f"{port} {self._token}\n")
        else:
            path = runtime.socket_path(self._folder)
            sock = await anyio.to_thread.run_sync(_bound, path)
            server = await asyncio.start_unix_server(self._client, sock=sock)
        self._files.append(path)
        return server

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await anyio.to_thread.run_sync(_remove, self._files)

    async def _watch_idle(self) -> None:
        host = self._host
        while True:
            await anyio.sleep(min(host.idle_seconds / IDLE_LOOKS, LOOK_SECONDS))
            if host.connections or host.busy:
                host.idle_since = time.monotonic()
            elif not await anyio.Path(sys.executable).exists():
                log.info("this installation is gone: ending")
                host.stop()
            elif time.monotonic() - host.idle_since >= host.idle_seconds:
                log.info("idle for %.0f s: ending", host.idle_seconds)
                host.stop()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._welcome(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            log.info("a client did not say what it wants")
        except Exception:  # one client must not end the others
            log.exception("a connection failed")
        finally:
            writer.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock: socket.socket = writer.get_extra_info("socket")
        if sock.family != socket.AF_INET and not peer.is_own(sock):
            log.warning("a process of another user was refused")
            return
        async with asyncio.timeout(HELLO_SECONDS):
            line = await reader.readuntil(b"\n")
        if not line.startswith(b"{"):
            if not self._token:
                # An editor that speaks to the socket itself, without a forwarder.
                await self._host.serve(reader, writer, first=line)
            return
        hello = _decoded(line)
        if not hmac.compare_digest(str(hello.get("token", "")).encode(), self._token.encode()):
            log.warning("a client without the token was refused")
            return
        want = hello.get("want")
        if want == "lsp":
            await self._serve_lsp(hello, reader, writer)
            return
        if want == "stop":
            self._host.stop()
        known = want in ("status", "stop")
        facts = await self._host.status() if known else {}
        await _send(writer, {"ok": known, **facts})

    async def _serve_lsp(
        self, hello: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host = self._host
        outdated = hello.get("version") != VERSION
        if host.stopping.is_set() or (outdated and host.idle):
            log.info("making room for version %s", hello.get("version"))
            await self._stop_listening()
            await _send(writer, {"ok": False, "retry": True})
            host.stop()
            return
        await _send(writer, {"ok": True, "version": VERSION, "pid": os.getpid()})
        await host.serve(reader, writer, trailer=True)


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    await writer.drain()


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        hello = json.loads(line)
    except ValueError:
        return {}
    return hello if isinstance(hello, dict) else {}


def _bound(path: str) -> socket.socket:
    """A socket bound to ``path``, for this user alone. What a dead daemon left there is removed:
    the caller holds the lock of the one daemon.
    """
    _remove([path])
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(before)
    return sock


def _write(path: str, text: str) -> None:
    """Write a file for this user alone, whole or not at all."""
    part = f"{path}.part"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(part, path)


def _remove(paths: list[str]) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
