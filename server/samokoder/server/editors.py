"""All open documents of all clients, and edits sent to the client that has them.

A client's "applied" is not believed alone: the edit has happened when its ``didChange`` has made
our copy of the document equal to the text we expected.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from lsprotocol import types

from samokoder.agents.workspace.target import Buffer, BufferEdit, TextEdit
from samokoder.server.documents import Document
from samokoder.server.failures import ClientRefused, ClientSilent
from samokoder.server.text import Position

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

log = logging.getLogger(__name__)

APPLY_SECONDS = 10.0
"""How long the client may take to answer; it may ask its user."""
ECHO_SECONDS = 5.0
"""How long the changed text may take to come back; some editors send changes only when idle."""
_ANNOTATION = "samokoder"


class LiveEditors:
    """``samokoder.agents.workspace.target.Editors`` over the live connections."""

    def __init__(self, connections: Mapping[str, "Connection"]) -> None:
        self._connections = connections

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        """The open documents of this file, over all clients."""
        return tuple(
            Buffer(id, path, document.version, str(document.text))
            for id, document in self._documents()
            if document.is_file(path)
        )

    def under(self, root: Path) -> tuple[Buffer, ...]:
        """The open documents below this folder, over all clients."""
        return tuple(
            Buffer(id, path, document.version, str(document.text))
            for id, document in self._documents()
            for path in (document.path, document.real)
            if path is not None and path.is_relative_to(root)
            if path == document.path or not _below(document.path, root)
        )

    def attached(self, root: Path) -> bool:
        """Whether any editor has this workspace open: a folder of its own, or a file of it."""
        return bool(self.under(root)) or any(
            root == folder or root.is_relative_to(folder)
            for connection in self._connections.values()
            if connection.initialized
            for folder in connection.roots
        )

    def _documents(self) -> list[tuple[str, Document]]:
        return [
            (id, document)
            for id, connection in self._connections.items()
            for document in connection.documents
        ]

    async def apply(self, client: str, edits: tuple[BufferEdit, ...], label: str) -> bool:
        """Send the edits as one ``workspace/applyEdit``; True only when the client's documents
        hold the new text afterwards. False when it refused, cannot, or did not do so in time.
        """
        connection = self._connections.get(client)
        if connection is None or not connection.initialized:
            return False
        if not connection.capabilities.apply_edit:
            return False
        pending: list[tuple[Document, BufferEdit, _Expectation]] = []
        for edit in edits:
            document = _open(connection, edit.path)
            if document is None or document.version != edit.version:
                return False
            pending.append((document, edit, _Expectation(document, edit.edits)))
        if not pending:
            return True
        try:
            return await self._send(connection, pending, label)
        finally:
            for _, _, expectation in pending:
                expectation.drop()

    async def _send(
        self,
        connection: "Connection",
        pending: list[tuple[Document, BufferEdit, "_Expectation"]],
        label: str,
    ) -> bool:
        params = {"label": label, "edit": _workspace_edit(connection, pending, label)}
        try:
            answer = await connection.protocol.ask(
                types.WORKSPACE_APPLY_EDIT, params, APPLY_SECONDS
            )
        except (ClientSilent, ClientRefused) as error:
            log.warning("an edit was not applied: %s", error)
            return False
        if not isinstance(answer, dict) or answer.get("applied") is not True:
            reason = answer.get("failureReason") if isinstance(answer, dict) else None
            log.info("the editor did not apply an edit: %s", reason or "no reason given")
            return False
        with anyio.move_on_after(ECHO_SECONDS):
            for _, _, expectation in pending:
                await expectation.seen.wait()
        missing = [document.uri for document, _, seen in pending if not seen.seen.is_set()]
        if missing:
            log.warning("applied, the editor says, but the text is another: %s", missing)
        return not missing


class _Expectation:
    """Waits until a document has had a certain text, if only between two changes."""

    def __init__(self, document: Document, edits: tuple[TextEdit, ...]) -> None:
        self.seen = anyio.Event()
        self._document = document
        self._expected = _edited(str(document.text), edits)
        document.observers.append(self._look)
        self._look(document)

    def _look(self, document: Document) -> None:
        if not self.seen.is_set() and str(document.text) == self._expected:
            self.seen.set()

    def drop(self) -> None:
        """Stop looking."""
        self._document.observers.remove(self._look)


def _edited(text: str, edits: tuple[TextEdit, ...]) -> str:
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))


def _open(connection: "Connection", path: Path) -> Document | None:
    return next((d for d in connection.documents if d.is_file(path)), None)


def _below(path: Path | None, root: Path) -> bool:
    return path is not None and path.is_relative_to(root)


def _workspace_edit(
    connection: "Connection",
    pending: list[tuple[Document, BufferEdit, _Expectation]],
    label: str,
) -> dict[str, Any]:
    client = connection.capabilities
    if not client.document_changes:
        return {"changes": {d.uri: _text_edits(connection, d, e, None) for d, e, _ in pending}}
    annotation = _ANNOTATION if client.change_annotations else None
    edit: dict[str, Any] = {
        "documentChanges": [
            {
                "textDocument": {"uri": d.uri, "version": d.version},
                "edits": _text_edits(connection, d, e, annotation),
            }
            for d, e, _ in pending
        ]
    }
    if annotation:
        facts = {"label": "Samokoder", "description": label, "needsConfirmation": False}
        edit["changeAnnotations"] = {annotation: facts}
    return edit


def _text_edits(
    connection: "Connection", document: Document, edit: BufferEdit, annotation: str | None
) -> list[dict[str, Any]]:
    def place(offset: int) -> dict[str, int]:
        at: Position = document.text.position_at(offset, connection.capabilities.encoding)
        return {"line": at.line, "character": at.character}

    changes = []
    for change in edit.edits:
        item: dict[str, Any] = {
            "range": {"start": place(change.start), "end": place(change.end)},
            "newText": change.text,
        }
        if annotation:
            item["annotationId"] = annotation
        changes.append(item)
    return changes
