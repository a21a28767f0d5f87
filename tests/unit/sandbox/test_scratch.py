"""Warm scratch copies: equal to the snapshot after every load, whatever ran in them before."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from samokoder.agents.errors import EnvironmentMissing
from samokoder.agents.sandbox.scratch import ScratchPool, reap
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

Take = Callable[[Path], Snapshot]


def listing(tree: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(tree).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    }


def changed(snapshot: Snapshot, path: str, text: str) -> Snapshot:
    change = FileChange(path, ChangeKind.MODIFY, None, text.encode())
    return snapshot.with_changes(ChangeSet("change", (change,)))


async def test_the_copy_equals_the_snapshot_modes_included(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    async with pool.lease(workspace) as scratch:
        await scratch.load(take(workspace))
        assert listing(scratch.tree) == listing(workspace)
        assert (scratch.tree / "run.sh").stat().st_mode & 0o777 == 0o755


async def test_files_are_copies_never_links(workspace: Path, take: Take, pool: ScratchPool) -> None:
    async with pool.lease(workspace) as scratch:
        await scratch.load(take(workspace))
        for name in ("src/a.py", "run.sh"):
            assert not (scratch.tree / name).samefile(workspace / name)
        (scratch.tree / "src/a.py").write_text("spoiled\n")
    assert (workspace / "src/a.py").read_text() == "x = 1\n"


async def test_the_overlay_of_a_snapshot_wins_over_the_disk(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    async with pool.lease(workspace) as scratch:
        await scratch.load(changed(take(workspace), "src/a.py", "x = 2\n"))
        assert (scratch.tree / "src/a.py").read_text() == "x = 2\n"


async def test_a_file_changed_on_disk_after_the_snapshot_comes_from_the_source(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    snapshot = take(workspace)

    class Kept:
        async def read(self, path: str, entry: object) -> bytes:
            return {"src/a.py": b"x = 1\n"}[path]

    (workspace / "src/a.py").write_text("x = 9\n")
    stored = Snapshot(workspace, snapshot.files, Kept())
    async with pool.lease(workspace) as scratch:
        await scratch.load(stored)
        assert (scratch.tree / "src/a.py").read_text() == "x = 1\n"


async def test_everything_a_command_did_is_undone_by_the_next_load(
    workspace: Path, take: Take, pool: ScratchPool, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("outside\n")
    snapshot = take(workspace)
    async with pool.lease(workspace) as scratch:
        await scratch.load(snapshot)
        tree = scratch.tree
        shutil.rmtree(tree / "src")
        (tree / "src").symlink_to(outside, target_is_directory=True)
        (tree / "run.sh").unlink()
        (tree / "run.sh").mkdir()
        (tree / "new" / "deep").mkdir(parents=True)
        (tree / "new" / "deep" / "file").write_text("x")
        (tree / "new").chmod(0)
        os.mkfifo(tree / "pipe")
        (scratch.tmp / "t").write_text("t")
        (scratch.home / ".cache").mkdir()
        await scratch.load(snapshot)
        assert listing(tree) == listing(workspace)
        assert sorted(p.name for p in tree.iterdir()) == ["run.sh", "src"]
        assert not list(scratch.tmp.iterdir()) and not list(scratch.home.iterdir())
    assert (outside / "a.py").read_text() == "outside\n", "nothing is written through a link"


async def test_an_altered_file_is_found_even_with_its_old_size_and_time(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    snapshot = take(workspace)
    async with pool.lease(workspace) as scratch:
        await scratch.load(snapshot)
        target = scratch.tree / "src/a.py"
        before = target.stat()
        await anyio.sleep(0.02)
        target.write_text("x = 7\n")
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
        await scratch.load(snapshot)
        assert target.read_text() == "x = 1\n"


async def test_a_rewritten_file_never_keeps_its_second(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    """Byte code, mypy and make take a same-size file of the same second for the same file."""
    snapshot = take(workspace)
    seconds = []
    async with pool.lease(workspace) as scratch:
        for number in range(4):
            await scratch.load(changed(snapshot, "src/a.py", f"x = {number}\n"))
            seconds.append(int((scratch.tree / "src/a.py").stat().st_mtime))
    assert seconds == sorted(set(seconds))


async def test_only_what_differs_is_written(workspace: Path, take: Take, pool: ScratchPool) -> None:
    snapshot = take(workspace)
    async with pool.lease(workspace) as scratch:
        await scratch.load(snapshot)
        before = (scratch.tree / "run.sh").stat().st_ino
        await scratch.load(changed(snapshot, "src/a.py", "x = 2\n"))
        assert (scratch.tree / "run.sh").stat().st_ino == before


async def test_a_lease_gets_the_warm_copy_and_two_leases_two_copies(
    workspace: Path, take: Take, pool: ScratchPool
) -> None:
    async with pool.lease(workspace) as first:
        await first.load(take(workspace))
        async with pool.lease(workspace) as second:
            assert second.folder != first.folder
    async with pool.lease(workspace) as again:
        assert again.folder in (first.folder, second.folder)


async def test_a_changed_file_among_2500_costs_less_than_30_ms(
    tmp_path: Path, take: Take, pool: ScratchPool
) -> None:
    """In time of this process, so that a busy machine does not matter; measured 14–17 ms."""
    root = tmp_path / "large"
    for number in range(2500):
        path = root / f"p{number % 50}" / f"m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {number}\n" * 20)
    snapshot = take(root)
    async with pool.lease(root) as scratch:
        await scratch.load(snapshot)
        taken = []
        for number in range(8):
            changed_one = changed(snapshot, "p7/m7.py", f"x = {number}{number}\n")
            started = time.process_time()
            await scratch.load(changed_one)
            taken.append(time.process_time() - started)
        assert min(taken) < 0.030
        assert len(listing(scratch.tree)) == 2500


async def test_what_a_dead_owner_left_is_removed_at_the_next_start_and_the_living_stay(
    workspace: Path, take: Take, pool: ScratchPool, tmp_path: Path
) -> None:
    base = tmp_path / "scratch"
    code = (
        "import os, sys; from pathlib import Path;"
        "from samokoder.agents.sandbox.scratch import _found;"
        "folder, lock = _found(Path(sys.argv[1])); (folder / 'slot').mkdir(); print(folder);"
        "sys.stdout.flush(); os.kill(os.getpid(), 9)"
    )
    finished = await anyio.run_process((sys.executable, "-c", code, str(base)), check=False)
    dead = Path(finished.stdout.decode().strip())
    assert (dead / "slot").is_dir(), "the control: it really left something"
    async with pool.lease(workspace) as scratch:
        assert dead.name not in os.listdir(base)
        await scratch.load(take(workspace))
        assert await to_thread.run_sync(reap, base) == 0
        assert scratch.tree.is_dir()


async def test_a_cache_folder_that_cannot_be_written_says_what_to_do(
    workspace: Path, take: Take, tmp_path: Path
) -> None:
    pool = ScratchPool(tmp_path / "scratch")
    async with pool.lease(workspace) as scratch:
        scratch.folder.write_text("in the way")
        with pytest.raises(EnvironmentMissing, match="SAMOKODER_CACHE_DIR"):
            await scratch.load(take(workspace))
    await pool.close()
