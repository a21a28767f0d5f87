"""Change sets: what was proposed, written and taken back, hunk by hunk.

History only grows: an undo is a new change set whose hunks name those they take back.

    proposed ──► applying ──► applied ──► undone
        │            └──► rolled_back ──► applying
        ├──► conflict ──► applying
        └──► rejected
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, dialect, rows, schema, snapshots
from samokoder.state.change_rows import (
    ChangeSet,
    ChangeState,
    FileChange,
    Hunk,
    attributed,
    load,
)

APPLICABLE = (ChangeState.PROPOSED, ChangeState.CONFLICT, ChangeState.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class NewHunk:
    """Byte ranges ``[start, end)`` of the content before and after.

    ``step_id`` is where it comes from if not the change set's step; ``undoes`` the hunk it takes
    back.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    step_id: int | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """One file's change; ``before`` and ``after`` name blobs that are stored.

    Without hunks the file counts as one that covers it whole.
    """

    path: str
    kind: str
    before: str | None
    after: str | None
    new_path: str | None = None
    before_mode: int | None = None
    after_mode: int | None = None
    hunks: tuple[NewHunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """What stands in a file right before it is written and what will be, by blob name.

    None: no file. ``via`` is ``disk`` or the editor connection that will write.
    """

    found: str | None
    written: str | None
    via: str = "disk"


async def record(
    s: AsyncSession,
    run_id: str,
    *,
    key: str,
    title: str,
    hash: str,
    files: Sequence[NewFile],
    step_id: int | None = None,
    undoes: int | None = None,
    proven: bool = False,
) -> int:
    """Store a proposed change set; its number, the old one when the key is already recorded.

    Raises KeyError when a named content is not stored.
    """
    run = schema.Run
    now = clock.now_ms()
    workspace = (await s.execute(select(run.workspace_id).where(run.id == run_id))).scalar_one()
    statement = (
        dialect.insert(s, schema.ChangeSet)
        .values(
            workspace_id=workspace,
            run_id=run_id,
            step_id=step_id,
            undoes_id=undoes,
            key=key,
            title=title,
            hash=bytes.fromhex(hash),
            state=ChangeState.PROPOSED.value,
            reason="",
            proven=proven,
            created_at=now,
            moved_at=now,
        )
        .on_conflict_do_nothing(index_elements=["run_id", "key"])
        .returning(schema.ChangeSet.id)
    )
    number = (await s.execute(statement)).scalar()
    if number is None:
        table = schema.ChangeSet
        known = select(table.id).where(table.run_id == run_id, table.key == key)
        return (await s.execute(known)).scalar_one()
    names = [name for file in files for name in (file.path, file.new_path) if name]
    path_ids = await snapshots.paths(s, workspace, names)
    contents = [name for file in files for name in (file.before, file.after) if name]
    blob_ids = await blobs.stored(s, contents)
    sizes = await blobs.sizes(s, contents)
    hunks: list[dict[str, Any]] = []
    for file in files:
        file_id = (
            await s.execute(
                insert(schema.FileChange)
                .values(
                    change_set_id=number,
                    kind=file.kind,
                    path_id=path_ids[file.path],
                    new_path_id=path_ids[file.new_path] if file.new_path else None,
                    before_id=blob_ids[file.before] if file.before else None,
                    after_id=blob_ids[file.after] if file.after else None,
                    before_mode=file.before_mode,
                    after_mode=file.after_mode,
                    via="",
                )
                .returning(schema.FileChange.id)
            )
        ).scalar_one()
        whole = NewHunk((0, sizes.get(file.before or "", 0)), (0, sizes.get(file.after or "", 0)))
        hunks += [
            {
                "file_change_id": file_id,
                "step_id": hunk.step_id,
                "undoes_id": hunk.undoes,
                "before_start": hunk.before[0],
                "before_end": hunk.before[1],
                "after_start": hunk.after[0],
                "after_end": hunk.after[1],
                "state": ChangeState.PROPOSED.value,
            }
            for hunk in file.hunks or (whole,)
        ]
    if hunks:
        await s.execute(insert(schema.Hunk), hunks)
    return int(number)


async def begin(s: AsyncSession, change_set_id: int, writes: Mapping[int, Write]) -> bool:
    """The intent to write, by file change number; False when it is not to be applied any more.

    Do this in a durable session, before the first byte: recovery compares the files with it.
    """
    if not await move(s, change_set_id, to=ChangeState.APPLYING, expect=APPLICABLE):
        return False
    names = [name for write in writes.values() for name in (write.found, write.written) if name]
    blob_ids = await blobs.stored(s, names)
    for file_id, write in writes.items():
        await s.execute(
            update(schema.FileChange)
            .where(schema.FileChange.id == file_id)
            .values(
                found_id=blob_ids[write.found] if write.found else None,
                written_id=blob_ids[write.written] if write.written else None,
                via=write.via,
            )
        )
    return True


async def finish(
    s: AsyncSession, change_set_id: int, versions: Mapping[int, int] | None = None
) -> bool:
    """The receipt: everything is written. ``versions`` are documents' versions by file change."""
    for file_id, version in (versions or {}).items():
        table = schema.FileChange
        await s.execute(update(table).where(table.id == file_id).values(version=version))
    return await move(s, change_set_id, to=ChangeState.APPLIED, expect=(ChangeState.APPLYING,))


async def move(
    s: AsyncSession,
    change_set_id: int,
    *,
    to: ChangeState,
    expect: Collection[ChangeState],
    reason: str = "",
) -> bool:
    """Go to ``to``, hunks included, if the set is in one of ``expect``; rejected and undone hunks
    stay what they are."""
    now = clock.now_ms()
    values: dict[str, Any] = {"state": to.value, "reason": reason, "moved_at": now}
    if to is ChangeState.APPLIED:
        values["applied_at"] = now
    table = schema.ChangeSet
    statement = (
        update(table)
        .where(table.id == change_set_id, table.state.in_([state.value for state in expect]))
        .values(values)
        .returning(table.id)
    )
    if (await s.execute(statement)).first() is None:
        return False
    files = select(schema.FileChange.id).where(schema.FileChange.change_set_id == change_set_id)
    final = (ChangeState.REJECTED.value, ChangeState.UNDONE.value)
    await s.execute(
        update(schema.Hunk)
        .where(schema.Hunk.file_change_id.in_(files), schema.Hunk.state.not_in(final))
        .values(state=to.value)
    )
    return True


async def prove(s: AsyncSession, change_set_id: int) -> None:
    """Note that the proof holds."""
    table = schema.ChangeSet
    await s.execute(update(table).where(table.id == change_set_id).values(proven=True))


async def mark(s: AsyncSession, hunk_ids: Iterable[int], to: ChangeState) -> None:
    """Set the state of single hunks; a change set all of whose hunks are undone is undone."""
    for batch in rows.batches(hunk_ids):
        await s.execute(update(schema.Hunk).where(schema.Hunk.id.in_(batch)).values(state=to.value))
        if to is ChangeState.UNDONE:
            await _close_undone(s, batch)


async def get(s: AsyncSession, change_set_id: int) -> ChangeSet | None:
    """One change set with its files and hunks."""
    found = await load(s, schema.ChangeSet.id == change_set_id)
    return found[0] if found else None


async def listing(
    s: AsyncSession,
    *,
    run_id: str | None = None,
    workspace_id: int | None = None,
    states: Collection[ChangeState] = (),
    since: int = 0,
) -> tuple[ChangeSet, ...]:
    """Change sets with files and hunks, oldest first. ``since`` is a number they come after."""
    table = schema.ChangeSet
    conditions = [table.id > since]
    if run_id is not None:
        conditions.append(table.run_id == run_id)
    if workspace_id is not None:
        conditions.append(table.workspace_id == workspace_id)
    if states:
        conditions.append(table.state.in_([state.value for state in states]))
    return await load(s, and_(*conditions))


async def unfinished(s: AsyncSession, workspace_id: int | None = None) -> tuple[ChangeSet, ...]:
    """Change sets whose writing was begun and not confirmed: recovery's work, before any other."""
    return await listing(s, workspace_id=workspace_id, states=(ChangeState.APPLYING,))


async def hunks(
    s: AsyncSession,
    *,
    run_id: str | None = None,
    step_id: int | None = None,
    task_id: int | None = None,
    agent: str | None = None,
    workspace_id: int | None = None,
    path: str | None = None,
    states: Collection[ChangeState] = (),
) -> tuple[Hunk, ...]:
    """Hunks by whom or what they belong to, oldest first."""
    return await attributed(
        s,
        run_id=run_id,
        step_id=step_id,
        task_id=task_id,
        agent=agent,
        workspace_id=workspace_id,
        path=path,
        states=states,
    )


async def _close_undone(s: AsyncSession, hunk_ids: Sequence[int]) -> None:
    table, file, hunk = schema.ChangeSet, schema.FileChange, schema.Hunk
    touched = select(file.change_set_id).join(hunk).where(hunk.id.in_(hunk_ids))
    open_ones = (
        select(file.change_set_id)
        .join(hunk, hunk.file_change_id == file.id)
        .where(hunk.state.not_in([ChangeState.UNDONE.value, ChangeState.REJECTED.value]))
    )
    await s.execute(
        update(table)
        .where(table.id.in_(touched), table.id.not_in(open_ones))
        .values(state=ChangeState.UNDONE.value, moved_at=clock.now_ms())
    )


__all__ = [
    "ChangeSet",
    "ChangeState",
    "FileChange",
    "Hunk",
    "NewFile",
    "NewHunk",
    "Write",
    "begin",
    "finish",
    "get",
    "hunks",
    "listing",
    "mark",
    "move",
    "prove",
    "record",
    "unfinished",
]
