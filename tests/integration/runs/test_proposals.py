"""What a run only proposes: accepted and rejected by hunk, file and change set."""

from pathlib import Path

import anyio
import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.errors import InvalidInput
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.runs.view import HunkView
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash

START = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
AFTER = START.replace(b"one", b"1").replace(b"four", b"4").replace(b"seven", b"7")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.txt").write_bytes(START)
    (root / "old.txt").write_bytes(START)
    return root


async def body(run: Run, params: object) -> str:
    name = content_hash(START)
    change_set = ChangeSet(
        "change",
        (
            FileChange("a.txt", ChangeKind.MODIFY, name, AFTER),
            FileChange("new.txt", ChangeKind.CREATE, None, b"new\n"),
            FileChange("old.txt", ChangeKind.RENAME, name, AFTER, "moved.txt"),
        ),
    )
    return str(await run.deliver(change_set, proven=False, key="1", agent="coder"))


async def proposed(engine: Engine, workspace: Path) -> str:
    run = await engine.finished(await engine.submit(order(workspace, "write")))
    assert run.reason == "False"
    return run.id


async def hunks(engine: Engine, run_id: str, path: str = "a.txt") -> list[HunkView]:
    view = await engine.view(run_id)
    return [h for c in view.changes for f in c.files if f.path == path for h in f.hunks]


async def states(engine: Engine, run_id: str) -> dict[str, str]:
    return {h.after.strip(): h.state for h in await hunks(engine, run_id)}


async def test_single_hunks_are_accepted_rejected_and_undone(workspace: Path) -> None:
    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await proposed(engine, workspace)
        first, middle, last = await hunks(engine, run)
        await engine.apply(run, Selection(hunks=(middle.id,)), client=None)
        assert (workspace / "a.txt").read_bytes() == START.replace(b"four", b"4")
        assert await states(engine, run) == {"1": "proposed", "4": "applied", "7": "proposed"}
        await engine.reject(run, Selection(hunks=(first.id,)), client=None)
        assert await states(engine, run) == {"1": "rejected", "4": "applied", "7": "proposed"}
        done = await engine.apply(run, Selection(files=("a.txt",)), client=None)
        assert done.changed == ("a.txt",)
        assert (workspace / "a.txt").read_bytes() == AFTER.replace(b"1\n", b"one\n")
        assert await states(engine, run) == {"1": "rejected", "4": "applied", "7": "applied"}
        assert last.id not in {h.id for h in await hunks(engine, run)}, "its part shows it"
        taken = next(h for h in await hunks(engine, run) if h.after == "4\n")
        await engine.undo(run, Selection(hunks=(taken.id,)), client=None)
        assert (workspace / "a.txt").read_bytes() == START.replace(b"seven", b"7")


async def test_what_was_rejected_is_never_written(workspace: Path) -> None:
    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await proposed(engine, workspace)
        rejected = await hunks(engine, run)
        await engine.reject(run, Selection(hunks=tuple(h.id for h in rejected)), client=None)
        await engine.reject(run, Selection(files=("new.txt",)), client=None)
        done = await engine.apply(run, client=None)
        assert (workspace / "a.txt").read_bytes() == START
        assert not (workspace / "new.txt").exists()
        assert (workspace / "moved.txt").read_bytes() == AFTER
        assert "a.txt" not in done.changed
        with pytest.raises(InvalidInput):
            await engine.apply(run, client=None)
        await engine.undo(run, Selection(), client=None)
        assert (workspace / "old.txt").read_bytes() == START


async def test_a_rename_is_not_torn_apart(workspace: Path) -> None:
    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await proposed(engine, workspace)
        one = (await hunks(engine, run, "old.txt"))[1]
        await engine.apply(run, Selection(hunks=(one.id,)), client=None)
        assert (workspace / "moved.txt").read_bytes() == AFTER
        assert not (workspace / "old.txt").exists()


async def test_texts_are_what_would_be_written(workspace: Path) -> None:
    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await proposed(engine, workspace)
        first = (await hunks(engine, run))[0]
        await engine.reject(run, Selection(hunks=(first.id,)), client=None)
        texts = {t.path: t for t in await engine.texts(run, Selection())}
        assert texts["a.txt"].before == START.decode()
        assert texts["a.txt"].after == AFTER.replace(b"1\n", b"one\n").decode()
        assert (texts["new.txt"].before, texts["new.txt"].after) == (None, "new\n")
        assert texts["old.txt"].new_path == "moved.txt"
        assert len(await engine.texts(run, Selection(files=("new.txt",)))) == 1


async def test_the_runs_own_question_is_answered_by_the_deed(workspace: Path) -> None:
    """Nobody is asked again about what was decided, and a rejected hunk stays out."""

    async def asking(run: Run, params: object) -> str:
        change_set = ChangeSet(
            "change",
            (FileChange("a.txt", ChangeKind.MODIFY, content_hash(START), AFTER),),
        )
        return str(await run.deliver(change_set, proven=True, key="1"))

    async with engine_room(kind("write", asking, writes=True)) as engine:
        for whole in (True, False):
            (workspace / "a.txt").write_bytes(START)
            run = await engine.submit(order(workspace, "write", flags={"run.apply": "ask"}))
            while (await engine.summary(run)).state != "waiting":
                await anyio.sleep(0.05)
            chosen = () if whole else ((await hunks(engine, run))[0].id,)
            if whole:
                await engine.apply(run, client=None)
            else:
                await engine.reject(run, Selection(hunks=chosen), client=None)
            ended = await engine.finished(run)
            assert ended.reason == str(whole)
            expected = AFTER if whole else START
            assert (workspace / "a.txt").read_bytes() == expected
        await engine.apply(run, client=None)
        assert (workspace / "a.txt").read_bytes() == AFTER.replace(b"1\n", b"one\n")
