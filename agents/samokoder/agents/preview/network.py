"""The networks of a preview: an inner one that leads nowhere, an edge only the gateway is on.

The inner network is internal *and* has no address of the machine on it: an internal network alone
still reaches the machine's own services through its bridge, and publishes no port. The gateway, on
both, is the only way in.
"""

import ipaddress
import secrets
from dataclasses import dataclass
from typing import Any, Final

from samokoder.agents.errors import EngineFailed, InvalidInput
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.labels import Tag

POOL: Final = ipaddress.IPv4Network("10.213.0.0/16")
"""Where inner networks take their addresses: nothing routes to them, so they only must not overlap
one another. An engine's own pools end after some thirty networks."""
_PREFIX: Final = 27
"""Room for the gateway and 28 programs."""
MOST: Final = 28
_TRIES: Final = 40
GATEWAY_NAME: Final = "samokoder-gateway"


@dataclass(frozen=True, slots=True)
class Network:
    """``gateway`` and ``main`` are the addresses of these two containers on the inner network.

    ``machine`` is the address this machine would have there, were it not kept out.
    """

    inner: str
    edge: str
    gateway: str
    main: str
    machine: str


async def inner(engine: Engine, tag: Tag, role: str = "inner") -> tuple[str, ipaddress.IPv4Network]:
    """Make the inner network: its name and its addresses."""
    name = tag.name(role)
    subnets = list(POOL.subnets(new_prefix=_PREFIX))
    last: EngineFailed | None = None
    for _ in range(_TRIES):
        subnet = secrets.choice(subnets)
        options = {
            "com.docker.network.bridge.inhibit_ipv4": "true",
            "com.docker.network.bridge.enable_ip_masquerade": "false",
        }
        try:
            await engine.call(
                engine.client.create_network,
                name,
                driver="bridge",
                options=options,
                ipam=_pool(subnet),
                internal=True,
                labels=tag.labels(role),
                enable_ipv6=False,
            )
        except EngineFailed as error:
            if "overlap" not in str(error).lower() and "subnet" not in str(error).lower():
                raise
            last = error
        else:
            return name, subnet
    raise last or EngineFailed("no free addresses for a network")


async def edge(engine: Engine, tag: Tag, role: str = "edge") -> str:
    """Make the network between the gateway and the machine: its name."""
    name = tag.name(role)
    make = engine.client.create_network
    options = {"com.docker.network.bridge.enable_icc": "false"}
    labels = tag.labels(role)
    try:
        await engine.call(make, name, driver="bridge", options=options, labels=labels)
    except EngineFailed as error:
        if "pool" not in str(error):
            raise
        # the engine's own pools are used up
        for _ in range(_TRIES):
            subnet = secrets.choice(list(POOL.subnets(new_prefix=_PREFIX)))
            try:
                await engine.call(
                    make, name, driver="bridge", options=options, labels=labels, ipam=_pool(subnet)
                )
            except EngineFailed as again:
                if "overlap" not in str(again).lower():
                    raise
            else:
                return name
        raise
    return name


def places(subnet: ipaddress.IPv4Network, programs: int) -> tuple[str, ...]:
    """The addresses of the gateway and of the programs; the first is the bridge's, were it there.

    :class:`InvalidInput` for more programs than there is room for.
    """
    if programs > MOST:
        raise InvalidInput(f"{programs} services are too many for a preview (at most {MOST})")
    return tuple(str(subnet[2 + number]) for number in range(programs + 1))


def machine(subnet: ipaddress.IPv4Network) -> str:
    """The address an engine gives to its bridge."""
    return str(subnet[1])


def attached(network: str, address: str = "", aliases: tuple[str, ...] = ()) -> dict[str, Any]:
    """The ``NetworkingConfig`` of a container on one network."""
    place: dict[str, Any] = {"Aliases": list(aliases)}
    if address:
        place["IPAMConfig"] = {"IPv4Address": address}
    return {"EndpointsConfig": {network: place}}


def _pool(subnet: ipaddress.IPv4Network) -> dict[str, Any]:
    return {"Driver": "default", "Config": [{"Subnet": str(subnet)}]}
