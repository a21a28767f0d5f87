"""The runtime folder is private, or it is not used."""

import os
import tempfile
from pathlib import Path

import pytest

from samokoder.server import endpoint, runtime
from samokoder.server.version import VERSION


def test_the_given_folder_is_made_private(tmp_path, monkeypatch):
    monkeypatch.setenv("SAMOKODER_RUNTIME_DIR", str(tmp_path / "a" / "b"))
    assert runtime.folder() == str(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_an_open_folder_of_ours_is_closed(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)
    monkeypatch.setenv("SAMOKODER_RUNTIME_DIR", str(tmp_path))
    runtime.folder()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_the_sessions_folder_then_the_temporary_one(tmp_path, monkeypatch):
    monkeypatch.delenv("SAMOKODER_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime.folder() == str(tmp_path / "samokoder")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert runtime.folder() == str(tmp_path / f"samokoder-{os.getuid()}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SAMOKODER_RUNTIME_DIR")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    theirs = tmp_path / f"samokoder-{os.getuid()}"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    with pytest.raises(runtime.RuntimeRefused, match="belongs to user 65534"):
        runtime.folder()


def test_a_link_in_its_place_is_refused(tmp_path, monkeypatch):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    monkeypatch.setenv("SAMOKODER_RUNTIME_DIR", str(tmp_path / "link"))
    with pytest.raises(runtime.RuntimeRefused, match="not a folder"):
        runtime.folder()


def test_a_long_folder_has_a_short_socket_of_its_own(tmp_path, monkeypatch):
    short = "/run/user/1000/samokoder"
    assert runtime.socket_path(short) == f"{short}/daemon.sock"
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        monkeypatch.setenv("TMPDIR", temporary)
        one, two = (runtime.socket_path(str(tmp_path / (letter * 120))) for letter in "ab")
        assert one != two
        for path in (one, two):
            assert path.startswith(temporary)
            assert len(os.fsencode(path)) <= runtime.MAX_SOCKET_PATH
            assert Path(path).parent.stat().st_mode & 0o777 == 0o700


def test_a_lock_has_one_holder(tmp_path):
    one, two = (runtime.Lock(str(tmp_path), "daemon") for _ in range(2))
    assert one.acquire(wait=False)
    assert not two.acquire(wait=False)
    one.release()
    assert two.acquire(wait=False)
    two.release()


def test_nobody_listens(tmp_path, monkeypatch):
    assert endpoint.connect(str(tmp_path)) is None
    monkeypatch.setenv("SAMOKODER_TRANSPORT", "tcp")
    assert endpoint.connect(str(tmp_path)) is None
    (tmp_path / "daemon.port").write_text("nonsense")
    assert endpoint.connect(str(tmp_path)) is None


def test_the_version_is_the_packages():
    from importlib.metadata import version

    assert version("samokoder") == VERSION
