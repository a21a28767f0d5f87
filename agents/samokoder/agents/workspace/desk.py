"""Editors in memory: the deterministic stand-in for real ones, for tests of what uses them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from samokoder.agents.workspace.target import Buffer, BufferEdit


@dataclass
class Desk:
    """Documents by client and path. ``refuses`` are clients that never apply anything;
    ``before_apply`` is awaited first thing in :meth:`apply`, as when the user types just then.
    """

    documents: dict[tuple[str, Path], Buffer] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    before_apply: Callable[[str], Awaitable[None]] | None = None
    labels: list[str] = field(default_factory=list)

    def open(self, client: str, path: Path, text: str) -> None:
        """Open a document at version 1."""
        self.documents[client, path] = Buffer(client, path, 1, text)

    def type(self, client: str, path: Path, text: str) -> None:
        """Give a document a new text, as if the user had typed it."""
        old = self.documents[client, path]
        self.documents[client, path] = replace(old, version=old.version + 1, text=text)

    def close(self, client: str, path: Path) -> None:
        """Close a document; what was not saved is gone."""
        del self.documents[client, path]

    def text(self, client: str, path: Path) -> str:
        """The text of a document."""
        return self.documents[client, path].text

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        return tuple(b for b in self.documents.values() if b.path == path)

    def under(self, root: Path) -> tuple[Buffer, ...]:
        return tuple(b for b in self.documents.values() if root in b.path.parents)

    async def apply(self, client: str, edits: tuple[BufferEdit, ...], label: str) -> bool:
        if self.before_apply is not None:
            await self.before_apply(client)
        self.labels.append(label)
        if client in self.refuses:
            return False
        texts: dict[Path, str] = {}
        for edit in edits:
            document = self.documents.get((client, edit.path))
            if document is None or document.version != edit.version:
                return False
            out, at = [], 0
            for change in edit.edits:
                if not at <= change.start <= change.end <= len(document.text):
                    return False
                out += [document.text[at : change.start], change.text]
                at = change.end
            texts[edit.path] = "".join(out) + document.text[at:]
        for path, text in texts.items():
            self.type(client, path, text)
        return True
