"""The undo fuzzer in small, and going back in a long run."""

from pathlib import Path

import pytest
from engine_room import engine_room, kind, order
from undone import fuzz

from samokoder.agents.runs.context import Run
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22])
async def test_undoing_anything_in_any_order_leaves_others_text_alone(
    tmp_path: Path, seed: int
) -> None:
    """R17: byte-equal, or a conflict that changed nothing."""
    score = await fuzz(60, seed, tmp_path)
    assert score.faults == []
    assert score.undos == 60
    assert set(score.kinds) >= {"hunks", "file", "agent", "run", "undo"}


def replaced(text: str, number: int) -> tuple[str, ChangeSet]:
    lines = text.splitlines(keepends=True)
    lines[number] = f"step {number}\n"
    new = "".join(lines)
    change = FileChange("a.txt", ChangeKind.MODIFY, content_hash(text.encode()), new.encode())
    return new, ChangeSet(f"step {number}", (change,))


@pytest.mark.slow
async def test_going_back_to_step_100_of_300_removes_nothing_from_history(tmp_path: Path) -> None:
    """R17: 300 steps and change sets remain, the user's new file survives, and the way is back."""
    root = tmp_path / "work"
    root.mkdir()
    start = "".join(f"line {number}\n" for number in range(300))
    (root / "a.txt").write_text(start)

    async def body(run: Run, params: object) -> str:
        text = (await run.snapshot.read("a.txt")).decode()
        for number in range(300):
            text, change = replaced(text, number)
            await run.deliver(change, proven=True, key=str(number))
        return ""

    async with engine_room(kind("long", body, writes=True)) as engine:
        run = await engine.finished(await engine.submit(order(root, "long")))
        assert run.state == "succeeded", run.reason
        (root / "mine.txt").write_text("my own\n")
        done = (root / "a.txt").read_text()
        before = await engine.view(run.id)
        taken = await engine.undo(run.id, Selection(after_step="apply:99"), client=None)
        assert taken.conflicts == ()
        lines = (root / "a.txt").read_text().splitlines()
        assert lines == [f"{'step' if n < 100 else 'line'} {n}" for n in range(300)]
        assert (root / "mine.txt").read_text() == "my own\n"
        after = await engine.view(run.id)
        kept = {step.key for step in after.steps}
        assert {step.key for step in before.steps} <= kept
        assert len([c for c in after.changes if c.undoes is None]) == 300
        assert [c.state for c in after.changes[:300]].count("applied") == 100
        undo = after.changes[-1]
        assert undo.undoes is not None
        await engine.undo(run.id, Selection(change=undo.id), client=None)
        assert (root / "a.txt").read_text() == done
        again = await engine.view(run.id)
        assert [c.state for c in again.changes[:300]].count("applied") == 300
        assert len(again.changes) == 302
