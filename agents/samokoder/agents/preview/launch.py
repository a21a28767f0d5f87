"""From a plan to running containers: networks, volumes, gateway, programs.

Everything is labelled before it is started; whoever calls this removes by label what it left when
it fails or is cancelled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import anyio

from samokoder.agents.errors import EngineFailed, PreviewFailed
from samokoder.agents.preview import container, gateway, health, network, witness
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.network import Network
from samokoder.agents.preview.plan import Part, Plan
from samokoder.agents.preview.spec import Cause, Health
from samokoder.agents.preview.together import together
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
    witness: int = 0
    """A port of this machine that must not be reached; 0: that cannot be tried."""
    careful: bool = False
    """Whether nothing of the project may run before its confinement has been looked at."""


@dataclass(frozen=True, slots=True)
class Nets:
    """The networks, made; ``subnet`` has the addresses of the inner one."""

    inner: str
    edge: str
    subnet: IPv4Network


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is made and nothing runs. ``containers`` are the programs', by their part."""

    place: Network
    gateway: str
    containers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Started:
    """``port`` is on 127.0.0.1, 0 where nothing is published; ``status`` is of HTTP."""

    port: int
    status: int
    confinement: Mapping[str, str]


async def networks(engine: Engine, tag: Tag) -> Nets:
    """Make both networks."""
    names: dict[str, str] = {}
    subnets: list[IPv4Network] = []

    async def inner() -> None:
        names["inner"], subnet = await network.inner(engine, tag)
        subnets.append(subnet)

    async def edge() -> None:
        names["edge"] = await network.edge(engine, tag)

    async with together() as tasks:
        tasks.start_soon(inner)
        tasks.start_soon(edge)
    return Nets(names["inner"], names["edge"], subnets[0])


async def prepare(site: Site, plan: Plan, nets: Nets) -> Stage:
    """Make everything, and fill the volumes that keep their files while nothing runs."""
    engine, tag = site.engine, site.tag
    # given out here: left to the engine, a program started first could take another's
    door, *others = network.places(nets.subnet, len(plan.parts))
    addresses = {part.name: place for part, place in zip(plan.parts, others, strict=True)}
    machine = network.machine(nets.subnet)
    place = Network(nets.inner, nets.edge, door, addresses[plan.shown], machine)
    proxies = gateway.proxies(place, site.egress, tuple(addresses))
    made: dict[str, str] = {}
    doors: list[str] = []
    async with together() as tasks:
        for fill in plan.fills:
            tasks.start_soon(container.volume, engine, tag, fill, site.limits)

    async def part(one: Part) -> None:
        made[one.name] = await container.create(
            engine,
            tag,
            one,
            site.limits,
            inner=place.inner,
            address=addresses[one.name],
            environment=proxies,
        )

    async def gate() -> None:
        doors.append(
            await gateway.create(
                engine,
                tag,
                place,
                site.tools,
                port=plan.main.port,
                limits=site.limits,
                allowed=site.egress,
                binds=container.fill_binds(plan.fills),
                witness=site.witness,
            )
        )
        for number, fill in enumerate(plan.fills):
            if not fill.bounded:
                await container.fill(engine, doors[0], number, fill, site.snapshot)

    async with together() as tasks:
        tasks.start_soon(gate)
        for one in plan.parts:
            tasks.start_soon(part, one)
    return Stage(place, doors[0], made)


async def start(
    site: Site, plan: Plan, stage: Stage, seconds: float, check: Callable[[Mapping[str, str]], None]
) -> Started:
    """Start the gateway and the programs, and wait until the one that is shown is ready.

    ``check`` is given what the gateway found about its confinement; with ``site.careful`` before
    any program is started. Raises what ``check`` raises, or PreviewFailed with the cause.
    """
    filled_later = any(fill.bounded and fill.folder is not None for fill in plan.fills)
    first = plan.parts[0]
    if site.careful or filled_later:
        port = await _open(site, plan, stage)
        seen = await _confinement(site, stage)
        check(seen)
        await witness.refuse(site.engine, stage.gateway)
        await container.start(site.engine, stage.containers[first.name], first)
    else:
        ports: list[int] = []

        async def gate() -> None:
            ports.append(await _open(site, plan, stage))

        async with together() as tasks:
            tasks.start_soon(gate)
            tasks.start_soon(container.start, site.engine, stage.containers[first.name], first)
        port = ports[0]
        seen = await _confinement(site, stage)
        check(seen)
    for one in plan.parts:
        if one is not first:
            await container.start(site.engine, stage.containers[one.name], one)
        waited = any(one.name in other.after for other in plan.parts)
        if waited and one.health is not None and one.health.command:
            await _ready(site, one, stage, port, seconds, named=len(plan.parts) > 1)
    status = await _ready(site, plan.main, stage, port, seconds, named=False)
    await witness.refuse(site.engine, stage.gateway)
    return Started(port, status, seen)


async def _open(site: Site, plan: Plan, stage: Stage) -> int:
    """Start the gateway: its port on 127.0.0.1, 0 where there is none."""
    engine = site.engine
    await engine.call(engine.client.start, stage.gateway)
    for number, fill in enumerate(plan.fills):
        # a volume in memory keeps its files only while a container that runs has it
        if fill.bounded:
            await container.fill(engine, stage.gateway, number, fill, site.snapshot)
    if not plan.main.port:
        return 0
    port = await container.published(engine, stage.gateway, gateway.LISTEN)
    if not port:
        raise EngineFailed("the gateway's port was not published")
    return port


async def _ready(
    site: Site, part: Part, stage: Stage, port: int, seconds: float, *, named: bool
) -> int:
    own = part.health or Health(seconds=seconds)
    program = health.Program(
        part=part,
        container=stage.containers[part.name],
        port=port,
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


async def _confinement(site: Site, stage: Stage) -> Mapping[str, str]:
    """What the gateway found about its own confinement. EngineFailed when it does not say."""
    with anyio.move_on_after(_GATEWAY_SECONDS):
        while True:
            said = await gateway.said(site.engine, stage.gateway)
            if said.confinement:
                return said.confinement
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
