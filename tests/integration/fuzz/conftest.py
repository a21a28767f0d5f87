"""The fuzzers' user writes files in between the product's own steps, on the same loop."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "runs"))


@pytest.fixture(autouse=True)
def blocking_calls() -> None:
    """No detector here: the hands of the user are called from within the product."""
