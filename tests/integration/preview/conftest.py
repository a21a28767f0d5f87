"""Previews against the real engine; without one these tests are skipped, and say so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from preview_room import Room, room


@pytest.fixture
async def previews_room(container_engine: str, tmp_path: Path) -> AsyncIterator[Room]:
    """A room with nothing in it; whatever a test leaves there is an error."""
    async with room(tmp_path) as made:
        yield made
        await made.stop_all()
        assert await made.left() == []
