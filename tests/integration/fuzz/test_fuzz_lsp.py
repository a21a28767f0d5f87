"""A few fixes over the real protocol while a client types."""

from pathlib import Path

import pytest
from lsp_typing import fuzz


@pytest.mark.slow
async def test_a_client_types_while_fixes_are_applied(tmp_path: Path) -> None:
    """R2: each tag is there once, and run and text agree on what was applied."""
    room = tmp_path / "room"
    room.mkdir()
    score = await fuzz(8, 31, room)
    assert score.faults == []
    assert score.cases == 8
    assert score.applied > 0
    assert sum(score.moves.values()) > 50
