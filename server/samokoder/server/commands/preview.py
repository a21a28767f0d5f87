"""`samokoder.preview.*`: the project running in a container."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import anyio
import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta

from samokoder.agents.checks.check import Problem
from samokoder.agents.configuration import WORKSPACE_FILE
from samokoder.agents.errors import EngineMissing, InvalidInput, PreviewFailed, ProjectInvalid
from samokoder.agents.preview import code, loopback, problems
from samokoder.agents.preview.order import Order
from samokoder.agents.preview.remembering import RememberRequest, of_spec
from samokoder.agents.preview.spec import (
    Health,
    LogLine,
    Phase,
    PreviewSpec,
    PreviewStatus,
    Stack,
)
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.server import pages, watcher
from samokoder.server.commands import consent, text, writing
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, Uri, Yes, path_of, root_of

Id = Annotated[str, Meta(description="The preview; empty means the newest of this workspace.")]


class StartArgs(Args, frozen=True):
    root: Root = ""
    uri: Uri = ""
    folder: Annotated[str, Meta(description="The project below the workspace.")] = ""
    image: Annotated[str, Meta(description="Image to run, or to run the project in.")] = ""
    command: Annotated[str, Meta(description="Command line that starts the program.")] = ""
    port: Annotated[int | None, Meta(description="Port inside; 0 for a worker.")] = None
    health: Annotated[str, Meta(description="Path that must answer 2xx or 3xx.")] = ""
    env: Annotated[
        tuple[str, ...], Meta(description="Variable to grant: NAME, or NAME=VALUE.")
    ] = ()
    egress: Annotated[
        tuple[str, ...], Meta(description="Host the program may reach: NAME or NAME:PORT.")
    ] = ()
    runtime: Annotated[str, Meta(description="Container runtime; refused when absent.")] = ""
    minutes: Annotated[float, Meta(ge=0, description="Lifetime without use; 0: as set.")] = 0
    open: Annotated[bool, Meta(description="Open the page in the editor.")] = True
    remember: Annotated[
        bool, Meta(description="Write command and port into samokoder.toml once it runs.")
    ] = False
    yes: Yes = False


class StopArgs(Args, frozen=True):
    preview: Id = ""
    root: Root = ""
    all: Annotated[bool, Meta(description="Every preview of every workspace.")] = False
    forget: Annotated[bool, Meta(description="Remove the workspace's kept images too.")] = False


class StatusArgs(Args, frozen=True):
    preview: Id = ""
    root: Root = ""
    all: Annotated[bool, Meta(description="Every workspace, ended ones too.")] = False


class LogsArgs(Args, frozen=True):
    preview: Id = ""
    root: Root = ""
    tail: Annotated[int, Meta(ge=1, le=10_000, description="How many lines.")] = 200
    follow: Annotated[bool, Meta(description="Go on until it ends; lines come as progress.")] = (
        False
    )


class Statuses(msgspec.Struct, frozen=True):
    """Previews, the newest first."""

    previews: tuple[PreviewStatus, ...]


class Lines(msgspec.Struct, frozen=True):
    """What one preview printed."""

    preview: str
    phase: Phase
    lines: tuple[LogLine, ...]


async def start(call: Call, args: StartArgs) -> PreviewStatus:
    root = await root_of(call, args.root, path_of(args.uri) if args.uri else None)
    once = await consent.to_commands(
        call, root, yes=args.yes, purpose=f"run {root.name} in a container for a preview"
    )
    flags: dict[str, Any] = {}
    if args.runtime:
        flags["preview.runtime"] = args.runtime
    if args.minutes:
        flags["preview.minutes"] = args.minutes
    loaded = await call.service.configuration(root, client=call.client, flags=flags, consent=once)
    settings = loaded.settings.preview
    ignore = loaded.settings.workspace.ignore
    missing = await _missing(call, root / args.folder, settings)
    await call.say("Looking at the project.")
    snapshot = await code.tree(anyio.Path(root), ignore).capture()
    try:
        spec = await _spec(snapshot, args, settings)
    except ProjectInvalid as error:
        wrong = Problem(error.path, error.line, error.detail, source="preview")
        call.service.publish_preview(root, (wrong,))
        raise
    if missing is not None:
        if not loopback.possible(spec):
            raise missing
        if call.client is None:
            # whoever serves the pages must be there after this command
            await watcher.ensure(call)

    async def network(what: str) -> bool:
        return settings.install or await consent.to_network(call, root, what, yes=args.yes)

    order = Order(
        snapshot=snapshot,
        spec=spec,
        settings=settings,
        network=network,
        own_command=bool(args.image and not args.command),
        environment=await run_sync(_environment, args.env, settings, spec),
        egress=tuple(dict.fromkeys((*settings.egress, *args.egress))),
    )
    try:
        status = await call.service.previews.start(order, call.say)
    except PreviewFailed as error:
        # what it printed before it ended leads to the lines that are wrong
        (last, *_) = await call.service.previews.listing(root, ended=True)
        lines = await call.service.previews.lines(last.id)
        call.service.publish_preview(root, await problems.of_failure(root, spec, lines, error))
        raise
    if args.remember:
        await _remember(call, root, args, spec)
    if call.client is None:
        await watcher.ensure(call)
    elif args.open and status.url:
        await pages.show(call.service, call.client, status.url)
    return status


async def _missing(call: Call, folder: Path, settings: PreviewSettings) -> EngineMissing | None:
    """Why there is no engine, where pages could be shown without one. Raises it otherwise, before
    the project is looked at: the answer is quick.
    """
    try:
        await call.service.previews.engine(settings.engine)
    except EngineMissing as error:
        from samokoder.agents.preview.detect.static import has_page

        if not await run_sync(has_page, folder):
            raise
        return error
    return None


async def _remember(call: Call, root: Path, args: StartArgs, spec: PreviewSpec) -> None:
    """What was asked for by hand, else what was found."""
    given = RememberRequest(args.command, args.port or 0, args.health, args.image)
    wanted = given if given != RememberRequest() else of_spec(spec)
    run = await writing.written(call, root, "remember", "Remember how the preview starts", wanted)
    if run:
        await call.say(f"{WORKSPACE_FILE} says it now; `samokoder run undo {run}` takes it back.")


async def _spec(snapshot: Snapshot, args: StartArgs, settings: PreviewSettings) -> PreviewSpec:
    """What was found, changed by the settings, changed by what was asked for."""
    # reads YAML and more; nothing else needs it
    from samokoder.agents.preview.detect import detect

    folder = args.folder.strip("/")
    given = args.command or settings.start
    try:
        spec = await detect(snapshot, folder)
    except InvalidInput:
        if not (args.image or settings.image or given):
            raise
        spec = PreviewSpec(Stack.IMAGE, folder=folder, origin="settings")
    if args.image or given:
        # pages with a command of their own are a program like any other
        if spec.stack in (Stack.COMPOSE, Stack.DOCKERFILE) or (
            given and spec.stack is Stack.STATIC
        ):
            spec = PreviewSpec(Stack.IMAGE, folder=folder, port=spec.port, origin="settings")
        spec = replace(spec, image=args.image)
    if given:
        simple = not set(given) & set("|&;<>$`\n(){}*?")
        words = tuple(shlex.split(given)) if simple else ("sh", "-c", given)
        spec = replace(spec, start=words, build=(), origin="settings")
    port = args.port if args.port is not None else settings.port
    if port or args.port is not None:
        spec = _with_port(spec, port)
    path = args.health or settings.health
    health = Health(path, strict=True) if path else spec.health
    return replace(spec, health=replace(health, seconds=settings.start_seconds))


def _with_port(spec: PreviewSpec, port: int) -> PreviewSpec:
    """Another port, also where the command that was found names the old one."""
    old = str(spec.port)

    def word(one: str) -> str:
        for end in ("", ":", "="):
            if one == old or (end and one.endswith(f"{end}{old}")):
                return f"{one[: len(one) - len(old)]}{port}"
        return one

    start = tuple(word(one) for one in spec.start) if spec.origin != "settings" else spec.start
    services = tuple(
        replace(service, port=port) if service.name == spec.main else service
        for service in spec.services
    )
    return replace(spec, port=port, start=start, services=services)


def _environment(
    given: tuple[str, ...], settings: PreviewSettings, spec: PreviewSpec
) -> dict[str, str]:
    """The granted variables: by name from this process's own, or with the value that was given."""
    found = {name: os.environ[name] for name in settings.environment if name in os.environ}
    for entry in given:
        name, equals, value = entry.partition("=")
        if not name.isidentifier():
            raise InvalidInput(f"{name or entry} is not the name of a variable")
        if not equals and name not in os.environ:
            raise InvalidInput(f"{name} is not set here", hint=f"Give it as {name}=VALUE.")
        found[name] = value if equals else os.environ[name]
    return found


