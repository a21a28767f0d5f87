"""The hunk ledger: attributed, with what was there before, and growing only (R1, R4)."""

import pytest

from samokoder.state import blobs, changes, runs, steps, tasks
from samokoder.state.changes import ChangeState, NewFile, NewHunk, Write
from samokoder.state.database import Database
from samokoder.state.tasks import Planned

OLD, NEW, TYPED, MERGED = b"a\nb\nc\n", b"a\nB\nc\nd\n", b"zero\na\nb\nc\n", b"zero\na\nB\nc\nd\n"
HASH = "ab" * 32


async def propose(db: Database, run_id: str, key: str = "one", step_id: int | None = None) -> int:
    async with db.session() as s:
        old, new = await blobs.put_many(s, [OLD, NEW])
        hunks = (NewHunk((2, 4), (2, 4)), NewHunk((6, 6), (6, 8)))
        files = [
            NewFile("a.txt", "modify", old, new, hunks=hunks),
            NewFile("old.txt", "rename", old, old, new_path="new.txt", after_mode=0o755),
            NewFile("made.txt", "create", None, new),
            NewFile("gone.txt", "delete", old, None),
        ]
        return await changes.record(
            s, run_id, key=key, title="Fix", hash=HASH, files=files, step_id=step_id
        )


async def test_a_change_set_is_read_back_as_recorded(db: Database, run_id: str) -> None:
    number = await propose(db, run_id)
    async with db.reading() as s:
        found = await changes.get(s, number)
        assert found is not None
        assert await changes.listing(s, run_id=run_id) == (found,)
        assert await changes.get(s, number + 1) is None
    old, new = blobs.name(OLD), blobs.name(NEW)
    assert (found.state, found.hash, found.run_id) == (ChangeState.PROPOSED, HASH, run_id)
    assert [(f.path, f.new_path, f.kind, f.before, f.after) for f in found.files] == [
        ("a.txt", None, "modify", old, new),
        ("old.txt", "new.txt", "rename", old, old),
        ("made.txt", None, "create", None, new),
        ("gone.txt", None, "delete", old, None),
    ]
    assert found.files[1].after_mode == 0o755
    ranges = [[(hunk.before, hunk.after) for hunk in file.hunks] for file in found.files]
    assert ranges[0] == [((2, 4), (2, 4)), ((6, 6), (6, 8))]
    # a file without hunks of its own has one that covers it
    assert ranges[1:] == [[((0, 6), (0, 6))], [((0, 0), (0, 8))], [((0, 6), (0, 0))]]


async def test_recording_again_after_a_crash_changes_nothing(db: Database, run_id: str) -> None:
    first = await propose(db, run_id)
    assert await propose(db, run_id) == first
    async with db.reading() as s:
        assert len(await changes.hunks(s, run_id=run_id)) == 5


async def test_contents_must_be_stored_first(db: Database, run_id: str) -> None:
    missing = blobs.name(b"never stored")
    files = [NewFile("a", "create", None, missing)]

    async def recorded() -> None:
        async with db.session() as s:
            await changes.record(s, run_id, key="k", title="", hash=HASH, files=files)

    with pytest.raises(KeyError, match=missing):
        await recorded()
    async with db.reading() as s:
        assert await changes.listing(s, run_id=run_id) == ()


async def test_intent_effect_receipt(db: Database, workspace: int, run_id: str) -> None:
    number = await propose(db, run_id)
    async with db.session(durable=True) as s:
        found = await changes.get(s, number)
        assert found is not None
        # the user had typed a line before it: what is written is merged
        typed, merged = await blobs.put_many(s, [TYPED, MERGED])
        writes = {found.files[0].id: Write(typed, merged, via="editor-1")}
        assert await changes.begin(s, number, writes)
    async with db.session() as s:
        assert not await changes.begin(s, number, {})
        (open_one,) = await changes.unfinished(s, workspace)
        assert (open_one.files[0].found, open_one.files[0].written) == (typed, merged)
        assert await changes.unfinished(s, workspace + 1) == ()
        assert await changes.finish(s, number, {found.files[0].id: 7})
        assert not await changes.finish(s, number)
        assert await changes.unfinished(s) == ()
        done = await changes.get(s, number)
        assert done is not None
        assert done.applied_at is not None
        assert (done.files[0].via, done.files[0].version) == ("editor-1", 7)
        assert {hunk.state for file in done.files for hunk in file.hunks} == {ChangeState.APPLIED}


