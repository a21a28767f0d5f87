"""Taking back what runs have written, merged three ways over everything that came later.

An undo is a change set of its own, applied like any other; nothing in the history is removed. For
each file the selected hunks are reverted in the content their change set had made, and the
difference is merged onto the text as it is now. Where that clashes the file is left alone.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from samokoder.agents.counting import counted
from samokoder.agents.errors import InvalidInput
from samokoder.agents.runs import delivering, leasing, recovery, standing
from samokoder.agents.runs.recording import Recording
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.decide import stand
from samokoder.agents.workspace.merge import merge
from samokoder.state import blobs, changes, runs, steps
from samokoder.state.changes import ChangeState, Hunk

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine

WRITTEN = (ChangeState.APPLIED, ChangeState.CONFLICT, ChangeState.ROLLED_BACK)
"""States of change sets of which hunks may stand in the files; the hunks' own states tell."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What to take back; empty means everything the run has applied."""

    hunks: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    agent: str = ""
    change: int | None = None
    after_step: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: files that changed, files that were left alone and why."""

    message: str
    changed: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass
class _File:
    """One file on its way back: ``now`` is None when there is no file."""

    path: str
    first: bytes | None
    now: bytes | None
    renamed_to: str | None = None
    hunks: list[int] = field(default_factory=list)
    conflict: str = ""


async def undo(engine: "Engine", run_id: str, selection: Selection, *, client: str | None) -> Taken:
    """Take back what is selected of a run. InvalidInput when nothing of it is applied."""
    async with engine.db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        chosen = await _chosen(engine, run_id, selection)
    if not chosen:
        raise InvalidInput(f"nothing of run {run_id} is applied that could be undone")
    root = Path((await engine.summary(run_id)).root)
    async with leasing.writing(engine, run.workspace_id, run_id):
        await recovery.finish_applying(engine, run.workspace_id, root)
        return await _take_back(engine, run_id, root, chosen, client)


async def _chosen(
    engine: "Engine", run_id: str, selection: Selection
) -> list[tuple[changes.ChangeSet, frozenset[int]]]:
    """The change sets to take back with their selected hunks, newest first."""
    async with engine.db.reading() as s:
        applied = await changes.listing(s, run_id=run_id, states=WRITTEN)
        after = None
        if selection.after_step:
            after = await steps.find(s, run_id, selection.after_step)
            if after is None or not after.finished:
                raise InvalidInput(f"run {run_id} has no finished step {selection.after_step!r}")
    found = []
    for change in reversed(applied):
        if after is not None and (change.step_id or 0) <= after.id:
            continue
        if selection.change is not None and change.id != selection.change:
            continue
        # an undo is taken back only when it is named
        if change.undoes_id is not None and change.id != selection.change:
            continue
        hunks = frozenset(
            h.id
            for f in change.files
            for h in f.hunks
            if selected(h, f.path, selection, (ChangeState.APPLIED,))
        )
        if hunks:
            found.append((change, hunks))
    return found


def selected(hunk: Hunk, path: str, selection: Selection, states: Collection[ChangeState]) -> bool:
    """Whether a hunk of a file is meant."""
    return (
        hunk.state in states
        and (not selection.hunks or hunk.id in selection.hunks)
        and (not selection.files or path in selection.files)
        and (not selection.agent or hunk.agent == selection.agent)
    )


async def _take_back(
    engine: "Engine",
    run_id: str,
    root: Path,
    chosen: list[tuple[changes.ChangeSet, frozenset[int]]],
    client: str | None,
) -> Taken:
    files: dict[str, _File] = {}
    for change, hunks in chosen:
        for file in change.files:
            mine = [h for h in file.hunks if h.id in hunks]
            if mine:
                await _revert(engine, root, files, file, mine)
    undone = [f for f in files.values() if not f.conflict]
    conflicts = tuple(f"{f.path}: {f.conflict}" for f in files.values() if f.conflict)
    altered = tuple(c for f in undone if (c := _change(f)) is not None)
    if altered:
        change_set = ChangeSet(f"Undo of {chosen[0][0].title}", altered)
        recording = await _record(engine, run_id, change_set, undone, chosen[0][0].id)
        await delivering.write_change(recording, root=root, snapshot=None, prefer=client)
    else:
        await _mark(engine, run_id, undone)
    changed = tuple(c.path for c in altered)
    message = (
        f"Undone in {counted(len(changed), 'file')}."
        if not conflicts
        else (
            f"Undone in {counted(len(changed), 'file')}; {len(conflicts)} were left alone because "
            "later edits touch the same lines."
        )
    )
    return Taken(message=message, changed=changed, conflicts=conflicts)


async def _revert(
    engine: "Engine",
    root: Path,
    files: dict[str, _File],
    file: changes.FileChange,
    hunks: list[Hunk],
) -> None:
    path = file.new_path or file.path
    if path not in files:
        data = (await stand(path, root=root, editors=engine.editors)).data
        files[path] = _File(path, data, data)
    state = files[path]
    if state.conflict:
        return
    async with engine.db.reading() as s:
        before = await blobs.get(s, file.before) if file.before else None
        after = await blobs.get(s, file.after) if file.after else None
    state.hunks += [h.id for h in hunks]
    if file.kind == ChangeKind.CREATE:
        if state.now is not None and state.now != after:
            state.conflict = "it was changed since it was made"
        state.now = None
        return
    if file.kind == ChangeKind.DELETE:
        if state.now is not None and state.now != before:
            state.conflict = "a file of that name is there by now"
        state.now = before
        return
    if before is None or after is None or state.now is None:
        state.conflict = "the file is gone"
        return
    merged = merge(after, _without(before, after, hunks), state.now)
    if merged.content is None:
        lines = ", ".join(str(c.line) for c in merged.clashes[:5])
        state.conflict = f"later edits touch line {lines}"
        return
    state.now = merged.content
    if file.new_path is not None:
        state.renamed_to = file.path


def _without(before: bytes, after: bytes, hunks: Iterable[Hunk]) -> bytes:
    """The content after the change, without these hunks."""
    for hunk in sorted(hunks, key=lambda h: h.after, reverse=True):
        start, end = hunk.after
        after = after[:start] + before[slice(*hunk.before)] + after[end:]
    return after


def _change(file: _File) -> FileChange | None:
    before = content_hash(file.first) if file.first is not None else None
    if file.renamed_to is not None:
        kind = ChangeKind.RENAME
    elif file.first == file.now:
        return None
    elif file.first is None:
        kind = ChangeKind.CREATE
    elif file.now is None:
        kind = ChangeKind.DELETE
    else:
        kind = ChangeKind.MODIFY
    return FileChange(file.path, kind, before, file.now, file.renamed_to)


async def _record(
    engine: "Engine", run_id: str, change_set: ChangeSet, undone: list[_File], undoes: int
) -> Recording:
    before = {f.path: f.first for f in undone if f.first is not None}
    async with engine.db.reading() as s:
        count = len(await changes.listing(s, run_id=run_id))
    recording = Recording(engine, run_id, f"undo:{count}", change_set, before, undoes=undoes)
    async with engine.db.session() as s:
        number = await recording.stored(s)
        ids = [h for f in undone for h in f.hunks]
        await steps.note(s, run_id, standing.undoes_key(number), msgspec.json.encode(ids))
    return recording


async def _mark(engine: "Engine", run_id: str, undone: list[_File]) -> None:
    """Somebody has taken it back by hand already: only the history has to know."""
    async with engine.db.session() as s:
        await standing.undone(s, run_id, [h for f in undone for h in f.hunks])
