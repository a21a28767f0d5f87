"""Emoji, page breaks, odd line ends, in every unit of position and profile of an editor (R30)."""

import re
import sys
from pathlib import Path
from typing import Any

import editor_rooms
import msgspec
import pytest
import scenario
from anyio.to_thread import run_sync
from crashing import TEST, Room, stop
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

PROFILES = ("neovim@0.11.0", "emacs", "visual-studio-code")
ENCODINGS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
WIDTHS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
OLD, NEW = "y = x ** 3", "y = x * 2"
BEFORE = (
    '"""é 🎉 a\u2028b\x85c"""\n'
    "def double(x):\r\n"
    '\x0c    """Twice x: 🎉🎉."""\r\n'
    '    z = "🎉é\x0b";     ' + OLD + "  # 🎉 é\n"
    "    return y  # \u2029\r\n"
)
AFTER = BEFORE.replace(OLD, NEW)
FIXED = "calc.py\n<<<<<<< SEARCH\n{line}\n=======\n{new}\n>>>>>>> REPLACE\n"


class Editor:
    """Holds one document and places edits in the agreed unit."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.client: LanguageClient = make_test_lsp_client()
        self.path, self.uri, self.encoding = path, path.as_uri(), encoding
        self.text, self.version = path.read_bytes().decode(), 1
        self.client.feature(types.WORKSPACE_APPLY_EDIT)(lambda params: self.apply(params))

    async def start(self, room: Room, profile: str) -> None:
        capabilities = client_capabilities(profile)
        if capabilities.general is None:
            capabilities.general = types.GeneralClientCapabilities()
        capabilities.general.position_encodings = [types.PositionEncodingKind(self.encoding)]
        command = (sys.executable, "-m", "samokoder.server.main", "lsp")
        await self.client.start_io(*command, env=scenario.environ(room))
        result = await self.client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                root_uri=room.work.as_uri(),
                workspace_folders=[types.WorkspaceFolder(room.work.as_uri(), "work")],
            )
        )
        assert result.capabilities.position_encoding == self.encoding
        item = types.TextDocumentItem(self.uri, "python", 1, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def command(self, name: str, **args: Any) -> Any:
        params = types.ExecuteCommandParams(name, [args])
        return await self.client.workspace_execute_command_async(params)

    def offset(self, place: types.Position) -> int:
        """Where a position is, by the words of the specification."""
        ends = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", self.text))]
        start = ends[place.line]
        rest = self.text[start:].encode(ENCODINGS[self.encoding])
        cut = rest[: place.character * WIDTHS[self.encoding]]
        return start + len(cut.decode(ENCODINGS[self.encoding]))

    def apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        edits: list[Any] = list((params.edit.changes or {}).get(self.uri, ()))
        for change in params.edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            edits += change.edits
        spans = [(self.offset(e.range.start), self.offset(e.range.end), e.new_text) for e in edits]
        for start, end, new in sorted(spans, reverse=True):
            self.text = self.text[:start] + new + self.text[end:]
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangeWholeDocument(self.text)],
            )
        )
        return types.ApplyWorkspaceEditResult(applied=True)

    def type(self, text: str) -> None:
        """Insert text before the last character, as an incremental change."""
        at = len(self.text) - 2
        line = len(re.findall(r"\r\n|\n|\r", self.text[:at]))
        start = max((m.end() for m in re.finditer(r"\r\n|\n|\r", self.text[:at])), default=0)
        unit = self.text[start:at].encode(ENCODINGS[self.encoding])
        place = types.Position(line, len(unit) // WIDTHS[self.encoding])
        self.text = self.text[:at] + text + self.text[at:]
        self.version += 1
        change = types.TextDocumentContentChangePartial(types.Range(place, place), text)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri), [change]
            )
        )


def prepare(folder: Path) -> Room:
    room = Room(folder)
    (room.work / "calc.py").write_bytes(BEFORE.encode())
    (room.work / "test_calc.py").write_text(TEST)
    (line,) = [part for part in re.split(r"\r\n|\n", BEFORE) if OLD in part]
    answer = FIXED.format(line=line, new=line.replace(OLD, NEW))
    script = {"rules": [{"answer": answer}], "log": "calls.jsonl"}
    (room.folder / "script.json").write_bytes(msgspec.json.encode(script))
    room.configure(
        f'[model]\ncoder = "scripted:{room.folder / "script.json"}"\n'
        '[fix]\nrungs = ["L2"]\n[sandbox]\nunconfined = true\n'
    )
    return room


@pytest.mark.timeout(240)
@pytest.mark.parametrize("profile", PROFILES)
async def test_every_text_in_every_unit(profile: str, tmp_path: Path) -> None:
    room = prepare(tmp_path)
    try:
        for encoding in ENCODINGS:
            editor = Editor(room.work / "calc.py", encoding)
            await editor.start(room, profile)
            await editor.command("samokoder.trust")
            typed = "  # typed 🎉 é \x0c"
            editor.type(typed)
            fixed = await editor.command("samokoder.fix", uri=editor.uri)
            assert fixed["applied"], (encoding, fixed)
            wanted = AFTER[:-2] + typed + AFTER[-2:]
            assert editor.text == wanted, encoding
            await editor.command("samokoder.run.undo", run=fixed["run"]["id"])
            assert editor.text == wanted.replace(NEW, OLD), encoding
            assert editor.path.read_bytes() == BEFORE.encode(), "saving is the editor's"
            await editor.client.shutdown_session()
        await stop(room)
        assert await run_sync(editor_rooms.processes, room) == []
    finally:
        await stop(room)
