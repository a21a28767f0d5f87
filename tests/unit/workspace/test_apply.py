"""Applying a change set: all of it or nothing, in the editor or on disk, nobody's text lost."""

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from samokoder.agents.errors import Conflict, EditorRefused, PathRefused, WriteRefused
from samokoder.agents.workspace.apply import apply
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.desk import Desk
from samokoder.agents.workspace.plan import ApplyReceipt, Plan


class Store:
    """Contents by hash and the plans that were journalled."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {content_hash(data): data for data in contents}
        self.plans: list[Plan] = []

    async def read(self, name: str) -> bytes:
        return self.contents[name]

    async def intend(self, plan: Plan, contents: Mapping[str, bytes]) -> None:
        self.contents |= contents
        self.plans.append(msgspec.json.decode(msgspec.json.encode(plan), type=Plan))
        for write in plan.writes:
            for name in (write.before, write.after):
                assert name is None or name in contents, "journalled before it happens"


def change(path: str, before: bytes | None, after: bytes | None, **more: object) -> FileChange:
    if before is None:
        kind = ChangeKind.CREATE
    else:
        kind = ChangeKind.DELETE if after is None else ChangeKind.MODIFY
    name = content_hash(before) if before is not None else None
    return FileChange(path, kind, name, after, **more)  # type: ignore[arg-type]


async def run(
    root: Path, *changes: FileChange, desk: Desk | None = None, store: Store | None = None
) -> ApplyReceipt:
    store = store or Store()
    receipt = await apply(
        ChangeSet("test", changes),
        root=root,
        id="run-1",
        editors=desk or Desk(),
        read=store.read,
        intend=store.intend,
        prefer="one",
    )
    return msgspec.json.decode(msgspec.json.encode(receipt), type=ApplyReceipt)


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


async def test_files_open_nowhere_change_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a\r\n")
    (tmp_path / "a.py").chmod(0o751)
    (tmp_path / "gone.py").write_text("x")
    (tmp_path / "old.py").write_text("old\n")
    receipt = await run(
        tmp_path,
        change("a.py", b"a\r\n", b"b\r\n"),
        change("new/deep/n.sh", None, b"n\n", mode=0o755),
        change("gone.py", b"x", None),
        FileChange("old.py", ChangeKind.RENAME, content_hash(b"old\n"), None, "moved/new.py"),
    )
    assert tree(tmp_path) == {"a.py": b"b\r\n", "new/deep/n.sh": b"n\n", "moved/new.py": b"old\n"}
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o751
    assert stat.S_IMODE((tmp_path / "new/deep/n.sh").stat().st_mode) == 0o755
    assert {w.path: w.kind for w in receipt.writes} == {
        "a.py": "modify",
        "new/deep/n.sh": "create",
        "gone.py": "delete",
        "moved/new.py": "create",
        "old.py": "delete",
    }
    assert receipt.folders == ("moved", "new", "new/deep")
    assert not receipt.merged


async def test_what_is_already_there_is_not_written_again(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("new\n")
    inode = (tmp_path / "a.py").stat().st_ino
    store = Store()
    receipt = await run(
        tmp_path, change("a.py", b"old\n", b"new\n"), change("b.py", b"b", None), store=store
    )
    assert (receipt.writes, receipt.unchanged, store.plans) == ((), ("a.py", "b.py"), [])
    assert (tmp_path / "a.py").stat().st_ino == inode


async def test_what_the_user_wrote_meanwhile_is_merged(tmp_path: Path) -> None:
    base = b"1\n2\n3\n4\n5\n"
    (tmp_path / "a.txt").write_bytes(b"1\n2\n3\n4\nfive\n")
    receipt = await run(tmp_path, change("a.txt", base, b"one\n2\n3\n4\n5\n"), store=Store(base))
    assert tree(tmp_path) == {"a.txt": b"one\n2\n3\n4\nfive\n"}
    assert receipt.merged


async def test_a_conflict_writes_nothing_and_carries_both_versions(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"mine\n")
    (tmp_path / "b.txt").write_bytes(b"b\n")
    (tmp_path / "there.txt").write_bytes(b"there\n")
    before = tree(tmp_path)
    store = Store(b"base\n")
    with pytest.raises(Conflict) as caught:
        await run(
            tmp_path,
            change("b.txt", b"b\n", b"B\n"),
            change("a.txt", b"base\n", b"theirs\n"),
            change("there.txt", None, b"new\n"),
            change("missing.txt", b"x", b"y"),
            store=store,
        )
    assert tree(tmp_path) == before
    assert store.plans == []
    found = {c.path: c for c in caught.value.files}
    assert set(found) == {"a.txt", "there.txt", "missing.txt"}
    a = found["a.txt"]
    assert (a.base, a.ours, a.theirs) == (b"base\n", b"mine\n", b"theirs\n")


async def test_an_open_file_changes_in_its_editor_only(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 1\r\n")
    desk = Desk()
    desk.open("one", file, "a = 1\nb = 1\n# typed\n")
    base = b"\xef\xbb\xbfa = 1\r\nb = 1\r\n"
    receipt = await run(
        tmp_path,
        change("a.py", base, base.replace(b"a = 1", b"a = 2")),
        desk=desk,
        store=Store(base),
    )
    assert desk.text("one", file) == "a = 2\nb = 1\n# typed\n"
    assert file.read_bytes() == base
    (write,) = receipt.writes
    assert (write.clients, write.version, write.merged) == (("one",), 2, True)
    assert write.after == content_hash(b"\xef\xbb\xbfa = 2\r\nb = 1\r\n# typed\r\n")


async def test_the_same_text_in_several_editors_changes_in_all(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x\r\ny\r\n")
    desk = Desk()
    desk.open("two", file, "x\r\ny\r\n")
    desk.open("one", file, "x\ny\n")
    await run(tmp_path, change("a.py", b"x\r\ny\r\n", b"x\r\nz\r\n"), desk=desk)
    assert desk.text("one", file) == "x\nz\n"
    assert desk.text("two", file) == "x\r\nz\r\n"


async def test_different_texts_in_several_editors_are_a_conflict(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x\n")
    desk = Desk()
    desk.open("one", file, "x\n")
    desk.open("two", file, "typed\n")
    with pytest.raises(Conflict, match="several editors"):
        await run(tmp_path, change("a.py", b"x\n", b"y\n"), desk=desk)


async def test_when_one_editor_refuses_the_others_and_the_disk_are_as_before(
    tmp_path: Path,
) -> None:
    file, other = tmp_path / "a.py", tmp_path / "b.py"
    file.write_text("x\n")
    other.write_text("b\n")
    desk = Desk(refuses={"two"})
    desk.open("one", file, "x\n")
    desk.open("two", file, "x\n")
    with pytest.raises(EditorRefused):
        await run(
            tmp_path,
            change("b.py", b"b\n", b"B\n"),
            change("a.py", b"x\n", b"y\n"),
            change("sub/c.py", None, b""),
            desk=desk,
        )
    assert desk.text("one", file) == "x\n"
    assert tree(tmp_path) == {"a.py": b"x\n", "b.py": b"b\n"}
    assert not (tmp_path / "sub").exists()


async def test_typing_while_the_edit_is_under_way_is_merged(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x\ny\nz\n")
    desk = Desk()
    desk.open("one", file, "x\ny\nz\n")
    typed = ["x\ny\nz\nmore\n", "x\ny\nz\nmore\nand more\n"]

    async def type_on(client: str) -> None:
        if typed:
            desk.type(client, file, typed.pop(0))

    desk.before_apply = type_on
    receipt = await run(
        tmp_path, change("a.py", b"x\ny\nz\n", b"X\ny\nz\n"), desk=desk, store=Store(b"x\ny\nz\n")
    )
    assert desk.text("one", file) == "X\ny\nz\nmore\nand more\n"
    assert receipt.merged


async def test_a_save_while_it_is_written_is_not_lost(tmp_path: Path) -> None:
    file, open_one = tmp_path / "a.txt", tmp_path / "open.txt"
    base = b"1\n2\n3\n"
    file.write_bytes(base)
    open_one.write_bytes(b"o\n")
    desk = Desk()
    desk.open("one", open_one, "o\n")
    saves = [b"1\n2\n3\nsaved\n"]

    async def save(_: str) -> None:
        if saves:
            await to_thread.run_sync(file.write_bytes, saves.pop())

    desk.before_apply = save
    await run(
        tmp_path,
        change("a.txt", base, b"one\n2\n3\n"),
        change("open.txt", b"o\n", b"O\n"),
        desk=desk,
        store=Store(base, b"o\n"),
    )
    assert file.read_bytes() == b"one\n2\n3\nsaved\n"
    assert desk.text("one", open_one) == "O\n"


async def test_a_file_swapped_for_a_link_is_left_alone(tmp_path: Path) -> None:
    root, outside = tmp_path / "w", tmp_path / "outside.txt"
    root.mkdir()
    outside.write_text("x\n")
    file, open_one, first = root / "a.txt", root / "open.txt", root / "0.txt"
    file.write_text("x\n")
    first.write_text("first\n")
    open_one.write_text("o\n")
    desk = Desk()
    desk.open("one", open_one, "o\n")

    def swap() -> None:
        if not file.is_symlink():
            file.unlink()
            file.symlink_to(outside)

    async def apply_swap(_: str) -> None:
        await to_thread.run_sync(swap)

    desk.before_apply = apply_swap
    with pytest.raises(PathRefused):
        await run(
            root,
            change("0.txt", b"first\n", b"FIRST\n"),
            change("a.txt", b"x\n", b"y\n"),
            change("open.txt", b"o\n", b"O\n"),
            desk=desk,
        )
    assert first.read_text() == "first\n"
    assert outside.read_text() == "x\n"
    assert file.is_symlink()
    assert desk.text("one", open_one) == "o\n"
    assert sorted(p.name for p in root.iterdir()) == ["0.txt", "a.txt", "open.txt"]


async def test_an_unsaved_file_is_not_deleted_under_its_editor(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x\n")
    desk = Desk()
    desk.open("one", file, "x\ntyped\n")
    for wanted in (
        change("a.py", b"x\n", None),
        FileChange("a.py", ChangeKind.RENAME, content_hash(b"x\n"), None, "b.py"),
    ):
        with pytest.raises(Conflict, match="unsaved changes"):
            await run(tmp_path, wanted, desk=desk, store=Store(b"x\n"))
    desk.type("one", file, "x\n")
    await run(tmp_path, change("a.py", b"x\n", None), desk=desk)
    assert not file.exists()


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", ".git/config", "AGENTS.md", "a\\b", "link/x", "a//b", "./a", "folder"],
)
async def test_forbidden_paths_are_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "w"
    (root / "folder").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(PathRefused):
        await run(root, change("fine.txt", None, b"x"), change(path, None, b"x"))
    assert tree(root) == {}


async def test_one_path_is_changed_once(tmp_path: Path) -> None:
    for twice in ("a.py", "A.py"):
        with pytest.raises(PathRefused, match=r"(?i)a\.py"):
            await run(tmp_path, change("a.py", None, b"1"), change(twice, None, b"2"))


async def test_a_read_only_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a\n")
    (tmp_path / "b.py").write_text("b\n")
    (tmp_path / "b.py").chmod(0o444)
    with pytest.raises(WriteRefused, match=r"b\.py"):
        await run(tmp_path, change("a.py", b"a\n", b"A\n"), change("b.py", b"b\n", b"B\n"))
    assert tree(tmp_path) == {"a.py": b"a\n", "b.py": b"b\n"}


async def test_binary_files_are_replaced_but_never_merged(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(b"\0old")
    await run(tmp_path, change("p.png", b"\0old", b"\0new"))
    assert tree(tmp_path) == {"p.png": b"\0new"}
    with pytest.raises(Conflict, match="binary"):
        await run(tmp_path, change("p.png", b"\0old", b"\0x"), store=Store(b"\0old"))


FULL = """
import asyncio, sys, resource
from pathlib import Path
from samokoder.agents.errors import DiskFull
from samokoder.agents.workspace.apply import apply
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.target import NoEditors

