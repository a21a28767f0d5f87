"""Applying what a run has only proposed: on the user's word, also without a proof."""

from pathlib import Path
from typing import TYPE_CHECKING

from samokoder.agents.errors import Conflict, InvalidInput
from samokoder.agents.runs import delivering, leasing, recovery
from samokoder.agents.runs.undoing import Taken
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.state import blobs, changes, runs
from samokoder.state.changes import APPLICABLE

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine


async def apply(engine: "Engine", run_id: str, *, client: str | None) -> Taken:
    """Apply every proposed change set of a run, merged with what was typed since."""
    async with engine.db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        proposed = await changes.listing(s, run_id=run_id, states=APPLICABLE)
    if not proposed:
        raise InvalidInput(f"run {run_id} has no change that waits to be applied")
    root = Path((await engine.summary(run_id)).root)
    changed: list[str] = []
    conflicts: list[str] = []
    async with leasing.writing(engine, run.workspace_id, run_id):
        await recovery.finish_applying(engine, run.workspace_id, root)
        for change in proposed:
            try:
                change_set = await _change_set(engine, change)
                recording = delivering.Recording(
                    engine,
                    run_id,
                    change.key,
                    change_set,
                    {},
                    undoes=change.undoes_id,
                    number=change.id,
                )
                receipt = await delivering.write_change(
                    recording, root=root, snapshot=None, prefer=client
                )
                changed += [w.path for w in receipt.writes]
            except Conflict as conflict:
                conflicts.append(f"{change.title}: {conflict.detail}")
    message = f"Applied to {len(changed)} files."
    if conflicts:
        message += f" {len(conflicts)} changes clash with later edits and wait."
    return Taken(message=message, changed=tuple(changed), conflicts=tuple(conflicts))


async def _change_set(engine: "Engine", change: changes.ChangeSet) -> ChangeSet:
    async with engine.db.reading() as s:
        contents = await blobs.get_many(s, [f.after for f in change.files if f.after])
    return ChangeSet(
        change.title,
        tuple(
            FileChange(
                f.path,
                ChangeKind(f.kind),
                f.before,
                contents[f.after] if f.after else None,
                f.new_path,
                f.after_mode,
            )
            for f in change.files
        ),
    )
