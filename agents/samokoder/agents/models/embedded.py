"""The embedded model: small, offline, needs no key. A child process, asked over loopback.

Started by the first call, started again after a crash, stopped by ``aclose``. Between calls it
frees its memory by itself after the idle time of the settings.
"""

import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import anyio
import msgspec

from samokoder.agents.errors import ModelMissing, ModelUnavailable
from samokoder.agents.models.embedded_serve import Order, Ready
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import ChatRequest, Delta, Profile
from samokoder.agents.models.openai import OpenAIModel, Quirks

if TYPE_CHECKING:
    from anyio.abc import Process

START: Final = 120.0
"""Seconds the weights may take to load from a slow disk."""

STOP: Final = 2.0
"""Seconds the process has to end by itself."""

_TAIL: Final = 600
"""Characters of the process's last words that are told."""


@dataclass
class _Child:
    process: "Process"
    errors: IO[bytes]
    model: OpenAIModel

    def alive(self) -> bool:
        return self.process.returncode is None


class EmbeddedModel:
    """A model served by a child process of this one."""

    def __init__(
        self,
        name: str,
        weights: Path,
        connections: Connections,
        *,
        context: int = 8192,
        threads: int = 0,
        idle: float = 120.0,
        limits: Limits | None = None,
    ) -> None:
        self._weights = weights
        self._connections = connections
        self._threads = threads
        self._idle = idle
        limits = limits or Limits()
        self._limits = replace(limits, first=limits.total)  # a long prompt is read in silence
        self._lock = anyio.Lock()
        self._child: _Child | None = None
        self._profile = Profile(
            "embedded", name, context=context, small=True, remote=False, parallel=1
        )

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def pid(self) -> int | None:
        """The child's process id; None when none runs."""
        child = self._child
        return child.process.pid if child is not None and child.alive() else None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        """One attempt; starts the child when none runs. Raises ModelMissing when it cannot."""
        async with self._lock:
            if self._child is None or not self._child.alive():
                await self._stop()
                self._child = await self._start()
            model = self._child.model
        async with contextlib.aclosing(model.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    async def aclose(self) -> None:
        """Stop the child; the next call would start a new one."""
        with anyio.CancelScope(shield=True):
            async with self._lock:
                await self._stop()

    async def _start(self) -> _Child:
        key = secrets.token_urlsafe(24)
        order = Order(
            weights=str(self._weights),
            name=self._profile.name,
            key=key,
            parent=os.getpid(),
            context=self._profile.context,
            threads=self._threads,
            idle=max(1, round(self._idle)),
        )
        errors: IO[bytes] = await anyio.to_thread.run_sync(tempfile.TemporaryFile)
        process = await anyio.open_process(
            [sys.executable, "-m", "samokoder.agents.models.embedded_serve"],
            stderr=errors,
            env={**os.environ, "GOMP_SPINCOUNT": "0"},
            start_new_session=True,
        )
        try:
            ready = await self._ready(process, order, errors)
        except BaseException:  # cancelled too: no process is left behind
            await _end(process, errors)
            raise
        endpoint = Endpoint(
            "embedded",
            f"{ready.url}/v1",
            key,
            # the server may end a connection with an answer without saying so: none is used twice
            {"authorization": f"Bearer {key}", "connection": "close"},
            self._profile.name,
        )
        model = OpenAIModel(self._profile, endpoint, self._connections, self._limits, Quirks())
        return _Child(process, errors, model)

    async def _ready(self, process: "Process", order: Order, errors: IO[bytes]) -> Ready:
        assert process.stdin is not None and process.stdout is not None
        line = b""
        with anyio.move_on_after(START) as scope:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await process.stdin.send(msgspec.json.encode(order) + b"\n")
                while not line.endswith(b"\n"):
                    line += await process.stdout.receive()
        if scope.cancelled_caught:
            raise ModelUnavailable(f"the embedded model did not start within {START:g} s")
        if not line.endswith(b"\n"):
            said = await anyio.to_thread.run_sync(_tail, errors)
            raise ModelMissing(f"the embedded model ended while it started: {said}")
        ready = msgspec.json.decode(line, type=Ready)
        if ready.error:
            raise ModelMissing(
                f"the embedded model cannot run here: {ready.error}",
                hint="Configure an endpoint, or run a local server such as Ollama.",
            )
        return ready

    async def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await _end(child.process, child.errors)


async def _end(process: "Process", errors: IO[bytes]) -> None:
    with anyio.CancelScope(shield=True):
        if process.stdin is not None:
            await process.stdin.aclose()
        with anyio.move_on_after(STOP):
            await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        await process.aclose()
        await anyio.to_thread.run_sync(errors.close)


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    text = errors.read()[-_TAIL:].decode("utf-8", "replace")
    return " ".join(text.split()) or "it said nothing"
