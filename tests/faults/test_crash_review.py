"""A review survives the end of its process, wherever that comes (R9)."""

from pathlib import Path

import pytest
from killing import scripted
from shape_review import REVIEW, case


@pytest.mark.timeout(180)
async def test_a_review_goes_on_after_a_kill(tmp_path: Path) -> None:
    async with scripted(REVIEW, tmp_path) as model:
        wanted = await case(model, None)
        assert wanted.faults == []
        assert len(wanted.tree["findings"].splitlines()) == 2, "the model's and the data flow's"
        stored = [n for n, name in enumerate(wanted.boundaries, 1) if name == "call.stored"]
        outcome = await case(model, wanted, at=stored[2])
        assert outcome.killed
        assert outcome.faults == []


@pytest.mark.matrix
@pytest.mark.timeout(900)
async def test_a_review_goes_on_from_any_boundary(tmp_path: Path) -> None:
    async with scripted(REVIEW, tmp_path) as model:
        wanted = await case(model, None)
        bad = []
        for at in range(1, len(wanted.boundaries) + 1, 3):
            bad += (await case(model, wanted, at=at)).faults
        assert bad == []