async def test_a_rolled_back_change_set_may_be_applied_later(db: Database, run_id: str) -> None:
    number = await propose(db, run_id)
    async with db.session() as s:
        assert await changes.begin(s, number, {})
        assert await changes.move(
            s,
            number,
            to=ChangeState.ROLLED_BACK,
            expect=(ChangeState.APPLYING,),
            reason="disk full",
        )
        found = await changes.get(s, number)
        assert found is not None
        assert (found.state, found.reason) == (ChangeState.ROLLED_BACK, "disk full")
        assert await changes.begin(s, number, {})


async def test_hunks_are_found_by_whom_they_belong_to(db: Database, run_id: str) -> None:
    async with db.session() as s:
        task_id = (await tasks.put(s, run_id, [Planned("t", "Task")]))["t"]
        coder = await steps.begin(s, run_id, "code", agent="coder", task_id=task_id)
        reviewer = await steps.begin(s, run_id, "review", agent="reviewer")
        old, new = await blobs.put_many(s, [OLD, NEW])
        mine, hers = NewHunk((2, 4), (2, 4)), NewHunk((6, 6), (6, 8), step_id=reviewer.id)
        files = [NewFile("pkg/a.txt", "modify", old, new, hunks=(mine, hers))]
        await changes.record(s, run_id, key="k", title="", hash=HASH, files=files, step_id=coder.id)
    await propose(db, run_id, "unattributed")
    async with db.reading() as s:
        everything = await changes.hunks(s, run_id=run_id)
        assert len(everything) == 7
        (one,) = await changes.hunks(s, agent="coder")
        assert (one.step_id, one.task_id, one.path) == (coder.id, task_id, "pkg/a.txt")
        (two,) = await changes.hunks(s, step_id=reviewer.id)
        assert (two.agent, two.before, two.after) == ("reviewer", (6, 6), (6, 8))
        assert await changes.hunks(s, task_id=task_id) == (one,)
        assert await changes.hunks(s, path="pkg/a.txt", run_id=run_id) == (one, two)
        assert await changes.hunks(s, agent="coder", path="a.txt") == ()
        assert await changes.hunks(s, states=[ChangeState.UNDONE]) == ()
        assert {hunk.agent for hunk in everything} == {"coder", "reviewer", ""}


async def test_an_undo_is_history_too(db: Database, workspace: int, run_id: str) -> None:
    number = await propose(db, run_id)
    async with db.session() as s:
        await changes.begin(s, number, {})
        await changes.finish(s, number)
        first, *rest = await changes.hunks(s, run_id=run_id)
        undo_run = (await runs.create(s, workspace_id=workspace, kind="undo")).id
        back = NewHunk(first.after, first.before, undoes=first.id)
        files = [NewFile("a.txt", "modify", blobs.name(NEW), blobs.name(OLD), hunks=(back,))]
        undo = await changes.record(
            s, undo_run, key="undo", title="Undo", hash=HASH, files=files, undoes=number
        )
        await changes.mark(s, [first.id], ChangeState.UNDONE)
        found = await changes.get(s, number)
        assert found is not None
        # a part of it still stands
        assert found.state is ChangeState.APPLIED
        await changes.mark(s, [hunk.id for hunk in rest], ChangeState.UNDONE)
        found, taken_back = await changes.get(s, number), await changes.get(s, undo)
        assert found is not None
        assert taken_back is not None
        assert found.state is ChangeState.UNDONE
        assert taken_back.undoes_id == number
        assert taken_back.files[0].hunks[0].undoes_id == first.id
        assert len(await changes.listing(s, workspace_id=workspace)) == 2
        assert await changes.listing(s, workspace_id=workspace, since=number) == (taken_back,)


async def test_a_rejected_hunk_is_not_applied_with_the_rest(db: Database, run_id: str) -> None:
    number = await propose(db, run_id)
    async with db.session() as s:
        first, *_ = await changes.hunks(s, run_id=run_id)
        await changes.mark(s, [first.id], ChangeState.REJECTED)
        await changes.prove(s, number)
        await changes.begin(s, number, {})
        await changes.finish(s, number)
        states = [hunk.state for hunk in await changes.hunks(s, run_id=run_id)]
        assert states == [ChangeState.REJECTED] + [ChangeState.APPLIED] * 4
        found = await changes.get(s, number)
        assert found is not None
        assert found.proven
