"""A fix is killed at moments that no boundary names: while starting, while checking."""

import pytest
from crashing import moment

pytestmark = [pytest.mark.slow, pytest.mark.timing, pytest.mark.timeout(900)]


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.2, 0.3])
async def test_whatever_the_moment_the_tree_is_whole_and_the_run_ends(seconds: float) -> None:
    found = await moment(seconds)
    assert found.good, found
