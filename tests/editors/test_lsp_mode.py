"""A real Emacs with lsp-mode: check, fix, undo, cancel (R30)."""

import sys
from pathlib import Path

import editor_rooms
import pytest
from acp_client import configure
from anyio.to_thread import run_sync
from crashing import Room, stop

LSP_MODE = Path("/usr/share/emacs/site-lisp/elpa-src")


def _emacsen() -> list[object]:
    if not list(LSP_MODE.glob("lsp-mode-*")):
        return [pytest.param("", marks=pytest.mark.skip(reason="no elpa-lsp-mode here"), id="none")]
    return editor_rooms.editors("emacs")[:1]


@pytest.mark.timeout(150)
@pytest.mark.editor
@pytest.mark.parametrize("emacs", _emacsen())
async def test_lsp_mode_fixes_undoes_and_cancels(emacs: str, tmp_path: Path) -> None:
    room = Room(tmp_path)
    configure(room)
    before = room.tree()
    script = editor_rooms.HERE / "lsp_mode.el"
    argv = [emacs, "-Q", "--batch", "-l", str(script), str(editor_rooms.PAGES)]
    argv += [str(room.work), sys.executable]
    try:
        await editor_rooms.played(room, argv)
        assert room.tree() == before
        await stop(room)
        assert await run_sync(editor_rooms.processes, room) == []
    finally:
        await stop(room)
