"""What one client shows in the margin on our behalf, by document and by owner.

An owner is whoever may replace its own marks as a whole: a check, a review, a run. Marks follow the
text while it is edited, so that publishing one owner's anew does not move another's back. A mark
that speaks of certain words (``quote``) is shown only while they are there.

Marks with a quote are pulled by clients that can be told to pull again, for the documents they have
open; everything else is pushed.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from lsprotocol import types

from samokoder.agents.checks.check import Problem, Severity
from samokoder.agents.review.anchor import anchor
from samokoder.server.documents import Document
from samokoder.server.failures import ClientRefused, ClientSilent
from samokoder.server.text import Position, Range, content_of, split_lines, width
from samokoder.server.uris import path_of, uri_of

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

log = logging.getLogger(__name__)

_SEVERITY = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3, Severity.HINT: 4}
_END_OF_LINE = 1 << 20
_NEAR = 100
"""Lines around its old place in which a mark's words are looked for while somebody types."""
REFRESH_SECONDS = 5.0
SETTLE_SECONDS = 0.3
"""How long changes are gathered before it is told where marks have moved to."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One diagnostic. Positions count from 0, characters are code points."""

    where: Range
    message: str
    severity: Severity = Severity.ERROR
    source: str = "samokoder"
    code: str = ""
    related: tuple[tuple[Path, Position, str], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    """Comes back with the code actions of clients that keep it; ``id`` is set on publishing."""
    quote: str = ""
    """The words it speaks of; they are looked for when the text changes."""
    hidden: bool = False
    """The words are not there now."""


def mark_of(problem: Problem, root: Path, **data: Any) -> Mark:
    """A check's problem as a mark; without an end it reaches to the end of its line."""
    line, column = max(0, problem.line - 1), max(0, problem.column - 1)
    end_line = max(line, (problem.end_line or problem.line) - 1)
    end_column = _END_OF_LINE if problem.end_column is None else max(0, problem.end_column - 1)
    return Mark(
        where=Range(Position(line, column), Position(end_line, end_column)),
        message=problem.message,
        severity=problem.severity,
        source=problem.source or "samokoder",
        code=problem.rule,
        related=tuple(
            (root / f.path, Position(max(0, f.line - 1), max(0, f.column - 1)), f.text)
            for f in problem.related
        ),
        data=data,
    )


class Diagnostics:
    """The marks of one connection."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._marks: dict[str, dict[str, list[Mark]]] = {}
        self._count = 0
        self._moving: set[str] = set()

    def publish(self, owner: str, path: Path, marks: Iterable[Mark]) -> None:
        """Replace one owner's marks in one file and show them."""
        uri = self._uri(path)
        numbered = [self._numbered(mark) for mark in marks]
        owners = self._marks.setdefault(uri, {})
        if not numbered and owner not in owners:
            return
        owners[owner] = numbered
        self._send(uri)
        if not numbered:
            del owners[owner]

    def replace(self, owner: str, files: dict[Path, Sequence[Mark]]) -> None:
        """Replace all of one owner's marks, everywhere."""
        uris = {self._uri(path) for path in files}
        for uri, owners in self._marks.items():
            if owner in owners and uri not in uris:
                del owners[owner]
                self._send(uri)
        for path, marks in files.items():
            self.publish(owner, path, marks)

    def clear(self, owner: str) -> None:
        """Take all of one owner's marks away."""
        self.replace(owner, {})

    def marks(self, uri: str) -> list[Mark]:
        """What is shown in a document now, over all owners."""
        every = (mark for marks in self._marks.get(uri, {}).values() for mark in marks)
        return [mark for mark in every if not mark.hidden]

    def pulled(self, uri: str) -> list[dict[str, Any]]:
        """What a client that pulls is answered about a document."""
        if not self._pulls(uri):
            return []
        document = self._connection.documents.get(uri)
        return [self._diagnostic(mark, document) for mark in self.marks(uri) if mark.quote]

    def refresh(self) -> None:
        """Ask a client that pulls to do it again."""
        client = self._connection.capabilities
        if client.pulls and self._connection.initialized and len(self._connection.documents):
            self._connection.tasks.start_soon(self._refresh)

    async def _refresh(self) -> None:
        try:
            await self._connection.protocol.ask(
                types.WORKSPACE_DIAGNOSTIC_REFRESH, None, REFRESH_SECONDS
            )
        except (ClientSilent, ClientRefused) as error:
            log.info("diagnostics are not pulled again: %s", error)

    def _pulls(self, uri: str) -> bool:
        """Whether the client asks for the quoted marks of this document by itself."""
        is_open = self._connection.documents.get(uri) is not None
        return is_open and self._connection.capabilities.pulls

    def find(self, uri: str, id: object) -> Mark | None:
        """The mark of this number."""
        return next((mark for mark in self.marks(uri) if mark.data["id"] == id), None)

    def document_changed(
        self, document: Document, changes: Sequence[tuple[Range | None, str]]
    ) -> None:
        """Move marks below a change by as many lines as it added or took, those with a quote to
        where it stands.
        """
        owners = self._marks.get(document.uri)
        if not owners:
            return
        shown, places = self._hidden(document.uri), self._places(document.uri)
        for where, text in changes:
            if where is None:
                continue
            delta = _line_ends(text) - (where.end.line - where.start.line)
            if delta:
                for owner, marks in owners.items():
                    owners[owner] = [_moved(mark, where, delta) for mark in marks]
        for owner, marks in owners.items():
            owners[owner] = [_found(mark, document) if mark.quote else mark for mark in marks]
        if self._hidden(document.uri) != shown:
            self._send(document.uri)
        elif self._places(document.uri) != places and document.uri not in self._moving:
            self._moving.add(document.uri)
            self._connection.tasks.start_soon(self._settle, document.uri)

    async def _settle(self, uri: str) -> None:
        """Tell where marks have gone, once for many changes; not every editor moves them itself."""
        await anyio.sleep(SETTLE_SECONDS)
        self._moving.discard(uri)
        if not self._pulls(uri):
            self._send(uri)

    def document_turned(self, uri: str) -> None:
        """A document was opened or closed: who tells the client about it is another now."""
        marks = self._marks.get(uri, {})
        if self._connection.capabilities.pulls and any(m.quote for x in marks.values() for m in x):
            self._send(uri)

    def _places(self, uri: str) -> list[Range]:
        return [m.where for marks in self._marks.get(uri, {}).values() for m in marks if m.quote]

    def _hidden(self, uri: str) -> list[int]:
        owners = self._marks.get(uri, {})
        return [mark.data["id"] for marks in owners.values() for mark in marks if mark.hidden]

    def _numbered(self, mark: Mark) -> Mark:
        self._count += 1
        return replace(mark, data={**mark.data, "id": self._count})

    def _uri(self, path: Path) -> str:
        """The client's own spelling where it has the file open."""
        for document in self._connection.documents:
            if document.is_file(path):
                return document.uri
        known = (uri for uri in self._marks if path_of(uri) == path)
        return next(known, uri_of(path))

    def _send(self, uri: str) -> None:
        if not self._connection.initialized:
            return
        document = self._connection.documents.get(uri)
        params: dict[str, Any] = {
            "uri": uri,
            "diagnostics": [
                self._diagnostic(mark, document)
                for mark in self.marks(uri)
                if not (mark.quote and self._pulls(uri))
            ],
        }
        if document is not None:
            params["version"] = document.version
        self._connection.protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

    def _diagnostic(self, mark: Mark, document: Document | None) -> dict[str, Any]:
        client = self._connection.capabilities
        shown: dict[str, Any] = {
            "range": {
                "start": self._position(mark.where.start, document),
                "end": self._position(mark.where.end, document),
            },
            "severity": _SEVERITY[mark.severity],
            "source": mark.source,
            "message": mark.message,
        }
        if mark.code:
            shown["code"] = mark.code
        if client.diagnostic_data:
            shown["data"] = mark.data
        if client.related_information and mark.related:
            shown["relatedInformation"] = [
                {"location": {"uri": uri_of(path), "range": _point(at)}, "message": text or "here"}
                for path, at, text in mark.related
            ]
        return shown

    def _position(self, at: Position, document: Document | None) -> dict[str, int]:
        if document is None:
            return {"line": at.line, "character": at.character}
        content = document.text.line(at.line)
        units = width(content[: at.character], self._connection.capabilities.encoding)
        return {"line": at.line, "character": units}


def _found(mark: Mark, document: Document) -> Mark:
    """The mark where its words stand now; hidden when they stand nowhere near."""
    start, end, text = mark.where.start, mark.where.end, document.text
    at = (start.line + 1, start.character + 1, end.line + 1, end.character + 1)
    there = anchor(mark.quote, at, lambda n: text.line(n - 1), text.line_count, near=_NEAR)
    if there is None:
        return mark if mark.hidden else replace(mark, hidden=True)
    line, column, end_line, end_column = there
    where = Range(Position(line - 1, column - 1), Position(end_line - 1, end_column - 1))
    return replace(mark, where=where, hidden=False)


def _point(at: Position) -> dict[str, Any]:
    place = {"line": at.line, "character": at.character}
    return {"start": place, "end": place}


def _line_ends(text: str) -> int:
    lines = split_lines(text)
    return len(lines) - 1 + (content_of(lines[-1]) != lines[-1]) if lines else 0


def _moved(mark: Mark, where: Range, delta: int) -> Mark:
    """The mark after a change: below it moves along, on its lines it stays where it still fits."""

    def move(at: Position) -> Position:
        if at.line > where.end.line or (at.line == where.end.line and at > where.end):
            return Position(max(where.start.line, at.line + delta), at.character)
        return at

    return replace(mark, where=Range(move(mark.where.start), move(mark.where.end)))
