"""Findings through three editors' capabilities: appear, move, vanish, dismissed, fixed (R9)."""

import ast
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from crashing import Room, stop
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

from samokoder.server.client import edited

PROFILES = ("neovim@0.11.0", "emacs", "visual-studio-code")

WEB = """\
import sqlite3

from flask import Flask, request

app = Flask(__name__)
db = sqlite3.connect("people.db")


@app.route("/user")
def user():
    name = request.args.get("name")
    return str(db.execute("SELECT * FROM users WHERE name = '%s'" % name).fetchall())
"""
HARM = """    return str(db.execute("SELECT * FROM users WHERE name = '%s'" % name).fetchall())"""
SAFE = """    return str(db.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchall())"""
ANSWER = f"web.py\n<<<<<<< SEARCH\n{HARM}\n=======\n{SAFE}\n>>>>>>> REPLACE\n"


class Editor:
    """A pytest-lsp client with one open document; it pulls diagnostics where it can."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client, self.path, self.uri = client, path, path.as_uri()
        self.text, self.version = path.read_text(), 1
        self.pulls = False

    def open(self) -> None:
        item = types.TextDocumentItem(self.uri, "python", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def close(self) -> None:
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(self.uri))
        )

    def type(self, line: int, text: str, *, until: int | None = None) -> None:
        """Replace the start of a line (or lines up to ``until``) by text; lines from 0."""
        where = types.Range(
            types.Position(line, 0), types.Position(line if until is None else until, 0)
        )
        change = types.TextDocumentContentChangePartial(range=where, text=text)
        lines = self.text.splitlines(keepends=True)
        self.text = "".join(lines[:line]) + text + "".join(lines[where.end.line :])
        self._changed(change)

    def _changed(self, change: Any) -> None:
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri), [change]
            )
        )

    def apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        changes = dict(params.edit.changes or {})
        for change in params.edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            changes[change.text_document.uri] = list(change.edits)  # type: ignore[arg-type]
        raw = [
            {"range": {"start": _at(e.range.start), "end": _at(e.range.end)}, "newText": e.new_text}
            for e in changes[self.uri]
        ]
        self.text = edited(self.text, raw)
        self._changed(types.TextDocumentContentChangeWholeDocument(self.text))
        return types.ApplyWorkspaceEditResult(applied=True)

    async def command(self, name: str, **args: Any) -> Any:
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(name, [args])
        )

    async def shown(self) -> list[types.Diagnostic]:
        """What the editor shows for the document: what it was sent and what it asked for."""
        found = list(self.client.diagnostics.get(self.uri, ()))
        if self.pulls:
            answer = await self.client.text_document_diagnostic_async(
                types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self.uri))
            )
            found += answer.items
        return found

    async def until(self, count: int) -> list[types.Diagnostic]:
        with anyio.fail_after(10):
            while len(found := await self.shown()) != count:
                await anyio.sleep(0.02)
        return found

    async def actions(self, where: types.Range, shown: list[types.Diagnostic]) -> dict[str, Any]:
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(self.uri), where, types.CodeActionContext(shown)
            )
        )
        return {action.title: action for action in found or ()}

    async def run(self, action: Any) -> Any:
        command = action if isinstance(action, types.Command) else action.command
        if command.command.startswith("{"):
            # the client's library takes an action without diagnostics for a bare command
            inner = ast.literal_eval(command.command)
            command = types.Command(inner["title"], inner["command"], None, inner["arguments"])
        return await self.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command.command, command.arguments)
        )


def _at(position: types.Position) -> dict[str, int]:
    return {"line": position.line, "character": position.character}


@pytest.fixture(params=PROFILES)
async def editor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Editor]:
    room = Room(tmp_path)
    for name in ("calc.py", "test_calc.py"):
        (room.work / name).unlink()
    (room.work / "web.py").write_text(WEB)
    script = {"rules": [{"answer": ANSWER}]}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    client = make_test_lsp_client()
    held = Editor(client, room.work / "web.py")
    client.feature(types.WORKSPACE_APPLY_EDIT)(lambda params: held.apply(params))
    await client.start_io(
        sys.executable, "-m", "samokoder.server.main", "lsp", env={**os.environ, **room.env}
    )
    capabilities = client_capabilities(request.param)
    if request.param == "visual-studio-code":  # the recorded one is older than pulling
        assert capabilities.text_document is not None and capabilities.workspace is not None
        capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities()
        capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(True)
    try:
        offered = await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
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
        held.pulls = offered.capabilities.diagnostic_provider is not None
        assert held.pulls == (request.param == "visual-studio-code"), "only where it can refresh"
        held.open()
        yield held
        await client.shutdown_session()
    finally:
        await stop(room)


async def test_findings_appear_move_vanish_are_dismissed_and_fixed(editor: Editor) -> None:
    result = await editor.command("samokoder.review", no_model=True)
    (found,) = result["findings"]
    assert (found["path"], found["line"], found["cwe"]) == ("web.py", 12, "89")
    (shown,) = await editor.until(1)
    assert shown.severity == types.DiagnosticSeverity.Error, "a complete path is a proof"
    assert shown.range.start.line == 11
    quoted = editor.text.splitlines()[11][shown.range.start.character : shown.range.end.character]
    assert quoted == found["quote"]
    if editor.pulls:
        assert not editor.client.diagnostics.get(editor.uri), "nothing is shown twice"

    editor.type(0, "# a line above\n\n")
    actions = await editor.actions(types.Range(types.Position(13, 4), types.Position(13, 4)), [])
    assert [*actions] == ["Apply fix", "Explain", "Dismiss"], "the finding moved with its line"
    explained = await editor.command("samokoder.explain", finding=found["fingerprint"])
    assert "SQL injection" in explained["facts"]

    editor.type(13, SAFE + "\n", until=14)
    assert await editor.until(0) == [], "the code it speaks of is gone"
    editor.type(13, HARM + "\n", until=14)
    (again,) = await editor.until(1)
    assert again.range.start.line == 13, "it is back with its code"

    dismissed = await editor.run(actions["Dismiss"])
    assert dismissed["finding"] == found["fingerprint"]
    await editor.until(0)
    result = await editor.command("samokoder.review", no_model=True)
    assert (result["findings"], result["dismissed"]) == ([], 1)
    await editor.command("samokoder.finding.dismiss", finding=found["fingerprint"], revoke=True)
    await editor.until(1)

    await editor.command("samokoder.trust")
    fixed = await editor.run(actions["Apply fix"])
    assert fixed["solved"] and fixed["applied"], fixed["reason"]
    assert [(p["when"], p["ok"]) for p in fixed["proof"] if "review" in p["command"]] == [
        ("before", False),
        ("after", True),
        ("control", False),
    ]
    assert SAFE in editor.text
    assert await editor.until(0) == []
    assert await editor.command("samokoder.finding.list") == []


async def test_a_selection_is_reviewed(editor: Editor) -> None:
    selection = types.Range(types.Position(9, 0), types.Position(12, 0))
    actions = await editor.actions(selection, [])
    assert [*actions] == ["Review selection"]
    result = await editor.run(actions["Review selection"])
    assert "lines 10 to 12" in result["what"]
    assert [f["line"] for f in result["findings"]] == [12]
    nothing = await editor.actions(types.Range(types.Position(1, 0), types.Position(1, 0)), [])
    assert nothing == {}


async def test_findings_are_there_when_the_file_is_opened_again(editor: Editor) -> None:
    await editor.command("samokoder.review", no_model=True)
    await editor.until(1)
    editor.close()
    with anyio.fail_after(10):
        while not editor.client.diagnostics.get(editor.uri):
            await anyio.sleep(0.02)  # a closed file is nobody's to pull
    editor.open()
    (shown,) = await editor.until(1)
    assert shown.range.start.line == 11
