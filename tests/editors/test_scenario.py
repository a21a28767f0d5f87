"""One scenario in real editors: equal trees byte by byte, equal streams of events (R30)."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import editor_rooms
import pytest
import scenario
from crashing import Room, stop

Left = tuple[dict[str, bytes], list[tuple[Any, ...]]]
_reference: list[Left] = []


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """The scenario's workspace."""
    made = scenario.prepare(tmp_path)
    try:
        yield made
    finally:
        await stop(made)


async def reference(folder: Path) -> Left:
    """What this project's own client leaves; played once."""
    if not _reference:
        room = scenario.prepare(folder)
        before = scenario.tree(room)
        try:
            assert await scenario.play(room) == list(scenario.STEPS)
            files, log = await editor_rooms.left(room)
        finally:
            await stop(room)
        assert files == scenario.expected(before)
        _reference.append((files, log))
    return _reference[0]


async def _compare(room: Room, argv: list[str], folder: Path) -> None:
    """The editor plays all of it, and leaves what the reference leaves."""
    assert await editor_rooms.played(room, argv) == list(scenario.STEPS)
    files, log = await editor_rooms.left(room)
    wanted, told = await reference(folder)
    assert files == wanted
    assert log == told


@pytest.mark.timeout(200)
@pytest.mark.editor
@pytest.mark.parametrize("nvim", editor_rooms.editors("nvim", beside=True))
async def test_neovim_plays_the_scenario(nvim: str, room: Room, tmp_path: Path) -> None:
    script, plugin = editor_rooms.HERE / "scenario.lua", editor_rooms.PAGES / "neovim"
    argv = [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", str(script)]
    argv += [str(plugin), str(room.work), sys.executable, scenario.BRIEF]
    await _compare(room, argv, tmp_path / "reference")


@pytest.mark.timeout(200)
@pytest.mark.editor
@pytest.mark.parametrize("emacs", editor_rooms.editors("emacs"))
async def test_emacs_plays_the_scenario(emacs: str, room: Room, tmp_path: Path) -> None:
    script = editor_rooms.HERE / "scenario.el"
    argv = [emacs, "-Q", "--batch", "-l", str(script), str(editor_rooms.PAGES)]
    argv += [str(room.work), sys.executable, scenario.BRIEF]
    await _compare(room, argv, tmp_path / "reference")
