"""A bug is found, fixed with proof and undone through three editors' capabilities (R30)."""

import ast
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from crashing import AFTER, BEFORE, Room, stop
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

from samokoder.server.client import edited

PROFILES = ("neovim@0.11.0", "emacs", "visual-studio-code")


class Editor:
    """A pytest-lsp client that holds one document and applies edits to it."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client, self.path, self.uri = client, path, path.as_uri()
        self.text, self.version = path.read_text(), 1
        self.edits = 0

    def open(self) -> None:
        item = types.TextDocumentItem(self.uri, "python", 1, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        changes = dict(params.edit.changes or {})
        for change in params.edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            assert change.text_document.version == self.version
            changes[change.text_document.uri] = list(change.edits)  # type: ignore[arg-type]
        assert list(changes) == [self.uri], "only the open document changes"
        raw = [_plain(edit) for edit in changes[self.uri]]
        self.text = edited(self.text, raw)
        self.version += 1
        self.edits += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangeWholeDocument(self.text)],
            )
        )
        return types.ApplyWorkspaceEditResult(applied=True)

    async def command(self, name: str, **args: Any) -> Any:
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(name, [args])
        )


def _plain(edit: Any) -> dict[str, Any]:
    at = edit.range
    return {
        "range": {
            "start": {"line": at.start.line, "character": at.start.character},
            "end": {"line": at.end.line, "character": at.end.character},
        },
        "newText": edit.new_text,
    }


@pytest.fixture(params=PROFILES)
async def editor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor of this kind on a workspace with one bug, behind the forwarder."""
    room = Room(tmp_path)
    client = make_test_lsp_client()
    held = Editor(client, room.work / "calc.py")
    client.feature(types.WORKSPACE_APPLY_EDIT)(lambda params: held.apply(params))
    await client.start_io(
        sys.executable, "-m", "samokoder.server.main", "lsp", env={**_environ(), **room.env}
    )
    try:
        await client.initialize_session(
            types.InitializeParams(
                capabilities=client_capabilities(request.param),
                root_uri=room.work.as_uri(),
                workspace_folders=[types.WorkspaceFolder(room.work.as_uri(), "work")],
                initialization_options={
                    "settings": {
                        "model": {"coder": f"scripted:{room.folder / 'script.json'}"},
                        "fix": {"rungs": ["L0", "L2"]},
                        "sandbox": {"unconfined": True},
                    }
                },
            )
        )
        held.open()
        yield held
        await client.shutdown_session()
    finally:
        await stop(room)


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)


async def test_open_check_fix_undo(editor: Editor) -> None:
    await editor.command("samokoder.trust")
    found = await editor.command("samokoder.check")
    assert not found["ok"]
    (problem,) = [p for p in found["problems"] if p["path"] == "test_calc.py"]
    assert problem["line"] == 7, "the failing assertion's own line"

    published = editor.client.diagnostics[(editor.path.parent / "test_calc.py").as_uri()]
    assert [d.message for d in published] == [problem["message"]]
    actions = await editor.client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier((editor.path.parent / "test_calc.py").as_uri()),
            published[0].range,
            types.CodeActionContext(diagnostics=list(published)),
        )
    )
    assert actions
    action: Any = actions[0]
    assert action.title == "Fix with Samokoder"
    name, arguments = action.command, getattr(action, "arguments", None)
    if name.startswith("{"):
        # the client library takes a code action for a command: both have a member of that name
        inner = ast.literal_eval(name)
        name, arguments = inner["command"], inner["arguments"]
    result = await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(name, arguments)
    )
    assert result["solved"], result["reason"]
    assert result["applied"]
    assert [p["ok"] for p in result["proof"] if p["when"] == "after"].count(False) == 0
    assert editor.text == AFTER
    assert editor.path.read_text() == BEFORE, "saving is the editor's"

    undone = await editor.command("samokoder.run.undo", run=result["run"]["id"])
    assert undone["run"]["state"] == "undone"
    assert editor.text == BEFORE
    assert editor.edits == 2


async def test_what_was_typed_meanwhile_is_kept(editor: Editor) -> None:
    """The fix is merged with what the user types while it is being proven."""
    await editor.command("samokoder.trust")
    fixed: dict[str, Any] = {}

    async def fix() -> None:
        fixed.update(await editor.command("samokoder.fix"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fix)
        await anyio.sleep(0.25)
        editor.text += "\n\n# typed while the agents were at work\n"
        editor.version += 1
        editor.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(editor.version, editor.uri),
                [types.TextDocumentContentChangeWholeDocument(editor.text)],
            )
        )
    assert fixed["solved"], fixed["reason"]
    assert editor.text == AFTER + "\n\n# typed while the agents were at work\n"


async def test_no_answer_to_the_question_of_trust_means_no(editor: Editor) -> None:
    """Emacs cannot be asked and the test editors do not answer: nothing of the project runs."""
    with pytest.raises(Exception, match="needs your consent first"):
        await editor.command("samokoder.check")
    assert editor.edits == 0
