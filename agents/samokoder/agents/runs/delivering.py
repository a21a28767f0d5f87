"""From a change set to the user's files: recorded, allowed, journalled, applied, confirmed.

The plan of what will be written is committed durably before the first byte, with every content it
names, so recovery can finish or roll it back from the state alone.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.errors import Conflict
from samokoder.agents.runs import standing
from samokoder.agents.runs.boundaries import boundary
from samokoder.agents.runs.recording import Recording
from samokoder.agents.workspace import apply, recover
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.plan import ApplyReceipt, Plan, Reader
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import blobs, changes, steps
from samokoder.state.changes import ChangeState
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine
    from samokoder.agents.runs.journal import JournalRun

Again = Callable[[ChangeSet], Awaitable[bool]]
"""Proves a change set anew, after it was merged with what the user typed."""

APPLY, LEAVE = "Apply", "Leave it"
THERE = "nothing had to be written: the files hold it already"
NOBODY = "waiting for an editor; `samokoder run apply` applies the change to the disk"


class NotProvenAfterMerge(SamokoderError):
    """The change was merged with what you typed, and the proof does not hold for the result."""

    code = "not-proven-after-merge"
    exit_code = 1
    default_hint = "Nothing was written; the change is kept in the run as a proposal."


async def deliver(
    run: "JournalRun",
    change_set: ChangeSet,
    *,
    proven: bool,
    key: str,
    again: Again | None = None,
    agent: str = "",
) -> bool:
    """See :meth:`samokoder.agents.runs.context.Run.deliver`."""
    read = _reader(run.engine, run.snapshot)
    # an earlier change set of this run may have made the text this one starts from
    before = {c.path: await read(c.before) for c in change_set.changes if c.before}
    recording = Recording(run.engine, run.id, key, change_set, before, proven)
    at_once = proven and run.settings.run.apply == "proven"
    if not at_once:
        recording.number = await run.step(f"record:{key}", recording.store, int, agent=agent)
        await run.emit("change", change=recording.number, title=change_set.title, proven=proven)
    if not proven or not await _allowed(run, change_set, key):
        return False
    if run.order.origin == "editor":
        await _somebody(run)

    async def write() -> bool:
        if run.resumed and await _applied(run, key):
            return True
        await write_change(
            recording,
            root=run.root,
            snapshot=run.snapshot,
            prefer=run.order.client or None,
            again=again,
        )
        return True

    return await run.applying(f"apply:{key}", write, agent)


async def _applied(run: "JournalRun", key: str) -> bool:
    """Whether the change set was applied before a crash, or by its recovery."""
    async with run.engine.db.reading() as s:
        done = await changes.listing(
            s, run_id=run.id, states=(ChangeState.APPLIED, ChangeState.UNDONE)
        )
    return any(change.key == key for change in done)


async def _somebody(run: "JournalRun") -> None:
    """Wait until an editor has the workspace open."""
    editors = run.engine.editors
    while not editors.attached(run.root):
        async with run.waiting(NOBODY):
            while True:
                arrival = run.engine.arrival
                if editors.attached(run.root):
                    break
                await arrival.wait()  # it may be an editor of another workspace


async def _allowed(run: "JournalRun", change_set: ChangeSet, key: str) -> bool:
    policy = run.settings.run.apply
    if policy == "never":
        return False
    if policy == "ask":
        files = ", ".join(change_set.paths)
        text = f"Apply “{change_set.title}” to {files}?"
        return await run.question(f"apply:{key}", text, (APPLY, LEAVE), LEAVE) == APPLY
    return True


async def write_change(
    recording: Recording,
    *,
    root: Path,
    snapshot: Snapshot | None,
    prefer: str | None,
    again: Again | None = None,
) -> ApplyReceipt:
    """Apply a change set. Raises Conflict or WriteFailed; then nothing was written."""
    engine, run_id, change_set = recording.engine, recording.run_id, recording.change_set

    async def intend(plan: Plan, contents: Mapping[str, bytes]) -> None:
        merged = _merged(change_set.title, plan, contents)
        if again is not None and merged is not None and not await again(merged):
            raise NotProvenAfterMerge(change_set.title)
        async with engine.db.session(durable=True) as s:
            await _intend(s, run_id, await recording.stored(s), plan, contents)
        boundary("apply.intent")

    try:
        receipt = await apply.apply(
            change_set,
            root=root,
            id=f"{run_id}-{recording.key}",
            editors=engine.editors,
            read=_reader(engine, snapshot),
            intend=intend,
            prefer=prefer,
            prune=await _emptied(recording) if recording.undoes is not None else (),
        )
    except SamokoderError as error:
        state = ChangeState.CONFLICT if isinstance(error, Conflict) else ChangeState.ROLLED_BACK
        async with engine.db.session() as s:
            number = await recording.stored(s)
            await changes.move(
                s,
                number,
                to=state,
                expect=(ChangeState.PROPOSED, ChangeState.APPLYING),
                reason=str(error),
            )
            left = getattr(error, "left", ())
            if left:
                await _mark(s, number, left, ChangeState.APPLIED)
        raise
    boundary("apply.effect")
    async with engine.db.session() as s:
        number = await recording.stored(s)
        undo = recording.undoes is not None
        if not receipt.writes and not receipt.left:
            # an attempt may have been planned before the user made the same change
            expect = (*changes.APPLICABLE, ChangeState.APPLYING)
            await changes.move(s, number, to=ChangeState.REJECTED, expect=expect, reason=THERE)
        await _confirm(s, run_id, number, receipt, undo=undo)
    boundary("apply.receipt")
    engine.stream.put(
        "applied",
        run_id=run_id,
        change=number,
        title=change_set.title,
        files=[w.path for w in receipt.writes],
        merged=receipt.merged,
    )
    return receipt


def _reader(engine: "Engine", snapshot: Snapshot | None) -> Reader:
    from_snapshot = apply.from_snapshot(snapshot) if snapshot is not None else None

    async def read(name: str) -> bytes:
        async with engine.db.reading() as s:
            if not await blobs.missing(s, [name]):
                return await blobs.get(s, name)
        if from_snapshot is None:
            raise KeyError(name)
        return await from_snapshot(name)

    return read


def _merged(title: str, plan: Plan, contents: Mapping[str, bytes]) -> ChangeSet | None:
    """The change set as it would really be written; None when nothing had to be merged."""
    if not any(w.merged for w in plan.writes):
        return None
    return ChangeSet(
        title,
        tuple(
            FileChange(
                w.path, w.kind, w.before, contents[w.after] if w.after else None, mode=w.mode
            )
            for w in plan.writes
        ),
    )


async def _intend(
    s: AsyncSession,
    run_id: str,
    number: int,
    plan: Plan,
    contents: Mapping[str, bytes],
    *,
    back: bool = False,
) -> None:
    """The intent to write, in a durable transaction: recovery needs nothing else."""
    await blobs.put_many(s, contents.values())
    found = await changes.get(s, number)
    assert found is not None
    if found.state is ChangeState.APPLYING:
        # planned anew because somebody typed meanwhile
        await changes.move(s, number, to=ChangeState.ROLLED_BACK, expect=(found.state,))
    writes = {w.path: w for w in plan.writes}
    await changes.begin(
        s,
        number,
        {
            file.id: changes.Write(
                found=writes[file.path].before if file.path in writes else None,
                written=writes[target].after if target in writes else None,
                via=",".join(writes[target].clients) or "disk" if target in writes else "",
            )
            for file in found.files
            for target in [file.new_path or file.path]
        },
    )
    journalled = msgspec.json.encode(_Journalled(plan, back))
    await steps.note(s, run_id, _plan_key(number), journalled, kind="plan")


async def _mark(s: AsyncSession, number: int, paths: Collection[str], to: ChangeState) -> None:
    """Set the state of the hunks of some files."""
    found = await changes.get(s, number)
    assert found is not None
    mine = [h.id for f in found.files if (f.new_path or f.path) in paths for h in f.hunks]
    await changes.mark(s, mine, to)


def _plan_key(number: int) -> str:
    return f"plan:{number}"


@dataclass(frozen=True, slots=True)
class _Journalled:
    """``back``: the plan takes an earlier one back."""

    plan: Plan
    back: bool = False


async def _confirm(
    s: AsyncSession, run_id: str, number: int, receipt: ApplyReceipt | None, *, undo: bool
) -> None:
    """The receipt: everything is written; what it takes back is undone.

    Lost with the power, it is found out anew: the files hold what the intent names.
    """
    writes = receipt.writes if receipt is not None else ()
    versions = {w.path: w.version for w in writes if w.version is not None}
    by_file: dict[int, int] = {}
    if versions:
        found = await changes.get(s, number)
        assert found is not None
        by_file = {f.id: versions[f.path] for f in found.files if f.path in versions}
    await changes.finish(s, number, by_file)
    taken = await standing.taken(s, run_id, number) if undo else []
    if taken:
        await standing.undone(s, run_id, taken)


async def _emptied(recording: Recording) -> tuple[str, ...]:
    """Folders the run had made for what an undo deletes; they go when nothing is left in them."""
    gone = [c.path for c in recording.change_set.changes if c.kind is ChangeKind.DELETE]
    above = {str(folder) for path in gone for folder in PurePosixPath(path).parents}
    made: set[str] = set()
    if gone:
        async with recording.engine.db.reading() as s:
            for change in await changes.listing(s, run_id=recording.run_id):
                stored = await _stored_plan(s, change)
                made |= set(stored.plan.folders) if stored is not None else set()
    return tuple(sorted(made & above, key=lambda folder: (folder.count("/"), folder)))


async def recover_change(engine: "Engine", change: changes.ChangeSet, root: Path) -> None:
    """Finish or roll back one change set whose writing was cut short."""
    async with engine.db.reading() as s:
        stored = await _stored_plan(s, change)
    outcome, receipt = "rolled back", None
    if stored is not None:
        first = {w.path: w for w in stored.plan.writes}

        async def intend(plan: Plan, contents: Mapping[str, bytes]) -> None:
            back = stored.back or any(
                w.path in first and w.after == first[w.path].before for w in plan.writes
            )
            later = {w.path: w for w in plan.writes}
            if not back:
                # what was written already may still have to be taken back
                plan = replace(plan, writes=tuple((first | later).values()))
            async with engine.db.session(durable=True) as s:
                await _intend(s, change.run_id, change.id, plan, contents, back=back)

        done = await recover.recover(
            stored.plan,
            root=root,
            editors=engine.editors,
            read=_reader(engine, None),
            intend=intend,
        )
        outcome, receipt = done.outcome, done.receipt
        if stored.back and outcome == "finished":
            outcome = "rolled back"
    if outcome == "finished":
        async with engine.db.session(durable=True) as s:
            undo = change.undoes_id is not None
            await _confirm(s, change.run_id, change.id, receipt, undo=undo)
    else:
        state = ChangeState.CONFLICT if outcome == "stuck" else ChangeState.ROLLED_BACK
        async with engine.db.session(durable=True) as s:
            await changes.move(
                s,
                change.id,
                to=state,
                expect=(ChangeState.APPLYING,),
                reason=f"cut short; {outcome}",
            )
    engine.stream.put(
        "recovered", run_id=change.run_id, change=change.id, title=change.title, outcome=outcome
    )


async def _stored_plan(s: AsyncSession, change: changes.ChangeSet) -> _Journalled | None:
    step = await steps.find(s, change.run_id, _plan_key(change.id))
    if step is None:
        return None
    return msgspec.json.decode(await steps.result(s, step), type=_Journalled)