async def _one(call: Call, preview: str, root: str) -> str:
    """The id of the preview that is meant."""
    if preview:
        return preview
    folder = await root_of(call, root)
    for ended in (False, True):
        known = await call.service.previews.listing(folder, ended=ended)
        if known:
            return known[0].id
    raise InvalidInput(
        f"there is no preview of {folder.name}", hint="Start one: `samokoder preview start`."
    )


async def stop(call: Call, args: StopArgs) -> Statuses:
    service = call.service.previews
    if args.all:
        wanted = [status.id for status in await service.listing()]
    elif args.preview:
        wanted = [args.preview]
    else:
        folder = await root_of(call, args.root)
        wanted = [status.id for status in await service.listing(folder)]
    stopped = tuple([await service.stop(preview) for preview in wanted])
    if args.forget:
        folder = await root_of(call, args.root)
        loaded = await call.service.configuration(folder, client=call.client)
        await service.forget(folder, loaded.settings.preview.engine)
    return Statuses(stopped)


async def status(call: Call, args: StatusArgs) -> Statuses:
    service = call.service.previews
    await service.refresh_states()
    if args.preview:
        return Statuses((await service.status(args.preview),))
    root = None if args.all else await root_of(call, args.root)
    return Statuses(await service.listing(root, ended=args.all))


