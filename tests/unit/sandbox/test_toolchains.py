"""What must be shown of a home folder and elsewhere so that programs work."""

from pathlib import Path

import pytest

from samokoder.agents.sandbox.toolchains import installation, toolchains


@pytest.mark.parametrize("folder", ["bin", "shims"])
def test_a_program_needs_what_stands_beside_its_folder(tmp_path: Path, folder: str) -> None:
    (tmp_path / "pyenv" / folder).mkdir(parents=True)
    program = tmp_path / "pyenv" / folder / "python3"
    program.write_text("#!/bin/sh\n")
    assert installation(program, ()) == (tmp_path / "pyenv",)
    assert installation(program, (tmp_path / "pyenv" / "secret",)) == (program.parent,)


def test_links_are_followed_to_the_real_place(tmp_path: Path) -> None:
    (tmp_path / "real" / "bin").mkdir(parents=True)
    (tmp_path / "real" / "bin" / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "tool").symlink_to("../real/bin/tool")
    found = installation(tmp_path / "links" / "tool", ())
    assert found == (tmp_path / "links", tmp_path / "real")


def test_only_what_is_there_is_shown(tmp_path: Path) -> None:
    (tmp_path / ".pyenv").mkdir()
    (tmp_path / ".ssh").mkdir()
    assert toolchains(tmp_path) == (tmp_path / ".pyenv",)
