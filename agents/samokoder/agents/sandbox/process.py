"""One command, run to its end: output streamed, time bounded, nothing left behind."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
from anyio import to_thread

from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.sandbox import kin
from samokoder.agents.sandbox.output import Output
from samokoder.agents.sandbox.sandbox import Finished, Limits

_DRAIN = 2.0
"""Seconds to wait for the rest of the output once everything that could print is dead."""


class _Pipe(asyncio.SubprocessProtocol):
    def __init__(self, output: Output) -> None:
        self.output = output
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.output.feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def run(
    argv: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits,
    on_output: Callable[[str], None] | None = None,
) -> Finished:
    """Run the command in a session of its own, standard input closed.

    Only ``limits.seconds`` and ``limits.output`` are kept here; the rest is in ``argv`` already
    (:mod:`samokoder.agents.sandbox.limits`). When the command ends, is cancelled or runs out of
    time, every process it left is killed before this returns. ``on_output`` must not raise.
    Raises :class:`EnvironmentMissing` when the command cannot be started.
    """
    token = secrets.token_hex(8)
    output = Output(limits.output, on_output)
    started = time.monotonic()
    loop = asyncio.get_running_loop()
    with anyio.CancelScope(shield=True):  # a half-made process could not be killed
        try:
            transport, pipe = await loop.subprocess_exec(
                lambda: _Pipe(output),
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=cwd,
                env={**env, kin.TOKEN: token},
                start_new_session=True,
            )
        except OSError as error:
            raise EnvironmentMissing(f"{argv[0]} cannot be started: {error.strerror}") from error
    timed_out = False
    try:
        with anyio.move_on_after(limits.seconds) as clock:
            await pipe.exited.wait()
        timed_out = clock.cancelled_caught
        seconds = time.monotonic() - started
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(kin.kill_all, transport.get_pid(), token)
            await pipe.exited.wait()
            with anyio.move_on_after(_DRAIN):
                await pipe.drained.wait()
            transport.close()
            await pipe.closed.wait()
            output.close()
    code = transport.get_returncode()
    return Finished(
        exit_code=-1 if code is None else code,
        output=output.text,
        seconds=seconds,
        timed_out=timed_out,
        truncated=output.truncated,
    )
