"""The watcher sees what it is there to see."""

import os
import subprocess
import time
from pathlib import Path

from watching import Watcher


def _watched(folder: Path, *contents: bytes | None) -> Watcher:
    (folder / "a.txt").write_bytes(b"old")
    return Watcher(folder, {"a.txt": {b"old", *contents}})


def _settle(watcher: Watcher) -> None:
    deadline = time.monotonic() + 5
    while not watcher.changes and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_whole_replacement_is_right(tmp_path: Path) -> None:
    with _watched(tmp_path, b"new") as watcher:
        (tmp_path / ".samokoder-x.tmp").write_bytes(b"new")
        os.replace(tmp_path / ".samokoder-x.tmp", tmp_path / "a.txt")
        _settle(watcher)
    assert [c.name for c in watcher.changes] == ["a.txt"]
    assert watcher.wrong == []


def test_writing_in_place_is_seen_though_the_end_is_right(tmp_path: Path) -> None:
    with _watched(tmp_path, b"new") as watcher:
        (tmp_path / "a.txt").write_bytes(b"new")
        _settle(watcher)
    assert "a.txt was written in place" in watcher.wrong


def test_a_staged_file_that_a_starting_child_still_holds_is_no_write(tmp_path: Path) -> None:
    staged = tmp_path / ".samokoder-x.tmp"
    with _watched(tmp_path, b"new") as watcher:
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT)
        os.write(handle, b"new")
        with subprocess.Popen(["sleep", "0.2"], pass_fds=[handle]):
            os.close(handle)
            os.replace(staged, tmp_path / "a.txt")
        _settle(watcher)
    assert watcher.wrong == []


def test_another_content_a_gap_and_a_stranger_are_seen(tmp_path: Path) -> None:
    with _watched(tmp_path, b"new") as watcher:
        (tmp_path / ".samokoder-x.tmp").write_bytes(b"half")
        os.replace(tmp_path / ".samokoder-x.tmp", tmp_path / "a.txt")
        _settle(watcher)
        (tmp_path / "a.txt").unlink()
        (tmp_path / ".samokoder-x.tmp").touch()
        os.replace(tmp_path / ".samokoder-x.tmp", tmp_path / "b.txt")
    assert "a.txt is neither old nor new: None" in watcher.wrong
    assert "b.txt does not belong here" in watcher.wrong
