"""Findings in a real Neovim: they appear, move, vanish, are dismissed and fixed (R9, R30)."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio.to_thread import run_sync
from crashing import Room, stop
from test_neovim import neovim

DRIVE = Path(__file__).with_name("review.lua")
HARM = """    return str(db.execute("SELECT * FROM users WHERE n = '%s'" % name).fetchall())"""
SAFE = """    return str(db.execute("SELECT * FROM users WHERE n = ?", (name,)).fetchall())"""
WEB = f"""\
import sqlite3

from flask import Flask, request

app = Flask(__name__)
db = sqlite3.connect("people.db")


@app.route("/user")
def user():
    name = request.args.get("name")
{HARM}
"""


@pytest.mark.editor
async def test_a_real_neovim_shows_moves_dismisses_and_fixes_findings(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for name in ("calc.py", "test_calc.py"):
        (room.work / name).unlink()
    (room.work / "web.py").write_text(WEB)
    answer = f"web.py\n<<<<<<< SEARCH\n{HARM}\n=======\n{SAFE}\n>>>>>>> REPLACE\n"
    script = room.folder / "script.json"
    script.write_bytes(msgspec.json.encode({"rules": [{"answer": answer}]}))
    try:
        argv = [neovim(), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", str(DRIVE)]
        argv += [str(room.work), sys.executable, str(script)]
        with anyio.fail_after(55):
            done = await run_sync(
                lambda: subprocess.run(
                    argv,
                    env={**os.environ, **room.env},
                    capture_output=True,
                    text=True,
                    timeout=50,
                    check=False,
                )
            )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.rstrip().endswith("DONE")
        assert room.tree() == {"web.py": WEB}, "saving is the editor's"
    finally:
        await stop(room)
