"""An engine that gives this machine an address on a program's network is found out (R11)."""

import ipaddress

import pytest
from preview_room import Room

from samokoder.agents.errors import IsolationMissing
from samokoder.agents.preview import gateway, hardening, labels, network, removal, tools, witness
from samokoder.agents.preview.network import Network
from samokoder.state import clock

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("kept_out", [False, True])
async def test_who_reaches_the_machine_is_refused(previews_room: Room, kept_out: bool) -> None:
    engine = await previews_room.previews.engine()
    later = clock.now_ms() + 60_000
    tag = labels.Tag("control", previews_room.previews.state, later, later)
    subnet = ipaddress.IPv4Network("10.213.255.224/27")
    try:
        if kept_out:
            name, subnet = await network.inner(engine, tag)
        else:
            # as an engine makes it that does not know the option
            name = tag.name("inner")
            pool = {"Driver": "default", "Config": [{"Subnet": str(subnet)}]}
            make = engine.client.create_network
            marks = tag.labels("inner")
            await engine.call(make, name, driver="bridge", internal=True, ipam=pool, labels=marks)
        door, inside = network.places(subnet, 1)
        edge = await network.edge(engine, tag)
        place = Network(name, edge, door, inside, network.machine(subnet))
        image = await tools.image(engine, "")
        limits = hardening.limits(previews_room.settings, "")
        async with witness.listening(engine) as port:
            made = await gateway.create(
                engine, tag, place, image, port=0, limits=limits, witness=port
            )
            await engine.call(engine.client.start, made)
            if kept_out:
                await witness.refuse(engine, made)
            else:
                with pytest.raises(IsolationMissing, match="reaches the services"):
                    await witness.refuse(engine, made)
    finally:
        await removal.remove(engine, "control")
