"""Images: there already, fetched where that is allowed, or built from the project's Dockerfile."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from samokoder.agents.errors import EngineFailed, ImageMissing, InvalidInput, PreviewFailed
from samokoder.agents.preview import cache, code, labels, tools
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import MIB
from samokoder.agents.preview.spec import Cause, LogLine, PreviewSpec, Source, Stack
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import clock

Tell = Callable[[LogLine], None]
"""Takes a line of a build or an installation."""

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
_STEP = re.compile(r"^ ---> ([0-9a-f]{12,64})$")
"""The image a step made."""
_STARTERS: Final = frozenset({"python", "python3", "node", "sh", "bash", "ash", "dash", "irb"})
"""Programs that start nothing by themselves: an image with one of these is a base image."""
_ENTRIES: Final = frozenset({"docker-entrypoint.sh"})


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself."""

    id: str
    user: str = ""
    folder: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def starts(self) -> bool:
        """Whether it runs something by itself, and is not just a system with an interpreter."""
        words = [posixpath.basename(word) for word in (*self.entrypoint, *self.command)]
        return any(word not in _STARTERS | _ENTRIES for word in words)


@dataclass(frozen=True, slots=True)
class Build:
    """A Dockerfile of the workspace. ``network`` is the engine's name of one, or ``none``."""

    dockerfile: str
    context: str
    name: str
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str = "none"
    proxies: Mapping[str, str] = field(default_factory=dict)


async def look(engine: Engine, name: str) -> Image:
    """What the image says of itself. EngineFailed when it is not there."""
    found: dict[str, Any] = await engine.call(engine.client.inspect_image, name)
    config: dict[str, Any] = found.get("Config") or {}
    return Image(
        id=str(found["Id"]),
        user=str(config.get("User") or ""),
        folder=str(config.get("WorkingDir") or ""),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        volumes=tuple(config.get("Volumes") or ()),
        ports=tuple(
            int(port.partition("/")[0])
            for port in config.get("ExposedPorts") or ()
            if port.endswith("/tcp")
        ),
    )


async def base(
    engine: Engine, spec: PreviewSpec, settings: PreviewSettings, tell: Tell
) -> tuple[str, tuple[str, ...]]:
    """The image a project without a Dockerfile runs in, and what is to be noted about it."""
    if spec.stack is Stack.STATIC and not (spec.image or spec.base):
        return await tools.image(engine, settings.python_image), ()
    named = spec.image or settings.image or spec.base
    wanted = named or {
        Stack.PYTHON: settings.python_image,
        Stack.NODE: settings.node_image,
        Stack.GO: settings.go_image,
        Stack.RUST: settings.rust_image,
        Stack.C: settings.c_image,
    }.get(spec.stack, settings.python_image)
    try:
        await have(engine, wanted, settings, tell)
    except ImageMissing as error:
        if named or spec.stack is not Stack.PYTHON:
            raise
        own = await tools.image(engine, wanted)
        return own, (f"{wanted} could not be had ({error.detail}): this machine's Python runs it",)
    return wanted, ()


async def have(engine: Engine, name: str, settings: PreviewSettings, tell: Tell) -> None:
    """The image is there, fetched if need be. Raises ImageMissing."""
    if await tools.exists(engine, name):
        return
    if not settings.pull:
        raise ImageMissing(f"{name} (`preview.pull` is off)")
    tell(LogLine(f"fetching {name}", Source.BUILD, at=clock.now_ms()))
    try:
        with anyio.fail_after(settings.install_seconds):
            async with engine.streaming(
                lambda client: client.pull(name, stream=True, decode=True)
            ) as items:
                async for item in items:
                    if "error" in item:
                        raise ImageMissing(f"{name}: {item['error']}")
                    if "progress" not in item and item.get("status"):
                        tell(LogLine(str(item["status"]), Source.BUILD, at=clock.now_ms()))
    except EngineFailed as error:
        raise ImageMissing(f"{name}: {error.detail}") from error
    except TimeoutError as error:
        raise ImageMissing(f"{name}: {settings.install_seconds:g} s were not enough") from error


async def build(
    engine: Engine, snapshot: Snapshot, order: Build, settings: PreviewSettings, tell: Tell
) -> None:
    """Build a Dockerfile of the workspace; its output is told line by line.

    Raises PreviewFailed with the step that failed, ImageMissing for a base that cannot be had.
    """
    text = (await snapshot.read(order.dockerfile)).decode("utf-8", "replace")
    if not settings.pull:
        await _bases(engine, text)
    kept = await _context(snapshot, order)
    packed = await code.archive(snapshot, order.context, only=kept)
    where = _inside(order)
    memory = settings.install_memory * MIB
    last = begun = ""
    steps: list[str] = []
    try:
        with anyio.fail_after(settings.install_seconds):
            async with engine.streaming(
                lambda client: client.build(
                    fileobj=packed,
                    custom_context=True,
                    dockerfile=where,
                    tag=order.name,
                    target=order.target or None,
                    buildargs={**order.proxies, **order.arguments},
                    network_mode=order.network,
                    labels={labels.CACHE: "build", labels.ROOT: str(snapshot.root)},
                    container_limits={"memory": memory, "memswap": memory},
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
            ) as items:
                async for item in items:
                    if "error" in item:
                        await cache.keep_steps(engine, order.name, steps)
                        raise _failed(str(item["error"]), last)
                    # a program's writes arrive as they were made, also in the middle of a line
                    *lines, begun = (begun + str(item.get("stream", ""))).split("\n")
                    for line in lines:
                        if line.strip():
                            tell(LogLine(line.rstrip(), Source.BUILD, at=clock.now_ms()))
                            last = line if line.startswith("Step ") else last
                            made = _STEP.match(line)
                            if made and ": FROM " not in last:
                                steps.append(made[1])
        await cache.drop_steps(engine, order.name)
    except TimeoutError as error:
        raise PreviewFailed(
            f"the image was not built within {settings.install_seconds:g} s ({last})",
            cause=Cause.BUILD_FAILED,
        ) from error
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(packed.close)


def _failed(said: str, step: str) -> PreviewFailed:
    """The step, what it ran and its exit code, in one line."""
    return PreviewFailed(
        f"building the image failed at {step.strip()}: {' '.join(said.split())}",
        cause=Cause.BUILD_FAILED,
    )


async def _bases(engine: Engine, dockerfile: str) -> None:
    stages = {"scratch"}
    for name, stage in _FROM.findall(dockerfile):
        if name not in stages and "$" not in name and not await tools.exists(engine, name):
            raise ImageMissing(f"{name}, named by the Dockerfile (`preview.pull` is off)")
        stages.add(stage or name)


def _inside(order: Build) -> str:
    """Where the Dockerfile is in its context. InvalidInput when it is not in there."""
    if not order.context:
        return order.dockerfile
    if not order.dockerfile.startswith(f"{order.context}/"):
        raise InvalidInput(
            f"{order.dockerfile} is outside its build context {order.context}",
            hint="Move it into that folder.",
        )
    return order.dockerfile.removeprefix(f"{order.context}/")


async def _context(snapshot: Snapshot, order: Build) -> set[str]:
    """The places of the build context a .dockerignore leaves in."""
    places = set(code.below(snapshot, order.context))
    ignore = posixpath.join(order.context, ".dockerignore")
    if ignore not in snapshot.files:
        return places
    from docker.utils.build import PatternMatcher

    text = (await snapshot.read(ignore)).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines()]
    matcher = PatternMatcher([line for line in lines if line and not line.startswith("#")])
    needed = {_inside(order), ".dockerignore"}
    return {place for place in places if place in needed or not matcher.matches(place)}
