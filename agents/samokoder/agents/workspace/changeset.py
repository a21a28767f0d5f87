"""A change set: what an agent wants changed, and from which text it started.

Content is bytes throughout: line ends, a byte-order mark and odd encodings survive untouched.
Hashes are the hexadecimal SHA-256 of the whole file.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


def content_hash(data: bytes) -> str:
    """The name of a content: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class ChangeKind(StrEnum):
    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's change. ``path`` and ``new_path`` are POSIX paths relative to the root.

    ``before`` is the hash the change started from (None for a creation), ``after`` the whole new
    content (None for a deletion; for a rename the content under the new name).
    """

    path: str
    kind: ChangeKind
    before: str | None
    after: bytes | None
    new_path: str | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that make sense only together: all are applied or none."""

    title: str
    changes: tuple[FileChange, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is read or written, each once."""
        names = [name for c in self.changes for name in (c.path, c.new_path) if name]
        return tuple(dict.fromkeys(names))

    @property
    def hash(self) -> str:
        """Equal for change sets with equal effect."""
        digest = hashlib.sha256()
        for c in sorted(self.changes, key=lambda c: c.path):
            after = content_hash(c.after) if c.after is not None else "-"
            digest.update(
                f"{c.path}\0{c.kind}\0{c.before}\0{after}\0{c.new_path}\0{c.mode}\n".encode()
            )
        return digest.hexdigest()
