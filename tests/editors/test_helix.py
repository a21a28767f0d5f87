"""A real Helix on a screen: diagnostics, the quick fix, the buffer, undo (R30)."""

import subprocess
import sys
import time
from pathlib import Path

import editor_rooms
import pytest
import scenario
from acp_client import configure
from anyio.to_thread import run_sync
from crashing import AFTER, BEFORE, Room, stop
from screen import screen

LANGUAGES = """
[language-server.samokoder]
command = "{python}"
args = ["-m", "samokoder.server.main", "lsp"]

[[language]]
name = "python"
language-servers = ["samokoder"]
"""


@pytest.mark.timeout(150)
@pytest.mark.editor
@pytest.mark.parametrize("hx", editor_rooms.editors("hx"))
async def test_helix_fixes_and_undoes(hx: str, tmp_path: Path) -> None:
    room = Room(tmp_path)
    configure(room)
    (room.folder / "helix").mkdir()
    languages = LANGUAGES.format(python=sys.executable)
    (room.folder / "helix" / "languages.toml").write_text(languages)
    (room.folder / "helix" / "config.toml").write_text("")
    before = room.tree()
    try:
        await run_sync(_drive, hx, room)
        assert room.tree() == before
        await stop(room)
        assert await run_sync(editor_rooms.processes, room) == []
    finally:
        await stop(room)


def _drive(hx: str, room: Room) -> None:
    environ = scenario.environ(room)
    samokoder = [sys.executable, "-m", "samokoder.server.main"]
    subprocess.run(
        [*samokoder, "trust"], cwd=room.work, env=environ, check=True, capture_output=True
    )
    calc = room.work / "calc.py"
    with screen([hx, "calc.py", "test_calc.py"], room.work, environ) as it:
        it.until("double")

        def command(text: str) -> None:
            it.keys("Escape")
            time.sleep(0.3)  # or the terminal takes both for one key with Alt
            it.type(f":{text}")
            it.keys("Enter")

        def buffer(wanted: str) -> None:
            it.wait(wanted, lambda: wanted in it.text)

        command("open test_calc.py")
        it.until("unittest")

        def checked() -> bool:
            # until the server is there, Helix says that it does not know the command
            if "● 1" not in it.text:
                command("lsp-workspace-command samokoder.check")
                time.sleep(3)
            return "● 1" in it.text

        it.wait("the failing test is marked", checked)
        it.keys("Escape")
        time.sleep(0.3)
        it.keys("g", "g", "]", "d")
        it.until("AssertionError")
        it.keys("Space", "a")
        it.until("Fix with Samokoder")
        it.keys("Enter")
        command("open calc.py")
        buffer("y = x * 2")
        assert calc.read_text() == BEFORE, "saving is the editor's"
        command("write")
        it.wait("saved", lambda: calc.read_text() == AFTER)
        command("lsp-workspace-command samokoder.run.undo")
        buffer("y = x ** 3")
        command("write")
        it.wait("saved again", lambda: calc.read_text() == BEFORE)
        command("quit-all")
        it.wait("the end", lambda: not it.running)
