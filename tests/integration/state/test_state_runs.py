"""Runs, who owns them, and who may write (R1, R22)."""

import os
import subprocess

import anyio.to_thread
import pytest

from samokoder.state import blobs, clock, counts, leases, owners, runs, snapshots, steps
from samokoder.state.database import Database
from samokoder.state.runs import RunState
from samokoder.state.snapshots import File

DEAD = os.WEXITED | os.WNOWAIT
STARTABLE = (RunState.QUEUED, RunState.PAUSED)


async def test_a_run_is_moved_only_from_where_it_was_expected(db: Database, run_id: str) -> None:
    async with db.session() as s:
        assert await runs.move(s, run_id, to=RunState.RUNNING, expect=STARTABLE)
    async with db.session() as s:
        assert not await runs.move(s, run_id, to=RunState.RUNNING, expect=STARTABLE)
    async with db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        assert (run.state, run.finished_at) == (RunState.RUNNING, None)
        first = run.started_at
    async with db.session() as s:
        await runs.finish(s, run_id, b"proof")
        assert await runs.move(
            s, run_id, to=RunState.LIMITED, expect=(RunState.RUNNING,), reason="tokens"
        )
    async with db.session() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        assert (run.state, run.reason, run.result) == (RunState.LIMITED, "tokens", b"proof")
        assert run.finished_at is not None
        # resumed with more: it began once and has not ended
        assert await runs.move(s, run_id, to=RunState.RUNNING, expect=(RunState.LIMITED,))
        run = await runs.get(s, run_id)
        assert run is not None
        assert (run.started_at, run.finished_at) == (first, None)


async def test_an_error_takes_the_whole_transaction_back(db: Database, run_id: str) -> None:
    async def interrupted() -> None:
        async with db.session() as s:
            await runs.move(s, run_id, to=RunState.RUNNING, expect=STARTABLE)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await interrupted()
    async with db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        assert run.state is RunState.QUEUED


async def test_lists_are_paged_newest_first(db: Database, workspace: int) -> None:
    async with db.session() as s:
        made = [(await runs.create(s, workspace_id=workspace, kind="fix")).id for _ in range(7)]
        await runs.create(s, workspace_id=workspace, kind="review")
        await runs.move(s, made[0], to=RunState.RUNNING, expect=STARTABLE)
    async with db.reading() as s:
        first = await runs.newest(s, workspace_id=workspace, kind="fix", limit=4)
        rest = await runs.newest(s, workspace_id=workspace, kind="fix", before=first[-1].id)
        assert [run.id for run in (*first, *rest)] == made[::-1]
        assert [run.id for run in await runs.newest(s, states=[RunState.RUNNING])] == made[:1]
        assert await runs.newest(s, workspace_id=workspace + 1) == ()
        assert await runs.count(s) == {RunState.QUEUED: 7, RunState.RUNNING: 1}
        assert [run.id for run in await runs.matching(s, made[3])] == [made[3]]
        assert len(await runs.matching(s, made[3][:4])) == 8
        assert await runs.matching(s, "zz") == ()
        assert await runs.get(s, "unknown") is None


async def test_counts_beside_a_list(db: Database, run_id: str) -> None:
    async with db.session() as s:
        step = await steps.begin(s, run_id, "one")
        await steps.begin(s, run_id, "two")
        await steps.finish(s, step.id, b"")
    async with db.reading() as s:
        found = await counts.of(s, [run_id, "unknown"])
    assert found[run_id] == counts.Counts(steps=1)
    assert found["unknown"] == counts.Counts()


async def test_cancelling_is_asked_for_once_and_only_while_it_can(
    db: Database, run_id: str
) -> None:
    async with db.session() as s:
        me = await owners.register(s)
        assert await runs.claim(s, run_id, me.id)
        assert await runs.request_cancel(s, run_id)
        run = await runs.get(s, run_id)
        assert run is not None
        assert await runs.request_cancel(s, run_id)
        assert await runs.to_cancel(s, me.id) == (run_id,)
        assert await runs.cancel_requested(s, run_id)
        again = await runs.get(s, run_id)
        assert again is not None
        assert again.cancel_at == run.cancel_at
        assert await runs.move(s, run_id, to=RunState.CANCELLED, expect=(RunState.QUEUED,))
        assert not await runs.request_cancel(s, run_id)
        assert await runs.to_cancel(s, me.id) == ()
        ended = await runs.get(s, run_id)
        assert ended is not None
        assert ended.owner_id is None


