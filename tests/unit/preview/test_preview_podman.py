"""What Podman's socket wants instead."""

import json
from pathlib import Path

import pytest

from samokoder.agents.preview import podman, seccomp


def test_the_list_of_system_calls_becomes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMOKODER_CACHE_DIR", str(tmp_path / "cache"))
    first = podman.security(f"seccomp={seccomp.profile()}")
    file = Path(first.removeprefix("seccomp="))
    assert json.loads(file.read_text()) == json.loads(seccomp.profile())
    assert podman.security(f"seccomp={seccomp.profile()}") == first
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("option", ["no-new-privileges:true", "seccomp=unconfined"])
def test_other_options_stay(option: str) -> None:
    assert podman.security(option) == option
