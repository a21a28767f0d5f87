"""Keeping the state small: what no remaining run needs goes, a little at a time.

Each batch is a transaction of its own, so that runs in progress wait for milliseconds only.
What was named within the last day stays: somebody may be about to point to it.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import and_, delete, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from samokoder.state import clock, faults, schema
from samokoder.state.changes import ChangeState
from samokoder.state.database import Database
from samokoder.state.errors import StateBusy
from samokoder.state.runs import FINISHED, OPEN

GRACE_MS = clock.DAY_MS
BATCH = 200
PAGES = 500
"""Pages given back to the file system in one transaction (2 MB)."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How many rows went; ``freed`` is in bytes of the file (0 on a server)."""

    runs: int = 0
    snapshots: int = 0
    events: int = 0
    notices: int = 0
    findings: int = 0
    paths: int = 0
    blobs: int = 0
    freed: int = 0


async def collect(
    db: Database, *, retention_days: float, grace: int = GRACE_MS, now: int | None = None
) -> Collected:
    """Remove what is older than the retention (0: for ever) and what nothing points to."""
    at = clock.now_ms() if now is None else now
    done = Collected()
    if retention_days > 0:
        cutoff = at - int(retention_days * clock.DAY_MS)
        done = replace(
            done,
            runs=await _repeat(db, lambda s: _delete_runs(s, cutoff)),
            events=await _repeat(db, lambda s: _delete_old(s, schema.Event, cutoff)),
            notices=await _repeat(db, lambda s: _delete_old(s, schema.Notice, cutoff)),
            findings=await _repeat(db, lambda s: _delete_gone(s, cutoff)),
        )
        await _repeat(db, lambda s: _delete_answers(s, cutoff))
    return await _sweep(db, done, at - grace)


async def purge(db: Database, workspace_id: int | None = None) -> Collected:
    """Remove everything about one workspace, or about all. Raises StateBusy while a run is open."""
    async with db.session() as s:
        mine = schema.Workspace.id == workspace_id if workspace_id is not None else text("1 = 1")
        chosen = list((await s.execute(select(schema.Workspace.id).where(mine))).scalars())
        runs = schema.Run.workspace_id.in_(chosen)
        states = schema.Run.state.in_([str(state) for state in OPEN])
        busy = (await s.execute(select(func.count()).where(runs, states))).scalar_one()
        if busy:
            raise StateBusy(f"{busy} runs are not finished", hint="Cancel them first.")
        number = (await s.execute(select(func.count()).where(runs))).scalar_one()
        # from the leaves: rows that point to each other go in an order every database accepts
        snapshots = select(schema.Snapshot.id).where(schema.Snapshot.workspace_id.in_(chosen))
        await s.execute(delete(schema.Run).where(runs))
        entry = schema.SnapshotEntry
        await s.execute(delete(entry).where(entry.snapshot_id.in_(snapshots)))
        await s.execute(delete(schema.Workspace).where(schema.Workspace.id.in_(chosen)))
        if workspace_id is None:
            for table in (schema.Event, schema.Notice, schema.Cursor):
                await s.execute(delete(table))
    return await _sweep(db, Collected(runs=number), clock.now_ms() + 1)


async def _sweep(db: Database, done: Collected, before: int) -> Collected:
    snapshots = await _repeat(db, lambda s: _delete_snapshots(s, before))
    paths = await _repeat(db, _delete_paths)
    blobs = await _delete_blobs(db, before)
    file = db.address.file
    freed = await run_sync(_give_back, file) if file is not None else 0
    return replace(done, snapshots=snapshots, paths=paths, blobs=blobs, freed=freed)


async def _repeat(db: Database, batch: Callable[[AsyncSession], Awaitable[int]]) -> int:
    total = 0
    while True:
        async with db.session() as s:
            gone = await batch(s)
        if not gone:
            return total
        total += gone


