"""R19: what ended while no editor was there is told to the next one, once."""

import contextlib
import sqlite3
from pathlib import Path

import anyio
from anyio.to_thread import run_sync
from crashing import Room, editor, stop

from samokoder.server import client as lsp


def _state(room: Room, run: str) -> str:
    with contextlib.closing(sqlite3.connect(room.folder / "state" / "state.db")) as db:
        found = db.execute("select state from runs where id = ?", (run,)).fetchone()
    return str(found[0])


async def _ended(room: Room, run: str) -> None:
    """Wait until the run has ended, without being an editor."""
    with anyio.fail_after(20):
        while await run_sync(_state, room, run) in ("queued", "running", "waiting"):
            await anyio.sleep(0.1)


def _shown(client: lsp.Client) -> list[str]:
    return [p["message"] for m, p in client.notices if m == "window/showMessage"]


async def test_a_run_outlives_its_editor_and_the_next_one_is_told_once(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (room.work / "calc.py").write_text("def double(x):\n    return x\n")
    try:
        async with editor(room) as client:
            asked = room.fix(wait=False, rungs=["L0"], no_model=True)
            run = (await client.command("samokoder.fix", asked))["run"]["id"]
        await _ended(room, run)
        async with editor(room) as client:
            with anyio.fail_after(10):
                while not _shown(client):
                    await anyio.sleep(0.02)
            (message,) = _shown(client)
            assert message.startswith("Fix ")
            assert "failed" in message
        async with editor(room) as client:
            await client.command("samokoder.run.list")
            await anyio.sleep(0.3)
            assert _shown(client) == [], "a notice is told once"
    finally:
        await stop(room)
