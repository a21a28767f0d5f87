"""The seam to editors: who has a file open, with which text, and how to change it there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Buffer:
    """One document open in one client. ``client`` identifies the connection."""

    client: str
    path: Path
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace ``[start, end)`` of the buffer's text, in code points, by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class BufferEdit:
    """Edits of one open document, valid for exactly this version, sorted, not overlapping."""

    path: Path
    version: int
    edits: tuple[TextEdit, ...]


class Editors(Protocol):
    """Every editor attached to the engine; the CLI has none."""

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        """The open documents of this file, over all clients."""
        ...

    def under(self, root: Path) -> tuple[Buffer, ...]:
        """The open documents below this folder, over all clients."""
        ...

    def attached(self, root: Path) -> bool:
        """Whether any editor has this workspace open."""
        ...

    async def apply(self, client: str, edits: tuple[BufferEdit, ...], label: str) -> bool:
        """Send the edits as one ``workspace/applyEdit``; True only when the client applied them
        and its documents now hold the new text. False when it refused or did not answer in time.
        """
        ...


class NoEditors:
    """The CLI's: nothing is open anywhere."""

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        return ()

    def under(self, root: Path) -> tuple[Buffer, ...]:
        return ()

    def attached(self, root: Path) -> bool:
        return False

    async def apply(self, client: str, edits: tuple[BufferEdit, ...], label: str) -> bool:
        return False
