"""Ready when the port answers; otherwise why not, in one line."""

import re
from dataclasses import dataclass
from typing import Final

import anyio

from samokoder.agents.errors import EngineFailed, PreviewFailed
from samokoder.agents.preview import container, netns, output
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.plan import Part
from samokoder.agents.preview.spec import Cause, Health, LogLine

FIRST: Final = 0.03
"""Seconds between the first questions; they grow to ``SLOWEST``."""
SLOWEST: Final = 0.3
_STATE: Final = 0.25
"""Seconds between looks at the container."""
_ELSEWHERE: Final = 6.0
"""Seconds after which a program that listens, but elsewhere, is taken to stay there."""
_ANSWER: Final = 10.0
"""Seconds one answer may take: a page may compile first."""
_LAST_WORDS: Final = 2.0
"""Seconds a program has to say where it hangs."""
_STATUS = re.compile(rb"^HTTP/\d(?:\.\d)? (\d{3})")
AGENT: Final = "samokoder-health"
_INIT = re.compile(r"^\[FATAL tini \(\d+\)\] exec (.+) failed: ")
"""What the engine's own first process says when there is no such program."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is waited for: its container, and where its port is published on this machine."""

    part: Part
    container: str
    port: int
    health: Health
    tools: str
    """The image that looks into its network when nothing answers."""


async def ready(engine: Engine, tag: Tag, program: Program, limits: Limits) -> int:
    """Wait until it is ready: the HTTP status it answered with, 0 for what speaks no HTTP.

    Raises PreviewFailed with its cause.
    """
    health = program.health
    status = -1
    looked = anyio.current_time()
    begun = looked
    pause = FIRST
    with anyio.move_on_after(health.seconds):
        while True:
            status = await _asked(engine, program)
            if _good(status, health):
                return max(status, 0)
            now = anyio.current_time()
            if now - looked > _STATE:
                looked = now
                await _still_running(engine, program, limits)
                if status == -1 and now - begun > _ELSEWHERE:
                    begun = now
                    await _listens_elsewhere(engine, tag, program, limits)
            await anyio.sleep(pause)
            pause = min(pause * 1.5, SLOWEST)
    await _still_running(engine, program, limits)
    if status == -1:
        if await _listens_elsewhere(engine, tag, program, limits):
            raise PreviewFailed(
                f"port {program.part.port} closes every connection without an answer",
                cause=Cause.UNHEALTHY,
            )
        await _where_it_is(engine, program)
        raise PreviewFailed(
            f"nothing listens on port {program.part.port} after {health.seconds:g} s",
            cause=Cause.SILENT,
        )
    what = f"{health.path} answered {status}" if not health.command else "its own check fails"
    raise PreviewFailed(f"unhealthy for {health.seconds:g} s: {what}", cause=Cause.UNHEALTHY)


async def settled(engine: Engine, program: Program, limits: Limits, seconds: float) -> None:
    """A program without a port counts as started when it still runs, or has ended well."""
    with anyio.move_on_after(seconds):
        while True:
            now = await container.condition(engine, program.container)
            if not now.running and now.exit_code == 0 and not now.out_of_memory:
                return
            await _still_running(engine, program, limits)
            await anyio.sleep(_STATE)


def _good(status: int, health: Health) -> bool:
    if health.command:
        return status == 0
    if health.strict:
        return 200 <= status < 400
    return status >= 0


async def _asked(engine: Engine, program: Program) -> int:
    """The status; 0 for an answer that is not HTTP, -1 for none."""
    if program.health.command:
        return await _own_check(engine, program)
    return await answer(program.port, program.health.path)


async def answer(port: int, path: str) -> int:
    """The HTTP status of a page on this machine; 0 for other words, -1 when nobody answers."""
    try:
        with anyio.fail_after(_ANSWER):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(
                    f"GET {path or '/'} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                    f"User-Agent: {AGENT}\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
                )
                head = await stream.receive()
    except (OSError, anyio.EndOfStream, anyio.BrokenResourceError):
        return -1
    found = _STATUS.match(head)
    return int(found[1]) if found else 0


async def _own_check(engine: Engine, program: Program) -> int:
    """The exit code of the check inside the container; -1 when it cannot run there."""
    client = engine.client
    try:
        made = await engine.call(client.exec_create, program.container, program.health.command)
        await engine.call(client.exec_start, made["Id"])
        code = (await engine.call(client.exec_inspect, made["Id"])).get("ExitCode")
    except EngineFailed:
        return -1
    return 0 if code == 0 else max(int(code or 1), 1)


async def _still_running(engine: Engine, program: Program, limits: Limits) -> None:
    """Raises PreviewFailed when it has ended, or was killed for its memory."""
    now = await container.condition(engine, program.container)
    if now.out_of_memory:
        raise PreviewFailed(
            f"out of memory: it may use {limits.memory} MiB",
            hint="Raise `preview.memory`.",
            cause=Cause.OUT_OF_MEMORY,
        )
    if now.running:
        return
    said = await output.Reader(engine, program.container).read(tail=40)
    raise PreviewFailed(ended(program.part, now.exit_code, said), cause=Cause.CRASHED)


def ended(part: Part, exit_code: int, said: list[LogLine]) -> str:
    """How a program ended, with its last words."""
    words = output.last_words(said)
    command = " ".join(part.command or part.entrypoint or (part.image,))
    command = command if len(command) <= 60 else f"{command[:59]}…"
    tini = _INIT.search(words)
    if tini and exit_code in (126, 127):
        missing = "is not in the image" if exit_code == 127 else "cannot be executed"
        return f"{tini[1]} {missing} ({part.image})"
    text = f"{command} ended with exit code {exit_code}"
    if "Read-only file system" in words or "Errno 30" in words or "EROFS" in words:
        text += " (the project is read-only in a preview; `/tmp` is not)"
    return f"{text}: {words}" if words else text


async def _where_it_is(engine: Engine, program: Program) -> None:
    """Let a program that hangs print where: Python (with its fault handler) and Go do at SIGABRT.

    It ends by that; it did not come up anyway.
    """
    client = engine.client
    argv = ["sh", "-c", "kill -ABRT -1"]
    try:
        made = await engine.call(client.exec_create, program.container, argv)
        await engine.call(client.exec_start, made["Id"], detach=True)
        await engine.call(client.wait, program.container, timeout=_LAST_WORDS)
    except EngineFailed:
        # an image without a shell: it stays unknown
        return


async def _listens_elsewhere(engine: Engine, tag: Tag, program: Program, limits: Limits) -> bool:
    """Whether it listens where it should. Raises PreviewFailed when it only does elsewhere."""
    wanted = program.part.port
    places = await netns.listening(engine, tag, program.container, program.tools, limits)
    places = [p for p in places if p.address not in ("127.0.0.11",)]
    local = [p for p in places if p.port == wanted and p.local]
    if local and not any(p.port == wanted and not p.local for p in places):
        raise PreviewFailed(
            f"it listens on {local[0].address}:{wanted}, which only it can reach",
            hint=f"Let it listen on 0.0.0.0:{wanted}.",
            cause=Cause.WRONG_PORT,
            listens=f"{local[0].address}:{wanted}",
        )
    others = [p for p in places if p.port != wanted]
    if others and not any(p.port == wanted for p in places):
        first = min(others, key=lambda p: (p.local, p.port))
        raise PreviewFailed(
            f"it listens on port {first.port}, not on {wanted}",
            hint=f"Start it with --port {first.port}, or set `preview.port`.",
            cause=Cause.WRONG_PORT,
            listens=f"{first.address}:{first.port}",
        )
    return any(p.port == wanted and not p.local for p in places)
