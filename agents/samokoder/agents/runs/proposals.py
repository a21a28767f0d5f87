"""What a run has only proposed: applied or rejected on the user's word, whole or hunk by hunk.

Some hunks of a change set are applied as a change set of their own, its *part*: what is undone
later is then exactly what was written. The journal names the hunks a part carries; a part of a
proven change is not itself proven.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.counting import counted
from samokoder.agents.errors import Conflict, InvalidInput
from samokoder.agents.runs import delivering, leasing, recovery
from samokoder.agents.runs.recording import Recording
from samokoder.agents.runs.undoing import Selection, Taken, selected
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.state import blobs, changes, questions, runs, steps
from samokoder.state.changes import APPLICABLE, ChangeState, Hunk
from samokoder.state.steps import Step

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine

REJECTED, IN_PARTS = "rejected by the user", "applied in parts"
_CARRIES = "carries:"


async def apply(
    engine: "Engine", run_id: str, selection: Selection, *, client: str | None
) -> Taken:
    """Apply what is selected of a run's proposals, merged with what was typed since."""
    workspace_id, chosen = await _proposed(engine, run_id, selection)
    root = Path((await engine.summary(run_id)).root)
    changed: list[str] = []
    conflicts: list[str] = []
    asked = 0
    async with leasing.writing(engine, workspace_id, run_id):
        await recovery.finish_applying(engine, workspace_id, root)
        for change, hunks in chosen:
            whole = len(hunks) == sum(len(f.hunks) for f in change.files)
            if whole and await _settle(engine, run_id, change.key, delivering.APPLY, client):
                asked += 1
                continue
            recording = await (_all(engine, change) if whole else _part(engine, change, hunks))
            await _settle(engine, run_id, change.key, delivering.LEAVE, client)
            try:
                receipt = await delivering.write_change(
                    recording, root=root, snapshot=None, prefer=client
                )
                changed += [w.path for w in receipt.writes]
            except Conflict as conflict:
                conflicts.append(f"{change.title}: {conflict.detail}")
    message = f"Applied to {counted(len(changed), 'file')}."
    if asked:
        message = "Answered; the run applies its change now."
    if conflicts:
        message += f" Waiting, because of later edits: {counted(len(conflicts), 'change')}."
    return Taken(message=message, changed=tuple(changed), conflicts=tuple(conflicts))


async def reject(
    engine: "Engine", run_id: str, selection: Selection, *, client: str | None
) -> Taken:
    """Reject what is selected of a run's proposals; it stays in the history."""
    _, chosen = await _proposed(engine, run_id, selection)
    files: list[str] = []
    async with engine.db.session() as s:
        for change, hunks in chosen:
            await _close(s, change, [h.id for h in hunks], REJECTED)
            files += [f.path for f in change.files if any(h in f.hunks for h in hunks)]
    count = sum(len(hunks) for _, hunks in chosen)
    for change, _ in chosen:
        # the rest of it waits to be accepted; the run's own question was about all of it
        await _settle(engine, run_id, change.key, delivering.LEAVE, client)
        engine.stream.put("rejected", run_id=run_id, change=change.id, title=change.title)
    message = f"Rejected: {count} {'hunk' if count == 1 else 'hunks'}."
    return Taken(message=message, changed=tuple(dict.fromkeys(files)))


async def carried(s: AsyncSession, listed: Collection[Step]) -> frozenset[int]:
    """The hunks of a run that a part has taken over, from the run's steps."""
    found: set[int] = set()
    for step in listed:
        if step.key.startswith(_CARRIES):
            found.update(msgspec.json.decode(await steps.result(s, step), type=list[int]))
    return frozenset(found)


