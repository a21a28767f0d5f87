"""Some of the kills of ``shape_generate.py``; ``--sample 0`` there is all of them."""

import random
import sys

import pytest
from shape_generate import GENERATE, HELD, matrix
from shapes import Shape

pytestmark = [
    pytest.mark.slow,
    pytest.mark.matrix,
    pytest.mark.timing,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="the harness reads /proc"),
]


@pytest.mark.parametrize(
    ("shape", "sample", "moments"),
    [pytest.param(GENERATE, 8, 2, id="files"), pytest.param(HELD, 3, 1, id="open-in-an-editor")],
)
async def test_a_killed_generation_ends_with_the_same_tree(
    shape: Shape, sample: int, moments: int
) -> None:
    row = await matrix(shape, sample, moments, random.Random(shape.name))
    assert row.bad == []
    assert row.cases == sample + moments
