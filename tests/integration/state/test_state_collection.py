"""Garbage collection: what a remaining run needs stays, everything else goes (R18)."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from samokoder.state import (
    blobs,
    calls,
    changes,
    clock,
    events,
    executions,
    gc,
    notices,
    runs,
    schema,
    snapshots,
    steps,
    workspaces,
)
from samokoder.state.changes import NewFile, Write
from samokoder.state.database import Database
from samokoder.state.errors import StateBusy
from samokoder.state.runs import RunState
from samokoder.state.snapshots import File

LATER = clock.now_ms() + 100 * clock.DAY_MS


async def complete_run(db: Database, workspace: int, name: str, *, end: bool = True) -> str:
    """A run that has one of everything a blob can be pointed from."""
    async with db.session() as s:
        run = (await runs.create(s, workspace_id=workspace, kind="fix")).id
        texts = [f"{name} {kind}".encode() for kind in ("before", "after", "found", "written")]
        before, after, found, written = await blobs.put_many(s, texts)
        base = await snapshots.save(s, workspace, {"a.py": File(before, 9, 0o644)})
        await runs.set_base(s, run, base)
        step = await steps.begin(s, run, "one")
        later = await snapshots.save(
            s, workspace, {"a.py": File(after, 9, 0o644), f"{name}.py": File(after, 9, 420)}, base
        )
        await steps.finish(s, step.id, f"{name} result".encode(), snapshot_id=later)
        call = await calls.start(
            s, run, request_hash="00" * 32, provider="p", model="m", role="coder"
        )
        await calls.succeed(s, call.id, f"{name} answer".encode(), tokens_in=1, tokens_out=1)
        command = await executions.begin(s, run, "true", cwd="/", confinement="none")
        await executions.finish(s, command, exit_code=0, output=f"{name} output".encode())
        number = await changes.record(
            s,
            run,
            key="k",
            title="",
            hash="00" * 32,
            files=[NewFile("a.py", "modify", before, after)],
            step_id=step.id,
        )
        change = await changes.get(s, number)
        assert change is not None
        await changes.begin(s, number, {change.files[0].id: Write(found, written)})
        await changes.finish(s, number)
        await events.append(s, "done", run_id=run)
        if end:
            await runs.move(s, run, to=RunState.SUCCEEDED, expect=(RunState.QUEUED,))
    return run


async def whole(db: Database, run: str, name: str) -> bool:
    """Whether everything the run points to can still be read."""
    async with db.reading() as s:
        step = await steps.find(s, run, "one")
        assert step is not None
        assert step.snapshot_id is not None
        assert await steps.result(s, step) == f"{name} result".encode()
        assert len(await snapshots.load(s, step.snapshot_id)) == 2
        assert await calls.answered(s, run, "00" * 32) == f"{name} answer".encode()
        (command,) = await executions.listing(s, run)
        assert command.output is not None
        (change,) = await changes.listing(s, run_id=run)
        file = change.files[0]
        names = [file.before, file.after, file.found, file.written, command.output]
        assert len(await blobs.get_many(s, [each for each in names if each])) == 5
        return len(await events.after(s, 0, run_id=run)) == 1


async def rows(db: Database) -> dict[str, int]:
    async with db.reading() as s:
        return {
            name: (await s.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in schema.Table.metadata.tables.items()
        }


async def test_what_was_named_lately_stays(db: Database, workspace: int) -> None:
    run = await complete_run(db, workspace, "one")
    async with db.session() as s:
        await blobs.put(s, b"nobody points here yet")
    before = await rows(db)
    assert await gc.collect(db, retention_days=90) == gc.Collected()
    assert await rows(db) == before
    assert await whole(db, run, "one")


async def test_old_runs_go_with_all_that_only_they_needed(db: Database, workspace: int) -> None:
    old = [await complete_run(db, workspace, f"old{number}") for number in range(3)]
    async with db.session() as s:
        aged = schema.Run.__table__.update().values(finished_at=1)
        await s.execute(aged)
    kept = await complete_run(db, workspace, "kept")
    unfinished = await complete_run(db, workspace, "open", end=False)
    done = await gc.collect(db, retention_days=90, now=clock.now_ms() + 2 * clock.DAY_MS)
    assert done.runs == 3
    assert done.blobs >= 3 * 7
    assert done.paths == 3
    assert await whole(db, kept, "kept")
    assert await whole(db, unfinished, "open")
    async with db.reading() as s:
        assert [await runs.get(s, run) for run in old] == [None] * 3
    found = await rows(db)
    # the bases of what is kept are kept: the first snapshots were theirs alone
    assert found["runs"] == found["change_sets"] == found["hunks"] == 2
    assert found["events"] == 2
    assert await gc.collect(db, retention_days=90, now=LATER - 99 * clock.DAY_MS + 1) is not None


async def test_an_unfinished_run_is_never_old(db: Database, workspace: int) -> None:
    run = await complete_run(db, workspace, "open", end=False)
    await gc.collect(db, retention_days=1, now=LATER)
    async with db.reading() as s:
        assert await runs.get(s, run) is not None


async def test_a_half_written_change_is_kept_for_recovery(db: Database, workspace: int) -> None:
    run = await complete_run(db, workspace, "one")
    async with db.session() as s:
        await s.execute(schema.ChangeSet.__table__.update().values(state="applying"))
    assert (await gc.collect(db, retention_days=1, now=LATER)).runs == 0
    async with db.reading() as s:
        assert len(await changes.listing(s, run_id=run)) == 1


async def test_retention_zero_keeps_runs_for_ever(db: Database, workspace: int) -> None:
    run = await complete_run(db, workspace, "one")
    async with db.session() as s:
        await blobs.put(s, b"garbage")
    done = await gc.collect(db, retention_days=0, now=LATER)
    assert (done.runs, done.events, done.blobs) == (0, 0, 1)
    assert await whole(db, run, "one")


async def test_old_notices_go_when_they_were_read(db: Database) -> None:
    async with db.session() as s:
        read = await notices.add(s, "info", "read")
        await notices.mark_read(s, [read.id])
        await notices.add(s, "info", "unread")
    assert (await gc.collect(db, retention_days=1, now=LATER)).notices == 1
    async with db.reading() as s:
        assert [notice.text for notice in await notices.unread(s)] == ["unread"]


async def test_long_chains_are_collected_link_by_link(db: Database, workspace: int) -> None:
    async with db.session() as s:
        number = None
        for step in range(2 * snapshots.MAX_DEPTH):
            files = {
                f"{n}.py": File(blobs.name(b"%d" % (step * (n == 0))), 1, 420) for n in range(99)
            }
            number = await snapshots.save(s, workspace, files, number)
    done = await gc.collect(db, retention_days=0, now=LATER)
    found = await rows(db)
    # the newest stays, for the next one to build on, and so does its own chain
    assert found["snapshots"] == 2 * snapshots.MAX_DEPTH - done.snapshots
    assert 1 <= found["snapshots"] <= snapshots.MAX_DEPTH
    async with db.reading() as s:
        assert number is not None
        assert len(await snapshots.load(s, number)) == 99


async def test_purging_one_workspace_leaves_the_others(db: Database, workspace: int) -> None:
    await complete_run(db, workspace, "gone")
    async with db.session() as s:
        other = (await workspaces.ensure(s, "/srv/other")).id
    kept = await complete_run(db, other, "kept")
    assert (await gc.purge(db, workspace)).runs == 1
    assert await whole(db, kept, "kept")
    async with db.reading() as s:
        assert [each.id for each in await workspaces.listing(s)] == [other]


async def test_purging_everything_leaves_nothing(db: Database, workspace: int) -> None:
    await complete_run(db, workspace, "one")
    async with db.session() as s:
        await events.subscribe(s, "nvim")
        await notices.add(s, "info", "news")
    done = await gc.purge(db)
    assert done.runs == 1
    assert {name: number for name, number in (await rows(db)).items() if number} == {}


async def test_open_runs_are_not_purged(db: Database, workspace: int) -> None:
    await complete_run(db, workspace, "open", end=False)
    before = await rows(db)
    with pytest.raises(StateBusy, match="not finished"):
        await gc.purge(db)
    assert await rows(db) == before


async def test_the_file_gets_smaller(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "state.db") as db:
        async with db.session() as s:
            for number in range(200):
                await blobs.put(
                    s,
                    bytes([number])
                    + b"".join(
                        blobs.name(b"%d" % (number * 1_000 + n)).encode() for n in range(300)
                    ),
                )
        done = await gc.collect(db, retention_days=1, now=LATER)
        assert done.blobs == 200
        assert done.freed > 1_000_000
        async with db.reading() as s:
            assert (await s.execute(text("PRAGMA freelist_count"))).scalar() == 0
