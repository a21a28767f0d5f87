"""Projects of every kind start as they are found, answer, take up what is saved, stop (R10)."""

import pytest
import samples
import toolchains
from preview_room import Room
from samples import Sample

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda one: one.name)
async def test_a_sample_lives(previews_room: Room, sample: Sample) -> None:
    try:
        async with samples.prepared(previews_room, sample) as order:
            times = await samples.lived(previews_room, sample, await order())
    except toolchains.Missing as error:
        pytest.skip(f"no {error}")
    print(f"{sample.name}: start {times.start:.2f} s, reload {times.reload:.2f} s")
    assert await previews_room.left() == []