async def _delete_runs(s: AsyncSession, cutoff: int) -> int:
    run, change = schema.Run, schema.ChangeSet
    half_done = exists().where(change.run_id == run.id, change.state == ChangeState.APPLYING.value)
    old = (
        select(run.id)
        .where(run.state.in_([str(state) for state in FINISHED]))
        .where(run.finished_at < cutoff, ~half_done)
        .limit(20)
    )
    return await _gone(s, delete(run).where(run.id.in_(old)).returning(run.id))


async def _delete_old(s: AsyncSession, table: Any, cutoff: int) -> int:
    if table is schema.Event:
        key, old = table.number, table.at < cutoff
    else:
        key, old = table.id, and_(table.created_at < cutoff, table.read_at.is_not(None))
    chosen = select(key).where(old).limit(BATCH)
    return await _gone(s, delete(table).where(key.in_(chosen)).returning(key))


async def _delete_gone(s: AsyncSession, cutoff: int) -> int:
    """Findings that no review has seen for long; dismissals stay, they are the user's."""
    table = schema.Finding
    chosen = select(table.id).where(table.state == "gone", table.seen_at < cutoff).limit(BATCH)
    return await _gone(s, delete(table).where(table.id.in_(chosen)).returning(table.id))


async def _delete_answers(s: AsyncSession, cutoff: int) -> int:
    table = schema.Reviewed
    chosen = select(table.key).where(table.used_at < cutoff).limit(BATCH)
    return await _gone(s, delete(table).where(table.key.in_(chosen)).returning(table.key))


async def _delete_snapshots(s: AsyncSession, before: int) -> int:
    """Those nobody points to and no other builds on; called again, their bases follow."""
    table, other = schema.Snapshot, aliased(schema.Snapshot)
    newest = select(func.max(other.id)).group_by(other.workspace_id)
    needed = or_(
        exists().where(schema.Run.base_snapshot_id == table.id),
        exists().where(schema.Step.snapshot_id == table.id),
        exists().where(other.delta_of_id == table.id),
        table.id.in_(newest),
    )
    chosen = select(table.id).where(table.used_at < before, ~needed).limit(BATCH)
    return await _gone(s, delete(table).where(table.id.in_(chosen)).returning(table.id))


async def _delete_paths(s: AsyncSession) -> int:
    table, file = schema.Path, schema.FileChange
    needed = or_(
        exists().where(schema.SnapshotEntry.path_id == table.id),
        exists().where(file.path_id == table.id),
        exists().where(file.new_path_id == table.id),
    )
    chosen = select(table.id).where(~needed).limit(BATCH)
    return await _gone(s, delete(table).where(table.id.in_(chosen)).returning(table.id))


async def _delete_blobs(db: Database, before: int) -> int:
    table, file = schema.Blob, schema.FileChange
    pointers = (
        schema.SnapshotEntry.blob_id,
        schema.Step.result_id,
        schema.ModelCall.answer_id,
        schema.CommandExec.output_id,
        file.before_id,
        file.after_id,
        file.found_id,
        file.written_id,
    )
    needed = or_(*(exists().where(pointer == table.id) for pointer in pointers))
    total, last = 0, 0
    while True:
        async with db.session() as s:
            # walked in order of their numbers, so that kept ones are looked at once
            window = select(table.id).where(table.id > last).order_by(table.id).limit(5 * BATCH)
            ids = list((await s.execute(window)).scalars())
            if not ids:
                return total
            chosen = and_(table.id > last, table.id <= ids[-1], table.used_at < before, ~needed)
            total += await _gone(s, delete(table).where(chosen).returning(table.id))
            last = ids[-1]


def _give_back(file: Path) -> int:
    """Return free pages to the file system, and the log's; a connection of its own is simplest
    here, since only a script steps through this pragma to its end."""
    try:
        with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
            before = free = _free_pages(connection)
            while free:
                connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")
                left = _free_pages(connection)
                if left >= free:  # a file made without incremental vacuum keeps its free pages
                    break
                free = left
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            return int((before - free) * size)
    except sqlite3.Error as error:
        raise faults.translated(error, str(file)) or error from error


def _free_pages(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(number)


async def _gone(s: AsyncSession, statement: Any) -> int:
    return len((await s.execute(statement)).all())