root = Path(sys.argv[1])
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

async def intend(plan, contents):
    pass

async def main():
    new = [FileChange(f"d/{n}", ChangeKind.CREATE, None, b"x" * n) for n in (10, 9000)]
    try:
        await apply(ChangeSet("t", tuple(new)), root=root, id="r", editors=NoEditors(),
                    read=None, intend=intend)
    except DiskFull as error:
        print(error)

asyncio.run(main())
"""


def test_no_space_left_is_one_clear_error(tmp_path: Path) -> None:
    """A limit on file size stands in for the full disk: the same failing write."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, timeout=50
    )
    assert "no space left for the change: d/9000" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_failure_is_taken_back_in_the_editor_too(tmp_path: Path) -> None:
    """The folder becomes unusable between the editor's answer and the disk's turn."""
    file, other = tmp_path / "a.py", tmp_path / "d/b.py"
    file.write_text("x\n")
    other.parent.mkdir()
    other.write_text("b\n")
    desk = Desk()
    desk.open("one", file, "x\n")

    def wreck() -> None:
        if other.exists():
            os.rename(other.parent, tmp_path / "away")
            (tmp_path / "d").write_text("now a file")

    async def apply_wreck(_: str) -> None:
        await to_thread.run_sync(wreck)

    desk.before_apply = apply_wreck
    with pytest.raises((PathRefused, Conflict)):
        await run(
            tmp_path, change("a.py", b"x\n", b"y\n"), change("d/b.py", b"b\n", b"B\n"), desk=desk
        )
    assert desk.text("one", file) == "x\n"
    assert (tmp_path / "away/b.py").read_bytes() == b"b\n"
