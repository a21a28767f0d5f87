"""Folders of the user."""

from pathlib import Path

import pytest

from samokoder.state import paths
from samokoder.state.errors import StateUnwritable


@pytest.mark.parametrize("name", ["state", "cache", "config"])
def test_a_variable_overrides_and_the_folder_is_private(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "deep" / name
    monkeypatch.setenv(f"SAMOKODER_{name.upper()}_DIR", str(wanted))
    assert getattr(paths, f"{name}_dir")() == wanted
    assert wanted.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["state", "cache", "config"])
def test_without_a_variable_it_is_below_the_home(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"SAMOKODER_{name.upper()}_DIR")
    monkeypatch.delenv(f"XDG_{name.upper()}_HOME", raising=False)
    assert getattr(paths, f"{name}_dir")().is_relative_to(home)


def test_a_file_in_its_place_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("SAMOKODER_STATE_DIR", str(tmp_path / "occupied" / "state"))
    with pytest.raises(StateUnwritable, match="occupied"):
        paths.state_dir()
