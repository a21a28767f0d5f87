"""Escapes and abuse from inside a preview, each with a control that shows the probe works (R11)."""

import os
import textwrap

import anyio
import pytest
from images import PYTHON
from preview_room import Room, python
from probes import probe, table

pytestmark = pytest.mark.engine

FLOOD = """
    import os, time
    line = b"x" * 1023 + b"\\n"
    for _ in range(16 * 1024):
        os.write(1, line)
    os.write(1, b"done\\n")
    time.sleep(99)
"""


@pytest.mark.timeout(240)
async def test_probes_are_refused_or_bounded(previews_room: Room) -> None:
    if not os.environ.get("SAMOKODER_ENGINE_INSIDE"):
        pytest.skip("no engine of our own: `scripts/engine run` has one in its own network")
    outcomes = await probe(previews_room)
    print(table(outcomes))
    assert [o.probe.name for o in outcomes if not o.held] == []
    assert [(o.probe.name, o.control) for o in outcomes if not o.works] == []


async def test_a_log_flood_is_bounded(previews_room: Room) -> None:
    engine = await previews_room.previews.engine()

    async def kept(container: str) -> int:
        """MiB of the 16 that were printed."""
        with anyio.fail_after(40):
            while b"done" not in await engine.call(engine.client.logs, container, tail=3):
                await anyio.sleep(0.2)
        return len(await engine.call(engine.client.logs, container)) >> 20

    status = await previews_room.start(python(port=0), {"app.py": FLOOD}, log=2)
    assert await kept((await previews_room.container(status))["Id"]) <= 2
    await previews_room.previews.stop(status.id)
    config = {
        "Image": PYTHON,
        "Cmd": ["python3", "-c", textwrap.dedent(FLOOD)],
        "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {}}},
    }
    free = await engine.call(engine.client.create_container_from_config, config, None)
    try:
        await engine.call(engine.client.start, free["Id"])
        assert await kept(free["Id"]) == 16
    finally:
        await engine.call(engine.client.remove_container, free["Id"], force=True)
