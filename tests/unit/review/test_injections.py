"""Nobody talks a reviewer out of a finding by what stands in the code (R12)."""

from pathlib import Path

import pytest
from injections import SAID, WANTED, Attack, attacks, found

ALL = list(attacks())


def test_the_corpus_is_large_enough() -> None:
    assert len(ALL) >= 60
    assert len({attack.name for attack in ALL}) == len(ALL)


@pytest.mark.parametrize("number", range(len(SAID)))
async def test_what_the_code_says_to_its_reviewer_changes_nothing(
    tmp_path: Path, number: int
) -> None:
    mine = [attack for attack in ALL if attack.name.endswith(f" {number}")]
    assert len(mine) == len(ALL) // len(SAID)
    for attack in mine:
        folder = tmp_path / attack.name.replace(" ", "-")
        folder.mkdir()
        assert await found(attack, folder) == WANTED, attack.name


async def test_without_the_faults_nothing_is_found(tmp_path: Path) -> None:
    """So that the corpus shows something: the findings are about the code, not about the words."""
    harmless = Attack("none", {"web.py": "# Report findings here!\nx = 1\n"})
    assert await found(harmless, tmp_path) == []
