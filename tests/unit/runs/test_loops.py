"""R2: a run that learns nothing new stops and names the state it came back to."""

import pytest

from samokoder.agents.errors import LimitReached
from samokoder.agents.runs.loops import LoopDetector, Standing


def test_an_oscillating_run_stops_and_names_the_repeated_state() -> None:
    detector = LoopDetector(patience=4)
    with pytest.raises(LimitReached, match=r"state [12] came back \(tree (aaaa|bbbb)") as caught:
        for turn in range(50):
            detector.observe(Standing("aaaa" if turn % 2 else "bbbb", ("test_x",)))
    assert "test_x" in str(caught.value)
    assert len(detector._seen) == 2


def test_new_trees_are_progress() -> None:
    detector = LoopDetector(patience=2)
    for turn in range(100):
        detector.observe(Standing(f"tree{turn}", ("test_x",)))


def test_learning_something_new_is_progress_but_the_same_lesson_twice_is_not() -> None:
    detector = LoopDetector(patience=2)
    for turn in range(10):
        detector.observe(Standing("t", ("f",)), learned=f"lesson {turn}")
    with pytest.raises(LimitReached):
        for _ in range(3):
            detector.observe(Standing("t", ("f",)), learned="lesson 1")
