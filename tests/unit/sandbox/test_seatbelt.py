"""The profile for macOS: its text, as the tool itself can be run only there."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from samokoder.agents.sandbox.sandbox import Job
from samokoder.agents.sandbox.seatbelt import PROGRAM, profile


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("root", "scratch", "out", "tmp"):
        (tmp_path / name).mkdir()
    return Job(
        argv=("/usr/bin/true",),
        root=tmp_path / "root",
        scratch=tmp_path / "scratch",
        tmp=tmp_path / "tmp",
        writable=(tmp_path / "out",),
        readonly=("node_modules",),
    )


def test_writing_is_denied_but_where_it_is_lent(job: Job, home: Path) -> None:
    lines = profile(job, home).splitlines()
    denied = lines.index("(deny file-write*)")
    lent = [line for line in lines if line.startswith("(allow file-write* (subpath")]
    assert {Path(line.split('"')[1]).name for line in lent} == {"scratch", "out", "tmp"}
    assert all(lines.index(line) > denied for line in lent), "later rules win"


def test_the_home_folder_is_hidden_and_the_dependencies_are_not(job: Job, home: Path) -> None:
    lines = profile(job, home).splitlines()
    assert f'(deny file-read-data (subpath "{home.resolve()}"))' in lines
    shown = [line for line in lines if line.startswith("(allow file-read*")]
    assert any("node_modules" in line for line in shown)


def test_the_network_is_loopback_unless_granted(job: Job, home: Path) -> None:
    assert "(deny network*)" in profile(job, home)
    assert "(deny network*)" not in profile(replace(job, network=True), home)


def test_quotes_in_a_path_do_not_end_the_rule(job: Job, home: Path) -> None:
    hostile = job.root.parent / 'x")) (allow file-write* (subpath "'
    text = profile(replace(job, writable=(hostile,)), home)
    assert text.count('\\"') == 4


@pytest.mark.skipif(sys.platform != "darwin", reason="seatbelt is part of macOS")
async def test_the_profile_is_accepted(job: Job, home: Path) -> None:
    assert shutil.which(PROGRAM)
    done = await anyio.run_process((PROGRAM, "-p", profile(job, home), "/usr/bin/true"))
    assert done.returncode == 0
