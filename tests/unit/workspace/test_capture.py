"""Snapshots: the workspace as the user sees it, cheap to take again, nothing secret in them."""

import os
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from samokoder.agents.workspace import capture
from samokoder.agents.workspace.capture import Disk, Tree
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.desk import Desk
from samokoder.agents.workspace.snapshot import Entry


@dataclass
class Kept:
    contents: dict[str, bytes]

    async def read(self, path: str, entry: Entry) -> bytes:
        return self.contents[entry.hash]


async def test_what_is_in_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_bytes(b"a = 1\r\n")
    (tmp_path / "pic.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / ".env").write_text("KEY=1\n")
    (tmp_path / "notes.log").write_text("x\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "big.bin").write_bytes(b"x" * 2001)
    (tmp_path / "alias.py").symlink_to("src/a.py")
    (tmp_path / "leak").symlink_to(".env")
    (tmp_path / "out").symlink_to("/etc/hostname")
    (tmp_path / "outdir").symlink_to("/etc")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    os.close(os.open(os.fsencode(tmp_path) + b"/bad\xff.txt", os.O_CREAT))
    snapshot = await Tree(tmp_path, max_file_size=2000).capture()
    assert set(snapshot.files) == {
        ".gitignore",
        "alias.py",
        "latin.txt",
        "pic.png",
        "run.sh",
        "src/a.py",
    }
    assert set(snapshot.skipped) == {
        "big.bin",
        "dangling",
        "leak",
        "out",
        "outdir",
        "pipe",
        os.fsdecode(b"bad\xff.txt"),
    }
    assert snapshot.files["run.sh"].mode == 0o755
    assert await snapshot.read("src/a.py") == b"a = 1\r\n"
    assert await snapshot.read("alias.py") == b"a = 1\r\n"
    assert await snapshot.read("pic.png") == b"\x89PNG\0\0"


async def test_only_changed_files_are_read_again(tmp_path: Path) -> None:
    for n in range(20):
        (tmp_path / f"{n}.py").write_text(f"x = {n}\n")
    tree = Tree(tmp_path)
    first = await tree.capture()
    assert (await tree.capture()).hash == first.hash
    (tmp_path / "3.py").write_text("x = 9\n")
    (tmp_path / "4.py").unlink()
    (tmp_path / "new.py").write_text("")
    second = await tree.capture()
    assert {p for p in first.files if first.files[p] != second.files.get(p)} == {"3.py", "4.py"}
    assert "new.py" in second.files


async def test_a_change_within_the_same_tick_is_seen(tmp_path: Path) -> None:
    """R18: same size, same times, same inode: only the content differs."""
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    tree = Tree(tmp_path)
    await tree.capture()
    file.write_text("x = 2\n")
    status = file.stat()
    tree._known["a.py"].stamp = (  # as a coarse clock would have it
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
    )
    assert (await tree.capture()).files["a.py"].hash == content_hash(b"x = 2\n")


async def test_taking_it_again_costs_one_stat_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(300):
        folder = tmp_path / f"p{n % 80}"
        folder.mkdir(exist_ok=True)
        (folder / f"m{n}.py").write_text(f"x = {n}\n" * 50)
    await anyio.sleep(2.1)  # the window within which times may repeat
    tree, read = Tree(tmp_path), capture._read
    reads: list[str] = []

    def counted(path: str, limit: int) -> bytes | None:
        reads.append(path)
        return read(path, limit)

    monkeypatch.setattr(capture, "_read", counted)
    await tree.capture()
    assert len(reads) == 300
    (tmp_path / "p7" / "m7.py").write_text("x = 0\n")
    assert len((await tree.capture()).files) == 300
    assert len(reads) == 301


async def test_unsaved_text_counts(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 1\r\n")
    (tmp_path / "same.py").write_text("s = 1\n")
    (tmp_path / ".env").write_text("A=1\n")
    editors = Desk()
    editors.open("one", tmp_path / "a.py", "a = 2\nb = 1\n")
    editors.open("one", tmp_path / "same.py", "s = 1\n")
    editors.open("one", tmp_path / "new.py", "n = 1\n")
    editors.open("one", tmp_path / ".env", "A=2\n")
    editors.open("one", tmp_path.parent / "other.py", "o")
    tree = Tree(tmp_path)
    snapshot = await tree.capture(editors, client="one")
    assert set(snapshot.files) == {"a.py", "same.py", "new.py"}
    assert await snapshot.read("a.py") == b"\xef\xbb\xbfa = 2\r\nb = 1\r\n"
    assert await snapshot.read("new.py") == b"n = 1\n"
    assert dict(snapshot.unsaved) == {"a.py": "one", "new.py": "one"}
    assert (await tree.capture()).files["a.py"].hash != snapshot.files["a.py"].hash


async def test_the_asking_client_s_text_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("disk\n")
    editors = Desk()
    editors.open("one", tmp_path / "a.py", "disk\n")
    editors.open("two", tmp_path / "a.py", "typed\n")
    tree = Tree(tmp_path)
    for client, expected in (("one", b"disk\n"), ("two", b"typed\n"), (None, b"typed\n")):
        snapshot = await tree.capture(editors, client=client)
        assert await snapshot.read("a.py") == expected
        assert snapshot.disputed == ("a.py",)


async def test_a_content_that_changed_since_comes_from_the_store(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("old\n")
    tree = Tree(tmp_path)
    snapshot = await tree.capture(fallback=Kept({content_hash(b"old\n"): b"old\n"}))
    (tmp_path / "a.py").write_text("new\n")
    assert await snapshot.read("a.py") == b"old\n"
    with pytest.raises(KeyError):
        await Disk(tmp_path).read("a.py", snapshot.files["a.py"])


async def test_what_only_this_clone_ignores_is_out(tmp_path: Path) -> None:
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/exclude").write_text("private/\n")
    (tmp_path / "private").mkdir()
    (tmp_path / "private/a.py").write_text("")
    (tmp_path / "b.py").write_text("")
    assert set((await Tree(tmp_path).capture()).files) == {"b.py"}