async def test_the_runs_of_a_killed_process_are_orphans(
    db: Database, workspace: int, run_id: str, other_process: subprocess.Popen[bytes]
) -> None:
    async with db.session() as s:
        me = await owners.register(s)
        # the row that process would have written for itself
        other = await owners.register(s, pid=other_process.pid)
        assert await runs.claim(s, run_id, other.id)
        assert await leases.acquire(s, workspace, other.id, run_id)
        assert await owners.dead(s) == ()
        assert not await runs.claim(s, run_id, me.id)
    other_process.kill()
    # dead, though its parent has not taken note
    await anyio.to_thread.run_sync(os.waitid, os.P_PID, other_process.pid, DEAD)
    async with db.session() as s:
        assert [owner.id for owner in await owners.dead(s)] == [other.id]
        assert await runs.orphans(s) == ()
        await owners.bury(s, other.id)
        assert [run.id for run in await runs.orphans(s)] == [run_id]
        assert await leases.holder(s, workspace) is None
        assert not await owners.beat(s, other.id)
        assert await runs.claim(s, run_id, me.id)
        assert await runs.orphans(s) == ()


async def test_a_reused_pid_is_another_process(db: Database) -> None:
    async with db.session() as s:
        me = await owners.register(s)
        await owners.register(s, pid=os.getppid(), started=1)
        dead = await owners.dead(s)
    assert [owner.pid for owner in dead] == [os.getppid()]
    assert me.id not in {owner.id for owner in dead}


async def test_where_start_times_are_unknown_a_long_silence_decides(db: Database) -> None:
    async with db.session() as s:
        owner = await owners.register(s, started=0)
        assert await owners.dead(s, now=owner.beat_at + owners.STALE_MS) == ()
        assert await owners.dead(s, now=owner.beat_at + owners.LONG_STALE_MS) == (owner,)


async def test_an_owner_elsewhere_is_dead_when_it_is_silent(db: Database) -> None:
    async with db.session() as s:
        far = await owners.register(s, machine="another host")
        assert await owners.dead(s, now=far.beat_at + owners.STALE_MS - 1) == ()
        assert await owners.dead(s, now=far.beat_at + owners.STALE_MS) == (far,)
        assert await owners.beat(s, far.id, now=far.beat_at + owners.STALE_MS)
        assert await owners.dead(s, now=far.beat_at + owners.STALE_MS) == ()


async def test_one_writer_per_workspace(db: Database, workspace: int, run_id: str) -> None:
    now = clock.now_ms()
    async with db.session() as s:
        me, you = await owners.register(s), await owners.register(s)
        second = (await runs.create(s, workspace_id=workspace, kind="fix")).id
        assert await leases.acquire(s, workspace, me.id, run_id, now=now, term=100)
        assert await leases.acquire(s, workspace, me.id, second, now=now, term=100) is None
        assert await leases.acquire(s, workspace, you.id, run_id, now=now, term=100) is None
        # who asks twice for one run is two writers
        assert await leases.acquire(s, workspace, me.id, run_id, now=now + 50, term=100) is None
        assert await leases.renew(s, me.id, now=now + 90, term=110) == (workspace,)
        # once expired it is anybody's, and a renewal comes too late
        assert await leases.renew(s, me.id, now=now + 200) == ()
        assert await leases.holder(s, workspace, now=now + 200) is None
        taken = await leases.acquire(s, workspace, you.id, second, now=now + 200, term=100)
        assert taken is not None
        assert not await leases.release(s, workspace, me.id, run_id)
        assert await leases.release(s, workspace, you.id, second)


async def test_the_base_snapshot_is_found_again(db: Database, workspace: int, run_id: str) -> None:
    async with db.session() as s:
        name = await blobs.put(s, b"x = 1\n")
        files = {"a.py": File(name, 6, 0o644)}
        await runs.set_base(s, run_id, await snapshots.save(s, workspace, files))
    async with db.reading() as s:
        run = await runs.get(s, run_id)
        assert run is not None
        assert run.base_snapshot_id is not None
        assert await snapshots.load(s, run.base_snapshot_id) == files