async def _proposed(
    engine: "Engine", run_id: str, selection: Selection
) -> tuple[int, list[tuple[changes.ChangeSet, list[Hunk]]]]:
    """The workspace, and the change sets with their selected open hunks, oldest first."""
    async with engine.db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        proposed = await changes.listing(s, run_id=run_id, states=APPLICABLE)
    chosen = []
    for change in proposed:
        if selection.change not in (None, change.id):
            continue
        hunks: list[Hunk] = []
        for file in change.files:
            wanted = [h for h in file.hunks if selected(h, file.path, selection, APPLICABLE)]
            if wanted and file.kind == ChangeKind.RENAME:
                wanted = [h for h in file.hunks if h.state in APPLICABLE]
            hunks += wanted
        if hunks:
            chosen.append((change, hunks))
    if not chosen:
        raise InvalidInput(f"run {run_id} has no such change that waits to be applied")
    return run.workspace_id, chosen


async def _settle(engine: "Engine", run_id: str, key: str, answer: str, client: str | None) -> bool:
    """Answer the run's own question about this change, if it asks one."""
    key = f"apply:{key}"
    async with engine.db.reading() as s:
        waiting = await questions.unanswered(s, run_id=run_id)
    if not any(q.key == key for q in waiting):
        return False
    await engine.answer(run_id, key, answer, by=client or "shell")
    return True


async def _all(engine: "Engine", change: changes.ChangeSet) -> Recording:
    async with engine.db.reading() as s:
        contents = await blobs.get_many(s, [f.after for f in change.files if f.after])
    files = tuple(
        FileChange(
            f.path,
            ChangeKind(f.kind),
            f.before,
            contents[f.after] if f.after else None,
            f.new_path,
            f.after_mode,
        )
        for f in change.files
    )
    return Recording(
        engine,
        change.run_id,
        change.key,
        ChangeSet(change.title, files),
        {},
        undoes=change.undoes_id,
        number=change.id,
    )


async def _part(engine: "Engine", change: changes.ChangeSet, hunks: Collection[Hunk]) -> Recording:
    """A change set of these hunks alone, recorded as carrying them."""
    ids = [h.id for h in hunks]
    async with engine.db.session() as s:
        contents = await blobs.get_many(
            s, [name for f in change.files for name in (f.before, f.after) if name]
        )
        made = []
        before: dict[str, bytes] = {}
        for file in change.files:
            mine = [h for h in file.hunks if h.id in ids]
            if mine:
                made.append(_file(file, mine, contents))
                if file.before:
                    before[file.path] = contents[file.before]
        number = len(await changes.listing(s, run_id=change.run_id))
        recording = Recording(
            engine,
            change.run_id,
            f"{change.key}/part:{number}",
            ChangeSet(change.title, tuple(made)),
            before,
            undoes=change.undoes_id,
        )
        part = await recording.stored(s)
        await steps.note(s, change.run_id, f"{_CARRIES}{part}", msgspec.json.encode(ids))
        await _close(s, change, ids, IN_PARTS)
    return recording


def _file(
    file: changes.FileChange, hunks: Collection[Hunk], contents: Mapping[str, bytes]
) -> FileChange:
    after = contents[file.after] if file.after else None
    if file.before and after is not None:
        after = assembled(contents[file.before], after, hunks)
    return FileChange(
        file.path, ChangeKind(file.kind), file.before, after, file.new_path, file.after_mode
    )


def assembled(before: bytes, after: bytes, hunks: Collection[Hunk]) -> bytes:
    """The old content with these hunks of the new one."""
    parts: list[bytes] = []
    at = 0
    for hunk in sorted(hunks, key=lambda h: h.before):
        parts += (before[at : hunk.before[0]], after[slice(*hunk.after)])
        at = hunk.before[1]
    return b"".join((*parts, before[at:]))


async def _close(s: AsyncSession, change: changes.ChangeSet, hunks: list[int], reason: str) -> None:
    """These hunks of a proposal are decided; the last one decides the whole."""
    await changes.mark(s, hunks, ChangeState.REJECTED)
    left = [h for f in change.files for h in f.hunks if h.id not in hunks]
    if not any(h.state in APPLICABLE for h in left):
        await changes.move(s, change.id, to=ChangeState.REJECTED, expect=APPLICABLE, reason=reason)
