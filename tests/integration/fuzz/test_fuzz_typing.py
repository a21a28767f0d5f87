"""A few hundred interleavings of the typing fuzzer; the script does thousands."""

from pathlib import Path

import pytest
from keystrokes import fuzz


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
async def test_no_keystroke_and_no_hunk_is_lost(tmp_path: Path, seed: int) -> None:
    """R2: whatever the user does while changes are applied, every text is there exactly once."""
    score = await fuzz(150, seed, tmp_path)
    assert score.faults == []
    assert score.interleavings == 150
    assert score.applied > 60
    assert score.conflicts > 5
    assert sum(score.moves.values()) > 100
