"""After a crash: a journalled plan is finished, or taken back, before anything else is written.

Each file stands as before, as after, or otherwise because somebody typed. The plan is finished
when every file can get its change, merged where needed; otherwise the files that have theirs are
taken back. Doing it again changes nothing more.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anyio import to_thread

from samokoder.agents.errors import Conflict, PathRefused
from samokoder.agents.workspace import diff, disk
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.apply import apply
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.decide import Standing, stand
from samokoder.agents.workspace.merge import merge
from samokoder.agents.workspace.plan import (
    ApplyReceipt,
    FileConflict,
    Intend,
    Plan,
    Reader,
    Write,
    Written,
)
from samokoder.agents.workspace.target import Editors

Outcome = Literal["finished", "rolled back", "stuck"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """``receipt`` is the whole plan's when it was finished. ``conflicts`` are the files whose
    own change could neither be made nor taken back; they keep the user's text.
    """

    outcome: Outcome
    receipt: ApplyReceipt | None = None
    conflicts: tuple[FileConflict, ...] = ()


async def recover(
    plan: Plan,
    *,
    root: Path,
    editors: Editors,
    read: Reader,
    intend: Intend,
) -> Recovered:
    """Finish or take back ``plan``. ``read`` gives the contents that were journalled with it.

    What is written here is journalled through ``intend`` first, in the place of ``plan``. Raises
    WriteFailed, with everything as it was, when the disk does not let it; try again later.
    """
    await to_thread.run_sync(disk.clean, root, plan)
    try:
        standings = [await stand(w.path, root=root, editors=editors) for w in plan.writes]
    except Conflict as conflict:
        return Recovered("stuck", None, conflict.files)
    except PathRefused as error:
        return Recovered("stuck", None, (FileConflict(error.detail, "it is no ordinary file"),))
    forward, stuck = await _towards(plan, standings, read, back=False)
    outcome: Outcome = "finished"
    if stuck:
        outcome = "rolled back"
        forward, blocked = await _towards(plan, standings, read, back=True)
        stuck = tuple(c for c in stuck if c.path in {b.path for b in blocked})
    try:
        receipt = await apply(
            ChangeSet(plan.title, forward),
            root=root,
            id=plan.id,
            editors=editors,
            read=read,
            intend=intend,
            prune=plan.folders if outcome == "rolled back" else plan.prune,
            guard=lambda _: False,
        )
    except Conflict as conflict:
        return Recovered("stuck", None, conflict.files)
    if outcome == "rolled back":
        return Recovered(outcome, None, stuck)
    return Recovered(outcome, _whole(plan, receipt))


async def _towards(
    plan: Plan, standings: list[Standing], read: Reader, *, back: bool
) -> tuple[tuple[FileChange, ...], tuple[FileConflict, ...]]:
    changes: list[FileChange] = []
    conflicts: list[FileConflict] = []
    for write, standing in zip(plan.writes, standings, strict=True):
        source, goal = (write.after, write.before) if back else (write.before, write.after)
        now = content_hash(standing.data) if standing.data is not None else None
        if now == goal:
            continue
        target = await read(goal) if goal is not None else None
        if now != source:
            base = await read(source) if source is not None else None
            merged = _merged(base, standing.data, target)
            if merged is None:
                why = "somebody changed it while the change was being applied"
                conflicts.append(FileConflict(write.path, why, base, standing.data, target))
                continue
            target = merged
        changes.append(_change(write, now, target))
    return tuple(changes), tuple(conflicts)


def _merged(base: bytes | None, now: bytes | None, target: bytes | None) -> bytes | None:
    """``now`` with the change from ``base`` to ``target``; itself when that is already in it."""
    if base is None or now is None or target is None:
        return None
    if any(texts.is_binary(data) for data in (base, now, target)):
        return None
    to_base, to_target = _distance(base, now), _distance(target, now)
    if to_target < to_base:
        return now
    return merge(base, now, target).content if to_base < to_target else None


def _distance(one: bytes, other: bytes) -> int:
    return sum(len(h.before) + len(h.after) for h in diff.hunks(one, other))


def _change(write: Write, now: str | None, target: bytes | None) -> FileChange:
    if target is None:
        return FileChange(write.path, ChangeKind.DELETE, now, None)
    kind = ChangeKind.CREATE if now is None else ChangeKind.MODIFY
    return FileChange(write.path, kind, now, target, mode=write.mode)


def _whole(plan: Plan, receipt: ApplyReceipt) -> ApplyReceipt:
    """The receipt as if there had been no crash: what was already there counts as written."""
    late = {w.path: w for w in receipt.writes}
    writes = tuple(
        late.get(w.path)
        or Written(w.path, w.kind, w.before, w.after, w.mode, w.clients, None, w.merged)
        for w in plan.writes
    )
    return ApplyReceipt(writes, (), plan.folders)
