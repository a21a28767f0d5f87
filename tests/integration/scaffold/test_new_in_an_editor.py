"""The same scaffold from an editor: listed, created in its workspace, undone."""

import os
import sys
from pathlib import Path
from typing import Any

from crashing import Room, stop
from lsprotocol import types
from pytest_lsp import client_capabilities, make_test_lsp_client


async def test_an_editor_lists_creates_and_undoes(tmp_path: Path) -> None:
    room = Room(tmp_path)
    client = make_test_lsp_client()

    async def command(name: str, /, **args: Any) -> Any:
        return await client.workspace_execute_command_async(
            types.ExecuteCommandParams(name, [args] if args else [])
        )

    await client.start_io(
        sys.executable, "-m", "samokoder.server.main", "lsp", env={**dict(os.environ), **room.env}
    )
    try:
        await client.initialize_session(
            types.InitializeParams(
                capabilities=client_capabilities("neovim@0.11.0"),
                root_uri=room.work.as_uri(),
                workspace_folders=[types.WorkspaceFolder(room.work.as_uri(), "work")],
            )
        )
        listed = await command("samokoder.new")
        assert "python-package" in [t["name"] for t in listed["templates"]]
        await command("samokoder.trust")
        made = await command("samokoder.new", template="python-package", name="Счёт")
        assert made["written"] and made["proven"], made
        assert (room.work / "Счёт" / "schet" / "summary.py").is_file()
        again = await command("samokoder.new", template="python-package", name="Счёт")
        assert not again["written"] and "nothing is overwritten" in again["run"]["reason"]
        await command("samokoder.run.undo", run=made["run"]["id"])
        assert not (room.work / "Счёт").exists()
        await client.shutdown_session()
    finally:
        await stop(room)
