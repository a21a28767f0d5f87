"""From a plan to running containers: networks, volumes, gateway, programs.

Everything is labelled before it is started; whoever calls this removes by label what it left when
it fails or is cancelled.
"""

from dataclasses import dataclass

import anyio

from samokoder.agents.errors import EngineFailed, PreviewFailed
from samokoder.agents.preview import container, gateway, health, network
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.network import Network
from samokoder.agents.preview.plan import Fill, Part, Plan
from samokoder.agents.preview.spec import Cause, Health
from samokoder.agents.workspace.snapshot import Snapshot

SETTLE = 1.0
"""Seconds a program without a port must run to count as started."""
_GATEWAY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Site:
    """What a launch needs beside its plan. ``tools`` is the gateway's image."""

    engine: Engine
    tag: Tag
    snapshot: Snapshot
    limits: Limits
    tools: str
    egress: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is made; the gateway runs and the volumes are filled. Programs are not started."""

    place: Network
    gateway: str
    containers: dict[str, str]
    port: int


async def prepare(site: Site, plan: Plan) -> Stage:
    """Make everything, start the gateway, fill the volumes."""
    engine, tag = site.engine, site.tag
    made: dict[str, str] = {}
    names: dict[str, str] = {}

    async def inner() -> None:
        name, subnet = await network.inner(engine, tag)
        names["inner"] = name
        names["gateway"], names["main"] = network.places(subnet)

    async def edge() -> None:
        names["edge"] = await network.edge(engine, tag)

    async with _together() as tasks:
        tasks.start_soon(inner)
        tasks.start_soon(edge)
        for fill in plan.fills:
            tasks.start_soon(container.volume, engine, tag, fill, site.limits)
    place = Network(names["inner"], names["edge"], names["gateway"], names["main"])
    services = tuple(part.name for part in plan.parts)
    proxies = gateway.proxies(place, site.egress, services)

    async def door() -> None:
        made[""] = await gateway.create(
            engine,
            tag,
            place,
            site.tools,
            port=plan.main.port,
            limits=site.limits,
            allowed=site.egress,
            binds=container.fill_binds(plan.fills),
        )
        before: list[tuple[int, Fill]] = []
        after: list[tuple[int, Fill]] = []
        for number, fill in enumerate(plan.fills):
            (after if fill.bounded else before).append((number, fill))
        for number, fill in before:
            await container.fill(engine, made[""], number, fill, site.snapshot)
        await engine.call(engine.client.start, made[""])
        # a volume in memory keeps its files only while a container that runs has it
        for number, fill in after:
            await container.fill(engine, made[""], number, fill, site.snapshot)

    async def part(one: Part) -> None:
        address = place.main if one.name == plan.shown else ""
        made[one.name] = await container.create(
            engine,
            tag,
            one,
            site.limits,
            inner=place.inner,
            address=address,
            environment=proxies,
        )

    async with _together() as tasks:
        tasks.start_soon(door)
        # the engine hands out addresses itself: the one that is wanted is taken first
        for one in sorted(plan.parts, key=lambda p: p.name != plan.shown):
            tasks.start_soon(part, one)
    port = 0
    if plan.main.port:
        port = await container.published(engine, made[""], gateway.LISTEN)
        if not port:
            raise EngineFailed("the gateway's port was not published")
    door_id = made.pop("")
    return Stage(place, door_id, made, port)


async def start(site: Site, plan: Plan, stage: Stage, seconds: float) -> int:
    """Start the programs in their order and wait until the shown one is ready: its HTTP status.

    Raises PreviewFailed with the cause.
    """
    for one in plan.parts:
        await container.start(site.engine, stage.containers[one.name], one)
        waited = any(one.name in other.after for other in plan.parts)
        if waited and one.health is not None and one.health.command:
            await _ready(site, one, stage, seconds, named=len(plan.parts) > 1)
    return await _ready(site, plan.main, stage, seconds, named=False)


async def _ready(site: Site, part: Part, stage: Stage, seconds: float, *, named: bool) -> int:
    own = part.health or Health(seconds=seconds)
    program = health.Program(
        part=part,
        container=stage.containers[part.name],
        port=stage.port,
        health=own,
        tools=site.tools,
    )
    try:
        if not part.port and not own.command:
            await health.settled(site.engine, program, site.limits, SETTLE)
            return 0
        return await health.ready(site.engine, site.tag, program, site.limits)
    except PreviewFailed as error:
        if not named:
            raise
        raise PreviewFailed(
            f"{part.name}: {error.detail}", hint=error.hint, cause=error.cause
        ) from error


class _together:  # noqa: N801 reads as a function where it is used
    """A task group whose first failure is raised as itself."""

    def __init__(self) -> None:
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> "anyio.abc.TaskGroup":
        return await self._tasks.__aenter__()

    async def __aexit__(self, *error: object) -> bool | None:
        try:
            return await self._tasks.__aexit__(*error)  # type: ignore[arg-type]
        except BaseExceptionGroup as group:
            first: BaseException = group
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from group


async def confinement(site: Site, stage: Stage) -> gateway.Said:
    """What the gateway found about its own confinement. EngineFailed when it does not say."""
    with anyio.move_on_after(_GATEWAY_SECONDS):
        while True:
            said = await gateway.said(site.engine, stage.gateway)
            if said.confinement:
                return said
            now = await container.condition(site.engine, stage.gateway)
            if not now.running:
                raise EngineFailed(f"the gateway ended with exit code {now.exit_code}")
            await anyio.sleep(0.05)
    raise EngineFailed("the gateway did not start in time")


def causes(error: BaseException) -> Cause:
    """The cause a failed start is recorded with."""
    if isinstance(error, PreviewFailed):
        return Cause(error.cause) if error.cause else Cause.CRASHED
    return Cause.ENGINE_LOST if isinstance(error, EngineFailed) else Cause.NONE
