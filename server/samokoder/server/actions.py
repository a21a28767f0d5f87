"""Code actions: what can be done about a diagnostic, listed at once and without any model.

A diagnostic in the request comes from any server, through an editor that may have changed it. Its
columns are not believed beyond the line's end, and where it is one of ours, our own record of it is
used instead. The command gets ``{uri, diagnostic}`` with ``diagnostic`` being ``{message, source,
code, line, column, end_line, end_column}``, lines and columns from 1, columns in code points.
Findings of reviews are ours: their commands get ``{uri, finding}``, the fingerprint. A selection
can be reviewed.
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
_SELECTION_KIND = "source.samokoder.review"
_TITLES = {
    "samokoder.fix": "Fix with Samokoder",
    "samokoder.explain": "Explain with Samokoder",
}
_FINDING_TITLES = {
    "samokoder.fix": "Apply fix",
    "samokoder.finding.dismiss": "Dismiss",
    "samokoder.explain": "Explain",
}


def code_actions(connection: "Connection", params: Any) -> list[dict[str, Any]]:
    """The actions for a ``textDocument/codeAction`` request: its diagnostics, its selection."""
    uri = _text(_at(params, "textDocument", "uri"))
    only = _at(params, "context", "only")
    if not uri:
        return []
    found = _fixes(connection, uri, params) if _wanted(only, _KIND) else []
    if _wanted(only, _SELECTION_KIND):
        found += _selection(connection, uri, _at(params, "range"))
    return found


def _fixes(connection: "Connection", uri: str, params: Any) -> list[dict[str, Any]]:
    """What can be done about each diagnostic."""
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
    literal = connection.capabilities.code_action_literals
    names = dict.fromkeys((*_TITLES, *_FINDING_TITLES))
    return [
        _action(name, uri, item, mark, literal=literal, alone=len(pairs) == 1)
        for name in names
        if name in connection.host.names
        for item, mark in pairs
        if name in _titles(mark)
    ]


def _titles(mark: Mark) -> dict[str, str]:
    return _FINDING_TITLES if "finding" in mark.data else _TITLES


def _selection(connection: "Connection", uri: str, where: Any) -> list[dict[str, Any]]:
    """A review of the selected lines."""
    name = "samokoder.review"
    start, end = _at(where, "start"), _at(where, "end")
    if start == end or not isinstance(start, dict) or name not in connection.host.names:
        return []
    first, last = _number(_at(start, "line")), _number(_at(end, "line"))
    if last > first and not _number(_at(end, "character")):
        last -= 1  # the selection ends before the first character of that line
    command = {
        "title": "Review selection",
        "command": name,
        "arguments": [{"uri": uri, "line": first + 1, "end_line": last + 1}],
    }
    if not connection.capabilities.code_action_literals:
        return [command]
    return [{"title": "Review selection", "kind": _SELECTION_KIND, "command": command}]


def _action(
    name: str, uri: str, item: Any, mark: Mark, *, literal: bool, alone: bool
) -> dict[str, Any]:
    title = _titles(mark)[name]
    if not alone:
        first = mark.message.strip().partition("\n")[0]
        short = first if len(first) <= _TITLE_LENGTH else f"{first[: _TITLE_LENGTH - 1]}…"
        title = f"{title}: {short}"
    command = {
        "title": title,
        "command": name,
        "arguments": [_arguments(uri, mark)],
    }
    if not literal:
        return command
    action: dict[str, Any] = {"title": title, "kind": _KIND, "command": command}
    if item is not None:
        action["diagnostics"] = [item]
    return action


def _arguments(uri: str, mark: Mark) -> dict[str, Any]:
    if "finding" in mark.data:
        return {"uri": uri, "finding": mark.data["finding"]}
    return {"uri": uri, "diagnostic": _facts(mark)}


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


def _wanted(only: Any, kind: str) -> bool:
    """Whether this kind is among those asked for, itself or as part of a wider one; none: all."""
    if not isinstance(only, list) or not only:
        return True
    return any(k in ("", kind) or (isinstance(k, str) and kind.startswith(f"{k}.")) for k in only)


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