async def logs(call: Call, args: LogsArgs) -> Lines:
    service = call.service.previews
    preview = (await service.status(await _one(call, args.preview, args.root))).id
    if args.follow:
        async for line in service.follow(preview):
            await call.say(_line(line))
    lines = await service.lines(preview, tail=args.tail)
    return Lines(preview, (await service.status(preview)).phase, lines)


def _line(line: LogLine) -> str:
    who = f"{line.service} | " if line.service else ""
    return f"{who}{line.text}"


def _show(one: PreviewStatus) -> str:
    first = f"{one.id}  {one.phase}  {one.url or '-'}  {one.title}"
    lines = [first]
    if one.reason:
        lines.append(f"  {one.reason}")
    if one.phase in (Phase.STARTING, Phase.RUNNING):
        lines.append(f"  until {text.when(one.deadline / 1000)}, longer when it is used")
        lines.append(f"  image {one.image or '-'}, runtime {one.runtime or '-'}")
        port = f", port {one.inside}" if one.inside else ""
        lines.append(f"  command: {one.command or 'the image’s own'}{port}")
        lines.append(f"  variables granted: {', '.join(one.environment) or 'none'}")
        lines.append(f"  hosts it may reach: {', '.join(one.egress) or 'none'}")
    lines += [f"  note: {note}" for note in one.notes]
    return "\n".join(lines)


def _show_all(result: Statuses) -> str:
    return "\n".join(_show(one) for one in result.previews) or "No preview is live here."


COMMANDS = (
    Command(
        "samokoder.preview.start",
        StartArgs,
        start,
        "Run the project in a hardened container and open its page.",
        show=_show,
    ),
    Command(
        "samokoder.preview.stop",
        StopArgs,
        stop,
        "Stop this workspace's previews, or the one named.",
        show=_show_all,
        positional=("preview",),
    ),
    Command(
        "samokoder.preview.status",
        StatusArgs,
        status,
        "Show previews: address, state, until when, what they were granted.",
        show=_show_all,
        positional=("preview",),
    ),
    Command(
        "samokoder.preview.logs",
        LogsArgs,
        logs,
        "Show what a preview printed, builds and installations included.",
        show=lambda result: "\n".join(_line(line) for line in result.lines),
        positional=("preview",),
    ),
)
