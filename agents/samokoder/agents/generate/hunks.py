"""Hunks of a task's changes: numbered for the reviewer, put together without those refused."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash

_SHOWN = 6000
"""Characters of one hunk that are shown."""
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Numbered:
    """A hunk, counted from 1 over all files. ``key`` stays equal while its own text does;
    ``line`` is where it stands in the new text, from 1.
    """

    number: int
    path: str
    line: int
    key: str
    shown: str
    hunk: diff.Hunk


def numbered(changes: Mapping[str, tuple[bytes, bytes]]) -> tuple[Numbered, ...]:
    """The hunks of all files; ``changes`` are contents before and after by path."""
    found: list[Numbered] = []
    for path in sorted(changes):
        before, after = changes[path]
        for hunk in diff.hunks(before, after):
            name = hashlib.sha256(b"\0".join((path.encode(), hunk.before, hunk.after))).hexdigest()
            found.append(
                Numbered(
                    len(found) + 1,
                    path,
                    hunk.new_start + 1,
                    f"{name[:16]}/{sum(n.key.startswith(name[:16]) for n in found)}",
                    _shown(before, hunk),
                    hunk,
                )
            )
    return tuple(found)


def without(before: bytes, hunks: Collection[Numbered], refused: Collection[str]) -> bytes:
    """The content with all hunks of one file but those whose keys are refused."""
    lines = texts.byte_lines(before)
    out: list[bytes] = []
    at = 0
    for one in sorted(hunks, key=lambda n: n.hunk.start):
        out += lines[at : one.hunk.start]
        out.append(one.hunk.before if one.key in refused else one.hunk.after)
        at = one.hunk.end
    return b"".join([*out, *lines[at:]])


def change(
    path: str, before: bytes | None, after: bytes | None, *, old: str = ""
) -> FileChange | None:
    """The change of one file; None when there is none. ``old`` is its name before, if another."""
    if old and old != path:
        assert before is not None
        kept = None if after == before else after
        return FileChange(old, ChangeKind.RENAME, content_hash(before), kept, path)
    if before == after:
        return None
    if before is None:
        return FileChange(path, ChangeKind.CREATE, None, after)
    kind = ChangeKind.DELETE if after is None else ChangeKind.MODIFY
    return FileChange(path, kind, content_hash(before), after)


def contents(change_set: ChangeSet) -> dict[str, bytes]:
    """New contents by path, as far as the change set holds them."""
    return {c.new_path or c.path: c.after for c in change_set.changes if c.after is not None}


def _shown(before: bytes, hunk: diff.Hunk) -> str:
    lines = texts.byte_lines(before)
    above = lines[max(0, hunk.start - _CONTEXT) : hunk.start]
    below = lines[hunk.end : hunk.end + _CONTEXT]
    parts = [
        *_marked(" ", above),
        *_marked("-", texts.byte_lines(hunk.before)),
        *_marked("+", texts.byte_lines(hunk.after)),
        *_marked(" ", below),
    ]
    text = "\n".join(parts)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n… {len(text) - _SHOWN} more"


def _marked(mark: str, lines: list[bytes]) -> list[str]:
    return [mark + line.decode("utf-8", "replace").rstrip("\r\n") for line in lines]
