"""Findings of reviews in the margins of all editors: published as they come, after any restart.

What is shown is read from the state, so it does not matter who reviewed. A finding's place is
looked up by its quoted code in what the client has open, else in the file: where the code is gone
nothing is shown.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from anyio import to_thread

from samokoder.agents.errors import InvalidInput
from samokoder.agents.review import dismissed
from samokoder.agents.review.anchor import anchor
from samokoder.agents.review.shelf import Kept, StateShelf
from samokoder.agents.runs.stream import Stream
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.target import Editors
from samokoder.server.diagnostics import Mark
from samokoder.server.documents import Document
from samokoder.server.text import Position, Range, Text
from samokoder.state.database import Database
from samokoder.state.dismissals import Dismissal

if TYPE_CHECKING:
    from samokoder.server.connection import Connection

EVENT = "findings"
"""The kind of event that says that findings of some files are others now."""
_LIMIT = 4 << 20
"""Bytes of a file that is read to find a finding's place."""


class FindingsFace:
    """Shows the open findings of workspaces to the connections of one process."""

    def __init__(
        self, db: Database, stream: Stream, connections: "Mapping[str, Connection]"
    ) -> None:
        self._shelf = StateShelf(db)
        self._stream = stream
        self._connections = connections

    async def run(self) -> None:
        """Publish what changes until cancelled."""
        with self._stream.listen() as heard:
            while True:
                event = await heard.receive()
                if event.kind == EVENT:
                    facts = msgspec.json.decode(event.facts)
                    await self.publish(Path(facts["root"]), facts["paths"])

    async def publish(self, root: Path, paths: Collection[str] | None = None) -> None:
        """Show the findings of these files, or of all, wherever the workspace is open."""
        near = [c for c in self._connections.values() if is_near(root, c.roots)]
        if near:
            shown = await self.shown(root, paths)
            for connection in near:
                await _publish(connection, root, shown, paths)

    async def connected(self, connection: "Connection") -> None:
        """Show a new client what is known of its workspaces."""
        for root in connection.roots:
            shown = await self.shown(root)
            if shown:
                await _publish(connection, root, shown, None)

    async def shown(self, root: Path, paths: Collection[str] | None = None) -> tuple[Kept, ...]:
        """Open findings that nobody has dismissed."""
        opened = await self._shelf.opened(root, paths)
        if not opened:
            return ()
        silenced = set(await silenced_in(self._shelf, root))
        return tuple(kept for kept in opened if kept.fingerprint not in silenced)


async def silenced_in(shelf: StateShelf, root: Path) -> dict[str, str]:
    """Reasons of dismissals by fingerprint: this user's and those the project shares."""
    own = await shelf.dismissed(root)
    try:
        project = await to_thread.run_sync(_project, root)
    except InvalidInput:
        project = ()
    return {d.fingerprint: d.reason for d in (*project, *own)}


async def standing(root: Path, kept: Sequence[Kept], editors: Editors) -> tuple[Kept, ...]:
    """The findings where their code is now, in open documents or else on disk; those whose code
    is gone are left out.
    """
    held = {buffer.path: buffer.text for buffer in editors.under(root)}
    paths = {root / k.finding.path for k in kept}
    held |= await to_thread.run_sync(_read_all, sorted(paths - held.keys()))
    texts_of = {path: Text(held.get(path, "")) for path in paths}

    def moved(one: Kept) -> Kept | None:
        f, text = one.finding, texts_of[root / one.finding.path]
        at = (f.line, f.column, f.end_line, f.end_column)
        found = anchor(f.quote, at, lambda n: text.line(n - 1), text.line_count)
        if found is None:
            return None
        line, column, end_line, end_column = found
        there = replace(f, line=line, column=column, end_line=end_line, end_column=end_column)
        return replace(one, finding=there)

    return tuple(there for one in kept if (there := moved(one)) is not None)


def _project(root: Path) -> tuple[Dismissal, ...]:
    data = _read(root / dismissed.FILE)
    return dismissed.parse(data) if data else ()


def is_near(root: Path, roots: Iterable[Path]) -> bool:
    """Whether a workspace is one of these, below or above one of them."""
    return any(root.is_relative_to(r) or r.is_relative_to(root) for r in roots)


async def _publish(
    connection: "Connection", root: Path, shown: Sequence[Kept], paths: Collection[str] | None
) -> None:
    owner = f"review:{root}"
    files: dict[Path, list[Kept]] = {}
    for kept in shown:
        files.setdefault(root / kept.finding.path, []).append(kept)
    closed = [path for path in files if _open(connection, path) is None]
    on_disk = await to_thread.run_sync(_read_all, closed)
    marks: dict[Path, list[Mark]] = {}
    for path, mine in files.items():
        # looked up again after the files were read: it may have been opened meanwhile
        document = _open(connection, path)
        text = document.text if document is not None else Text(on_disk.get(path, ""))
        marks[path] = [_mark(kept, root, text) for kept in mine]
    if paths is None:
        connection.diagnostics.replace(owner, dict(marks))
    else:
        for path in (root / name for name in paths):
            connection.diagnostics.publish(owner, path, marks.get(path, ()))
    connection.diagnostics.refresh()


def _open(connection: "Connection", path: Path) -> Document | None:
    return next((d for d in connection.documents if d.is_file(path)), None)


def _mark(kept: Kept, root: Path, text: Text) -> Mark:
    f = kept.finding
    at = (f.line, f.column, f.end_line, f.end_column)
    found = anchor(f.quote, at, lambda n: text.line(n - 1), text.line_count)
    first_line, first, last_line, last = found or at
    return Mark(
        where=Range(Position(first_line - 1, first - 1), Position(last_line - 1, last - 1)),
        message=message_of(kept),
        severity=f.severity,
        source="samokoder",
        code=f.rule,
        related=tuple(
            dict.fromkeys(  # where a path begins is its first step too
                (root / p.path, Position(max(0, p.line - 1), max(0, p.column - 1)), p.note)
                for p in (*f.related, *(e.place for e in f.evidence if e.place is not None))
            )
        ),
        data={"finding": kept.fingerprint},
        quote=f.quote,
        hidden=found is None,
    )


def message_of(kept: Kept) -> str:
    """What is wrong, what to do, and how sure it is."""
    f = kept.finding
    parts = [f.message.rstrip()]
    if f.advice:
        parts.append(f.advice)
    rule = next((e.text for e in f.evidence if e.kind == "rule"), "")
    if rule and f.origin == "model":
        parts.append(f"Rests on {rule}")
    if f.origin == "model" and not f.proven:
        parts.append(f"Not proven, confidence {f.confidence:.0%}.")
    return "\n".join(parts)


def _read_all(paths: Iterable[Path]) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for path in paths:
        data = _read(path)
        try:
            found[path] = texts.decode(data).text if data is not None else ""
        except texts.NotText:
            found[path] = ""
    return found


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError:
        return None
    return data if len(data) <= _LIMIT else None
