"""A thinned crash matrix; ``matrix.py --all --random 500`` is the whole one."""

import random
import sys

import pytest
from matrix import Row, chosen, fill
from shapes import EACH, HELD, LATE, MANY, ONE, SOME_HELD, UNDO, UNDO_HELD, Shape

pytestmark = [
    pytest.mark.slow,
    pytest.mark.matrix,
    pytest.mark.timing,  # coverage makes a restart take many times as long
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="the watcher needs inotify and /proc"),
]


@pytest.mark.parametrize(
    ("shape", "boundaries", "moments"),
    [
        pytest.param(ONE, 0, 2, id="one"),
        pytest.param(MANY, 3, 1, id="many"),
        pytest.param(EACH, 2, 1, id="each"),
        pytest.param(HELD, 2, 0, id="held"),
        pytest.param(LATE, 1, 0, id="late"),
        pytest.param(SOME_HELD, 2, 0, id="some-held"),
        pytest.param(UNDO, 2, 0, id="undo"),
        pytest.param(UNDO_HELD, 1, 0, id="undo-held"),
    ],
)
async def test_a_killed_daemon_loses_nothing_and_pays_nothing_twice(
    shape: Shape, boundaries: int, moments: int
) -> None:
    row = Row(shape.name)
    chance = random.Random(shape.name)
    await fill(row, shape, sample=boundaries, moments=moments, chance=chance, pause=None)
    assert [f"{bad.where}: {bad.faults}" for bad in row.bad] == []
    assert row.cases == (boundaries or row.boundaries) > 0


def test_a_sample_has_each_kind_of_boundary_before_any_a_second_time() -> None:
    names = ["a", "a", "b", "a", "c", "b"]
    assert chosen(names, 0, random.Random(1)) == [1, 2, 3, 4, 5, 6]
    assert chosen(names, 3, random.Random(1)) == [1, 3, 5]
    assert {names[n - 1] for n in chosen(names, 4, random.Random(1))} == {"a", "b", "c"}
