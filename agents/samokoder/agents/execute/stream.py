"""A command's output as events of the run while it comes, bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from samokoder.agents.runs.context import Run

PERIOD = 0.2
"""Seconds between two events of one command: what a person can follow."""
EVENT = 4096
"""Characters of one event; of more that came in the meantime the last ones are told."""
TOTAL = 64 << 10
"""Characters of all events of one command; the receipt has the rest."""


class Stream:
    """Collects what a command prints; :meth:`feed` may be called at any rate."""

    def __init__(self, run: Run, key: str, command: str) -> None:
        self._run = run
        self._key = key
        self._command = command
        self._parts: list[str] = []
        self._size = 0
        self._told = 0
        self._silent = False

    def feed(self, text: str) -> None:
        """A piece of output."""
        if self._silent:
            return
        self._parts.append(text)
        self._size += len(text)
        while self._parts and self._size - len(self._parts[0]) >= EVENT:
            self._size -= len(self._parts.pop(0))

    async def tell(self, *, all: bool = False) -> None:
        """Tell the lines that came since the last time, or ``all`` there is.

        Whole lines, so that no secret is cut in two and slips through.
        """
        text = "".join(self._parts)[-EVENT:]
        whole = len(text) if all or len(text) == EVENT else text.rfind("\n") + 1
        text, rest = text[:whole], text[whole:]
        self._parts, self._size = [rest] if rest else [], len(rest)
        if not text:
            return
        self._told += len(text)
        if self._told > TOTAL:
            self._silent = True
            text = "\n[the rest of the output is in the receipt]\n"
        await self._run.emit("output", key=self._key, command=self._command, text=text)

    async def pump(self) -> None:
        """Tell until cancelled."""
        while True:
            await anyio.sleep(PERIOD)
            await self.tell()


@asynccontextmanager
async def streaming(run: Run, key: str, command: str) -> AsyncIterator[Stream]:
    """A stream that tells while the body runs, and at its end what is left."""
    stream = Stream(run, key, command)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream.pump)
        try:
            yield stream
        finally:
            tasks.cancel_scope.cancel()
    await stream.tell(all=True)
