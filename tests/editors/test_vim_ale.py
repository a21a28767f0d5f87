"""A real Vim with ALE, as far as it can: diagnostics, and the shell's fix reloaded (R30)."""

import subprocess
import sys
from pathlib import Path

import anyio
import editor_rooms
import pytest
import scenario
from acp_client import configure
from anyio.to_thread import run_sync
from crashing import AFTER, Room, editor, stop

ALE = Path("/usr/share/vim-ale")


def _vims() -> list[object]:
    if not ALE.is_dir():
        return [pytest.param("", marks=pytest.mark.skip(reason="no vim-ale here"), id="no-ale")]
    return editor_rooms.editors("vim")


@pytest.mark.timeout(150)
@pytest.mark.editor
@pytest.mark.parametrize("vim", _vims())
async def test_vim_with_ale_shows_what_fails_and_reloads_the_fix(vim: str, tmp_path: Path) -> None:
    room = Room(tmp_path)
    configure(room)
    report = room.folder / "report"
    environ = scenario.environ(room) | {
        "WORK": str(room.work),
        "REPORT": str(report),
        "PYTHON": sys.executable,
        "ALE": str(ALE),
    }
    argv = [vim, "-Nu", "NONE", "-n", "-es", "-S", str(editor_rooms.HERE / "ale.vim")]

    def drive() -> str:
        subprocess.run(argv, env=environ, cwd=room.work, timeout=100, check=False)
        return report.read_text()

    said: list[str] = []

    async def vim_runs() -> None:
        said.append(await run_sync(drive))

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(vim_runs)
            async with editor(room) as client:
                await client.command("samokoder.trust")
                with anyio.fail_after(40):
                    while (await client.command("samokoder.daemon.status"))["clients"] < 2:
                        await anyio.sleep(0.1)
                await client.command("samokoder.check")
        assert said[0].rstrip().endswith("DONE"), said[0]
        assert room.tree()["calc.py"] == AFTER
        await stop(room)
        assert await run_sync(editor_rooms.processes, room) == []
    finally:
        await stop(room)
