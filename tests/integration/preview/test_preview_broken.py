"""What is wrong with a previewed project is shown at its line, and mended from there (R10).

A few of the broken projects; `tests/benchmarks/preview_broken.py` plays all of them.
"""

from pathlib import Path

import broken
import pytest
import toolchains

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

GIST = (
    *("py-request-name", "py-silent", "py-only-local", "py-install", "node-module"),
    *("dockerfile-step", "compose-yaml", "c-compile"),
)


@pytest.mark.parametrize("name", GIST)
def test_the_right_line(container_engine: str, tmp_path: Path, name: str) -> None:
    (case,) = (one for one in broken.cases() if one.name == name)
    try:
        seen = broken.play(case, tmp_path)
    except toolchains.Missing as error:
        pytest.skip(f"no {error}")
    assert broken.right(case, seen), seen
    if case.fix:
        assert seen.verdict.startswith("proven"), seen
        assert seen.healthy, seen


def test_every_project_says_where_it_is_broken() -> None:
    """The labels are lines that exist."""
    for case in broken.cases():
        if case.at:
            path, _, line = case.at.rpartition(":")
            text = (broken.CASES / case.name / "project" / path).read_text()
            assert 0 < int(line) <= len(text.splitlines()), case
    assert len(broken.cases()) >= 20
