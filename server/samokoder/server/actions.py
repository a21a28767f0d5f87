"""Code actions: what can be done about a diagnostic, listed at once and without any model.

A diagnostic in the request comes from any server, through an editor that may have changed it. Its
columns are not believed beyond the line's end, and where it is one of ours, our own record of it is
used instead. The command gets ``{uri, diagnostic}`` with ``diagnostic`` being ``{message, source,
code, line, column, end_line, end_column}``, lines and columns from 1, columns in code points.
"""

from typing import TYPE_CHECKING, Any

from samokoder.server.diagnostics import Mark
from samokoder.server.documents import Document
from samokoder.server.text import Position, Range, column

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

MAX_DIAGNOSTICS = 10
"""Diagnostics of one request that get actions."""
_TITLE_LENGTH = 60
_KIND = "quickfix"
_TITLES = {
    "samokoder.fix": "Fix with Samokoder",
    "samokoder.explain": "Explain with Samokoder",
}


def code_actions(connection: "Connection", params: Any) -> list[dict[str, Any]]:
    """The actions for the diagnostics of a ``textDocument/codeAction`` request."""
    uri = _text(_at(params, "textDocument", "uri"))
    if not uri or not _wanted(_at(params, "context", "only")):
        return []
    document = connection.documents.get(uri)
    echoed = _at(params, "context", "diagnostics")
    pairs: list[tuple[Any, Mark]] = [
        (item, _known(connection, uri, item) or _foreign(connection, document, item))
        for item in (echoed if isinstance(echoed, list) else [])
        if isinstance(item, dict)
    ]
    if not pairs:
        pairs = [(None, mark) for mark in _touched(connection, uri, _at(params, "range"))]
    pairs = pairs[:MAX_DIAGNOSTICS]
    offered = [name for name in _TITLES if name in connection.host.names]
    literal = connection.capabilities.code_action_literals
    return [
        _action(name, uri, item, mark, literal=literal, alone=len(pairs) == 1)
        for name in offered
        for item, mark in pairs
    ]


def _action(
    name: str, uri: str, item: Any, mark: Mark, *, literal: bool, alone: bool
) -> dict[str, Any]:
    title = _TITLES[name]
    if not alone:
        first = mark.message.strip().partition("\n")[0]
        short = first if len(first) <= _TITLE_LENGTH else f"{first[: _TITLE_LENGTH - 1]}…"
        title = f"{title}: {short}"
    command = {
        "title": title,
        "command": name,
        "arguments": [{"uri": uri, "diagnostic": _facts(mark)}],
    }
    if not literal:
        return command
    action: dict[str, Any] = {"title": title, "kind": _KIND, "command": command}
    if item is not None:
        action["diagnostics"] = [item]
    return action


def _facts(mark: Mark) -> dict[str, Any]:
    start, end = mark.where.start, mark.where.end
    return {
        "message": mark.message,
        "source": mark.source,
        "code": mark.code,
        "line": start.line + 1,
        "column": start.character + 1,
        "end_line": end.line + 1,
        "end_column": end.character + 1,
    }


def _known(connection: "Connection", uri: str, item: dict[str, Any]) -> Mark | None:
    """Our own record of an echoed diagnostic: by number, else by its words on a nearby line."""
    mark = connection.diagnostics.find(uri, _at(item, "data", "id"))
    if mark is not None:
        return mark if mark.message == item.get("message") else None
    line = _number(_at(item, "range", "start", "line"))
    same = [
        mark
        for mark in connection.diagnostics.marks(uri)
        if mark.message == item.get("message") and mark.source == item.get("source")
    ]
    return min(same, key=lambda mark: abs(mark.where.start.line - line), default=None)


def _foreign(connection: "Connection", document: Document | None, item: dict[str, Any]) -> Mark:
    """Another server's diagnostic, its range clamped to the text."""

    def place(name: str) -> Position:
        line = _number(_at(item, "range", name, "line"))
        character = _number(_at(item, "range", name, "character"))
        if document is None:
            return Position(line, character)
        line = min(line, document.text.line_count - 1)
        encoding = connection.capabilities.encoding
        return Position(line, column(document.text.line(line), character, encoding))

    start, end = place("start"), place("end")
    code = item.get("code")
    return Mark(
        where=Range(start, max(start, end)),
        message=_text(item.get("message")) or _text(_at(item, "message", "value")),
        source=_text(item.get("source")),
        code=str(code) if isinstance(code, int | str) else "",
    )


def _touched(connection: "Connection", uri: str, where: Any) -> list[Mark]:
    """Our own marks on the lines of a range, for editors that send no diagnostics along."""
    first, last = (_number(_at(where, name, "line")) for name in ("start", "end"))
    return [
        mark
        for mark in connection.diagnostics.marks(uri)
        if mark.where.start.line <= last and mark.where.end.line >= first
    ]


def _wanted(only: Any) -> bool:
    """Whether a quick fix is among the kinds asked for; no kinds means all."""
    if not isinstance(only, list) or not only:
        return True
    return any(kind in ("", _KIND) for kind in only)


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
