"""A workspace on disk, snapshots of it, and a command run in every way a test may want."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.snapshot import Entry, Snapshot


class Folder:
    """The source of snapshots: the workspace's own files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def read(self, path: str, entry: Entry) -> bytes:
        data = (self.root / path).read_bytes()
        if content_hash(data) != entry.hash:
            raise KeyError(path)
        return data


@pytest.fixture
def take() -> Callable[[Path], Snapshot]:
    """A snapshot of a folder, dependency folders left out."""

    def snapshot(root: Path) -> Snapshot:
        files = {}
        for parent, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f not in (".venv", "node_modules")]
            for name in names:
                path = Path(parent) / name
                data = path.read_bytes()
                files[path.relative_to(root).as_posix()] = Entry(
                    content_hash(data), len(data), path.stat().st_mode & 0o777
                )
        return Snapshot(root, files, Folder(root))

    return snapshot


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two files, one of them executable, in a folder of their own."""
    root = tmp_path / "workspace"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("x = 1\n")
    (root / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (root / "run.sh").chmod(0o755)
    return root


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ScratchPool]:
    pool = ScratchPool(tmp_path / "scratch")
    yield pool
    await pool.close()
    assert list((tmp_path / "scratch").glob("*")) == [], "a closed pool leaves nothing"
