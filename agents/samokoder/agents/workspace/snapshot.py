"""A snapshot: the workspace as the user sees it, unsaved buffers included, immutable."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from samokoder.agents.errors import PathRefused
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, content_hash


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: SHA-256 of its content, size in bytes, permission bits."""

    hash: str
    size: int
    mode: int = 0o644


class ContentSource(Protocol):
    """Where the bytes of a snapshot's files come from."""

    async def read(self, path: str, entry: Entry) -> bytes:
        """The content whose hash is ``entry.hash``; KeyError when it can no longer be had."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """Files by POSIX path relative to ``root``; ``overlay`` holds content by hash.

    ``skipped`` names what is there but is not part of it, with the reason (too large, …).
    ``unsaved`` names the files whose content is that of an editor's buffer, with the client;
    ``disputed`` those that several clients hold with different texts, one of which was taken.
    """

    root: Path
    files: Mapping[str, Entry]
    source: ContentSource
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    unsaved: Mapping[str, str] = field(default_factory=dict)
    disputed: tuple[str, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Equal for workspaces with equal paths, contents and modes."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            entry = self.files[path]
            digest.update(f"{path}\0{entry.hash}\0{entry.mode:o}\n".encode())
        return digest.hexdigest()

    async def read(self, path: str) -> bytes:
        """The bytes of one file; :class:`PathRefused` when the snapshot does not hold it."""
        entry = self.files.get(path)
        if entry is None:
            raise PathRefused(f"{path} is not part of the workspace snapshot")
        if entry.hash in self.overlay:
            return self.overlay[entry.hash]
        return await self.source.read(path, entry)

    def with_changes(self, change_set: ChangeSet) -> "Snapshot":
        """The snapshot as it would be after the change set; nothing is written anywhere."""
        files, overlay = dict(self.files), dict(self.overlay)
        for change in change_set.changes:
            old = files.get(change.path)
            if change.kind in (ChangeKind.DELETE, ChangeKind.RENAME):
                files.pop(change.path, None)
            if change.kind is ChangeKind.DELETE:
                continue
            target = change.new_path or change.path
            if change.after is None:
                if old is not None:
                    files[target] = old
                continue
            name = content_hash(change.after)
            mode = change.mode if change.mode is not None else (old.mode if old else 0o644)
            files[target] = Entry(name, len(change.after), mode)
            overlay[name] = change.after
        return replace(self, files=files, overlay=overlay)
