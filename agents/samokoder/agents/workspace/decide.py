"""What each file of a change set should become, given what stands there now.

The text that counts is the editor's where the file is open, else the disk's. Equal to what the
change started from: the new content is taken. Equal to the new content: nothing to do. Anything
else is merged, or is a conflict; conflicts are collected over all files before they are raised.
"""

from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from samokoder.agents.errors import Conflict, WriteRefused
from samokoder.agents.workspace import disk
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.merge import merge
from samokoder.agents.workspace.plan import FileConflict, Reader
from samokoder.agents.workspace.target import Buffer, Editors


@dataclass(frozen=True, slots=True)
class Standing:
    """One path as it is now: ``data`` is the editor's text where it is open, else the disk's."""

    path: str
    found: disk.Found
    data: bytes | None
    buffers: tuple[Buffer, ...] = ()

    @property
    def target(self) -> Path:
        return self.found.target

    @property
    def unsaved(self) -> bool:
        return bool(self.buffers) and self.data != self.found.data


@dataclass(frozen=True, slots=True)
class Decision:
    """``before`` becomes ``after``; None is for no file. ``mode`` are permission bits."""

    standing: Standing
    after: bytes | None
    mode: int
    merged: bool = False
    renamed_from: str | None = None

    @property
    def path(self) -> str:
        return self.standing.path

    @property
    def before(self) -> bytes | None:
        return self.standing.data

    @property
    def target(self) -> Path:
        return self.standing.target

    @property
    def in_editor(self) -> bool:
        """Files are made and deleted on disk; a text that is open changes where it is open."""
        return bool(self.standing.buffers) and self.after is not None

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        return self.standing.buffers

    def text_for(self, buffer: Buffer) -> str:
        """The new text in the form this buffer shows the file in."""
        return texts.to_buffer(self.after or b"", buffer.text, self.standing.found.data)


class _Clash(Exception):
    def __init__(self, conflict: FileConflict) -> None:
        self.conflict = conflict


async def stand(path: str, *, root: Path, editors: Editors) -> Standing:
    """How one path stands; :class:`Conflict` when several clients hold different texts of it."""
    found = await to_thread.run_sync(disk.look, root, path)
    held = {b.client: b for at in (found.real, found.target) for b in editors.buffers(at)}
    if not held:
        return Standing(path, found, found.data)
    forms = {texts.from_buffer(b.text, found.data) for b in held.values()}
    if len(forms) > 1:
        ours, theirs = sorted(forms)[:2]
        why = "it is open in several editors with different unsaved texts"
        raise Conflict(
            f"{path}: {why}",
            hint="Save or discard it in one of them and try again.",
            files=(FileConflict(path, why, found.data, ours, theirs),),
        )
    return Standing(path, found, forms.pop(), tuple(held.values()))


async def decide(
    change_set: ChangeSet, *, root: Path, editors: Editors, read: Reader
) -> list[Decision]:
    """One decision per path; raises Conflict with every file that cannot be decided."""
    decisions: list[Decision] = []
    conflicts: list[FileConflict] = []
    for change in change_set.changes:
        standing = await stand(change.path, root=root, editors=editors)
        other = None
        if change.new_path is not None:
            other = await stand(change.new_path, root=root, editors=editors)
        try:
            decisions += await _decide(change, standing, other, read)
        except _Clash as clash:
            conflicts.append(clash.conflict)
    if conflicts:
        names = "; ".join(f"{c.path}: {c.reason}" for c in conflicts)
        raise Conflict(names, files=tuple(conflicts))
    for d in decisions:
        if d.standing.found.read_only and not d.in_editor and d.before != d.after:
            raise WriteRefused(f"{d.path} is read-only")
    return decisions


async def _decide(
    change: FileChange, standing: Standing, other: Standing | None, read: Reader
) -> list[Decision]:
    if change.kind is ChangeKind.CREATE:
        return [_create(change, standing, change.after or b"")]
    if change.kind is ChangeKind.DELETE:
        return [_delete(change, standing)]
    if other is None:
        after, merged = await _modify(change, standing, read)
        return [Decision(standing, after, _mode(change, standing), merged)]
    if standing.data is None and other.data is not None:
        if change.after is None or other.data == change.after:
            return [Decision(standing, None, 0), Decision(other, other.data, 0)]
        raise _clash(change, standing, "it was renamed or deleted meanwhile")
    after, merged = await _modify(change, standing, read)
    gone = _delete(change, standing, anyway=True)
    made = _create(change, other, after, standing)
    return [Decision(made.standing, after, made.mode, merged, change.path), gone]


def _create(
    change: FileChange, standing: Standing, after: bytes, source: Standing | None = None
) -> Decision:
    open_and_empty = standing.found.data is None and not standing.data
    if standing.data not in (None, after) and not open_and_empty:
        raise _clash(change, standing, "a file of that name is there by now")
    mode = source.found.mode if source is not None else 0o644
    return Decision(standing, after, mode if change.mode is None else change.mode)


def _delete(change: FileChange, standing: Standing, *, anyway: bool = False) -> Decision:
    if standing.data is not None:
        if standing.unsaved:
            raise _clash(change, standing, "it is open in an editor with unsaved changes")
        if not anyway and content_hash(standing.data) != change.before:
            raise _clash(change, standing, "it was changed meanwhile")
    return Decision(standing, None, standing.found.mode)


async def _modify(change: FileChange, standing: Standing, read: Reader) -> tuple[bytes, bool]:
    current = standing.data
    if current is None:
        raise _clash(change, standing, "it was deleted meanwhile")
    after = current if change.after is None else change.after
    if after == current or content_hash(current) == change.before:
        return after, False
    try:
        base = await read(change.before or "")
    except KeyError:
        raise _clash(change, standing, "it was changed meanwhile") from None
    if any(texts.is_binary(data) for data in (base, current, after)):
        raise _clash(change, standing, "it is binary and was changed meanwhile", base)
    merged = merge(base, current, after)
    if merged.content is None:
        lines = ", ".join(str(c.line) for c in merged.clashes[:5])
        conflict = FileConflict(
            change.path,
            f"both changes touch line {lines}",
            base,
            current,
            after,
            merged.clashes,
        )
        raise _Clash(conflict)
    return merged.content, merged.content != after


def _mode(change: FileChange, standing: Standing) -> int:
    return standing.found.mode if change.mode is None else change.mode


def _clash(change: FileChange, standing: Standing, why: str, base: bytes | None = None) -> _Clash:
    return _Clash(FileConflict(change.path, why, base, standing.data, change.after))
