"""A run started in Neovim is listed, watched, approved and undone from another editor (R30)."""

import sys
from pathlib import Path
from typing import Any

import anyio
import editor_rooms
import pytest
import scenario
from acp_client import acp_client, configure
from anyio.abc import Process
from anyio.to_thread import run_sync
from crashing import AFTER, Room, stop
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

QUESTION = "Apply “y = x ** 3” to calc.py?"


class OtherEditor:
    """VS Code's capabilities, following events."""

    def __init__(self) -> None:
        self.client: LanguageClient = make_test_lsp_client()
        self.events: list[Any] = []
        self.client.feature("samokoder/event")(lambda params: self.events.append(params))
        self.client.feature("samokoder/started")(lambda params: None)

    async def start(self, room: Room) -> None:
        command = (sys.executable, "-m", "samokoder.server.main", "lsp")
        await self.client.start_io(*command, env=scenario.environ(room))
        await self.client.initialize_session(
            types.InitializeParams(
                capabilities=client_capabilities("visual-studio-code"),
                root_uri=room.work.as_uri(),
                workspace_folders=[types.WorkspaceFolder(room.work.as_uri(), "work")],
                initialization_options={"events": True},
            )
        )

    async def command(self, name: str, **args: Any) -> Any:
        params = types.ExecuteCommandParams(name, [args])
        return await self.client.workspace_execute_command_async(params)


async def _until(process: Process, said: list[str], word: str) -> None:
    with anyio.fail_after(45):
        while word not in "".join(said).split():
            assert process.stdout is not None
            said.append((await process.stdout.receive()).decode())
            assert "FAIL" not in said[-1], said


@pytest.fixture
async def room(tmp_path: Path) -> Any:
    made = Room(tmp_path)
    configure(made)
    with (made.folder / "config" / "config.toml").open("a") as file:
        file.write('[run]\napply = "ask"\n')
    try:
        yield made
    finally:
        await stop(made)


@pytest.mark.timeout(150)
@pytest.mark.editor
@pytest.mark.parametrize("nvim", editor_rooms.editors("nvim", beside=True)[:1])
@pytest.mark.parametrize("other", ["vscode", "acp"])
async def test_started_in_neovim_decided_elsewhere(nvim: str, other: str, room: Room) -> None:
    before = room.tree()
    editor = OtherEditor()
    await editor.start(room)
    await editor.command("samokoder.trust")
    script, plugin = editor_rooms.HERE / "cross.lua", editor_rooms.PAGES / "neovim"
    argv = [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", str(script)]
    argv += [str(plugin), str(room.work), sys.executable]
    said: list[str] = []
    environ = scenario.environ(room)
    process = await anyio.open_process(argv, cwd=room.work, env=environ, stderr=None)
    try:
        async with process:
            run = await _listed(editor)
            shown = await editor.command("samokoder.run.show", run=run)
            assert [q["text"] for q in shown["questions"]] == [QUESTION]
            kinds = {e.kind for e in editor.events if e.run == run}
            assert {"state", "progress", "change", "question"} <= kinds, "it was watched"

            if other == "vscode":
                await editor.command("samokoder.run.answer", run=run, answer="Apply")
            else:
                await _approved_by_agent_client(room)
            await _until(process, said, "answered")
            await _until_disk(room, AFTER)

            undone = await editor.command("samokoder.run.undo", run=run)
            assert undone["run"]["state"] == "undone"
            await _until(process, said, "DONE")
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await editor.client.shutdown_session()
    assert room.tree() == before
    await stop(room)
    assert await run_sync(editor_rooms.processes, room) == []


async def _listed(editor: OtherEditor) -> str:
    """The run, once it waits for an answer."""
    with anyio.fail_after(45):
        while True:
            for run in await editor.command("samokoder.run.list"):
                if run["state"] == "waiting":
                    return str(run["id"])
            await anyio.sleep(0.1)


async def _until_disk(room: Room, text: str) -> None:
    with anyio.fail_after(30):
        while room.tree()["calc.py"] != text:
            await anyio.sleep(0.05)


async def _approved_by_agent_client(room: Room) -> None:
    """A session of the Agent Client Protocol that is loaded is asked the open question."""
    session = "1-00000000"  # as old as can be: everything in the workspace belongs to it
    async with acp_client(room, session=session) as client:
        await client.until(lambda: client.ended().get("Fix calc.py") == "completed")
        assert [text for text, _, _ in client.asked] == [QUESTION]
