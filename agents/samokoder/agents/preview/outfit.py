"""A way out for a phase that may use the network: public hosts, through a gateway of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from samokoder.agents.errors import EngineFailed
from samokoder.agents.preview import gateway, network, removal, witness
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.hardening import Limits
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.network import Network

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Way:
    """``network`` is what containers join; ``proxies`` are the variables that lead out."""

    network: str = "none"
    proxies: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def way_out(
    engine: Engine, tag: Tag, image: str, limits: Limits, hosts: tuple[str, ...]
) -> AsyncIterator[Way]:
    """A network with a proxy to ``hosts``; without hosts there is no network at all."""
    if not hosts:
        yield Way()
        return
    own = Tag(f"{tag.preview}.install", tag.state, tag.deadline, tag.latest)
    try:
        name, subnet = await network.inner(engine, own)
        edge = await network.edge(engine, own)
        door, inside = network.places(subnet, 1)
        place = Network(name, edge, door, inside, network.machine(subnet))
        async with witness.listening(engine) as port:
            container = await gateway.create(
                engine, own, place, image, port=0, limits=limits, allowed=hosts, witness=port
            )
            await engine.call(engine.client.start, container)
            await _up(engine, container)
            await witness.refuse(engine, container)
        yield Way(name, gateway.proxies(place, hosts, ()))
    finally:
        with anyio.CancelScope(shield=True):
            await removal.remove(engine, own.preview)


async def _up(engine: Engine, container: str) -> None:
    with anyio.move_on_after(10.0):
        while True:
            if (await gateway.said(engine, container)).confinement:
                return
            await anyio.sleep(0.05)
    raise EngineFailed("the gateway to the network did not start")
