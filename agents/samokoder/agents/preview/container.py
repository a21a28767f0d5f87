"""Containers of programs: made, filled, started, looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samokoder.agents.errors import EngineFailed, PreviewFailed
from samokoder.agents.preview import code, hardening, network
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.plan import Fill, Part, limits_of
from samokoder.agents.preview.spec import Cause
from samokoder.agents.workspace.snapshot import Snapshot

FILLED = "/fill"
"""Where the gateway has the volumes it fills."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``out_of_memory`` also for a child that was killed while the program runs on."""

    running: bool
    exit_code: int
    out_of_memory: bool
    error: str = ""


async def volume(engine: Engine, tag: Tag, fill: Fill, limits: Limits) -> None:
    """Make an empty volume; a bounded one lives in memory and has a size."""
    options = {}
    if fill.bounded:
        size = f"size={limits.scratch}m,mode=1777,nosuid,nodev"
        options = {"type": "tmpfs", "device": "tmpfs", "o": size}
    await engine.call(
        engine.client.create_volume, fill.name, driver_opts=options, labels=tag.labels("volume")
    )


def fill_binds(fills: tuple[Fill, ...]) -> tuple[str, ...]:
    """The gateway's view of the volumes, in their order."""
    return tuple(f"{fill.name}:{FILLED}/{number}:rw" for number, fill in enumerate(fills))


async def fill(engine: Engine, gateway: str, number: int, what: Fill, snapshot: Snapshot) -> None:
    """Put the files of the workspace into a volume, through the gateway."""
    if what.folder is None:
        return
    single = snapshot.files.get(what.folder)
    if single is not None:
        raise PreviewFailed(
            f"{what.folder} is a file; only folders can be volumes", cause=Cause.CRASHED
        )
    packed = await code.archive(snapshot, what.folder, folders=what.folders, links=what.links)
    await code.put(engine, gateway, f"{FILLED}/{number}", packed)


async def create(
    engine: Engine,
    tag: Tag,
    part: Part,
    limits: Limits,
    *,
    inner: str,
    address: str = "",
    environment: Mapping[str, str],
) -> str:
    """Make the container of a part, not started: its id."""
    guard = hardening.guarded(
        limits, network=inner, tmpfs=limits_of(part, limits), binds=part.binds
    )
    config: dict[str, Any] = {
        "Image": part.image,
        "User": part.user,
        "Env": [f"{name}={value}" for name, value in {**environment, **part.environment}.items()],
        "Labels": tag.labels(part.name),
        "Hostname": part.name,
        "StopTimeout": 2,
        "HostConfig": guard,
        "NetworkingConfig": network.attached(inner, address, (part.name,)),
    }
    if part.folder:
        config["WorkingDir"] = part.folder
    if part.entrypoint is not None:
        config["Entrypoint"] = list(part.entrypoint)
    if part.command is not None:
        config["Cmd"] = list(part.command)
    return await engine.make(config, tag.name(f"part-{part.name}"))


async def start(engine: Engine, container: str, part: Part) -> None:
    """Start it. PreviewFailed when its command is not in the image."""
    try:
        await engine.call(engine.client.start, container)
    except EngineFailed as error:
        if "exec" not in error.detail and "OCI runtime" not in error.detail:
            raise
        command = (part.command or part.entrypoint or ("its command",))[0]
        why = "is not in the image" if "not found" in error.detail else error.detail
        raise PreviewFailed(f"{command} {why} ({part.image})", cause=Cause.CRASHED) from error


async def condition(engine: Engine, container: str) -> Condition:
    """How it is. Gone when the engine no longer has it."""
    state: dict[str, Any] = (await engine.call(engine.client.inspect_container, container))["State"]
    return Condition(
        running=bool(state.get("Running")),
        exit_code=int(state.get("ExitCode") or 0),
        out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
    )


async def published(engine: Engine, gateway: str, port: int) -> int:
    """The port on 127.0.0.1 the gateway's own is published at; 0 when it is not."""
    found: dict[str, Any] = await engine.call(engine.client.inspect_container, gateway)
    places = (found["NetworkSettings"].get("Ports") or {}).get(f"{port}/tcp") or ()
    return next((int(p["HostPort"]) for p in places if p.get("HostIp") == "127.0.0.1"), 0)
