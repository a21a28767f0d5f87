"""What the history says of changes that meet others on their way to the files."""

from pathlib import Path

import anyio
import pytest
from engine_room import engine_room, kind, order

from samokoder.agents.errors import Conflict
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.desk import Desk

START = b"one\ntwo\nthree\nfour\nfive\n"


class Attached(Desk):
    """A desk at which somebody sits."""

    def attached(self, root: Path) -> bool:
        return True


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.txt").write_bytes(START)
    (root / "b.txt").write_bytes(START)
    return root


def change(before: bytes, after: bytes, *paths: str) -> ChangeSet:
    """These files modified alike."""
    name = content_hash(before)
    return ChangeSet(
        "change", tuple(FileChange(p, ChangeKind.MODIFY, name, after) for p in paths or ("a.txt",))
    )


async def test_the_second_change_of_a_run_owns_its_own_hunks_only(workspace: Path) -> None:
    """It starts from what the first one made, not from the run's snapshot."""
    first = START.replace(b"one", b"1")
    second = first.replace(b"five", b"5")

    async def body(run: Run, params: object) -> str:
        await run.deliver(change(START, first), proven=True, key="1", agent="coder")
        await run.deliver(change(first, second), proven=True, key="2", agent="reviewer")
        return ""

    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await engine.finished(await engine.submit(order(workspace, "write")))
        assert run.state == "succeeded", run.reason
        (hunk,) = (await engine.view(run.id)).changes[1].files[0].hunks
        assert (hunk.before, hunk.after) == ("five\n", "5\n")
        await engine.undo(run.id, Selection(agent="reviewer"), client=None)
        assert (workspace / "a.txt").read_bytes() == first


async def test_what_is_there_already_is_the_users_and_not_the_runs(workspace: Path) -> None:
    after = START.replace(b"one", b"1")

    async def body(run: Run, params: object) -> str:
        await anyio.Path(run.root / "a.txt").write_bytes(after)
        return str(await run.deliver(change(START, after), proven=True, key="1"))

    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await engine.finished(await engine.submit(order(workspace, "write")))
        assert run.reason == "True"
        (found,) = (await engine.view(run.id)).changes
        assert found.state == "rejected" and "hold it already" in found.reason


async def test_a_change_typed_into_before_it_was_taken_back_can_be_undone(workspace: Path) -> None:
    """One client takes it and its user types there; the other refuses: what stays is recorded."""
    desk = Attached(refuses={"c2"})
    desk.open("c1", workspace / "a.txt", START.decode())
    desk.open("c2", workspace / "b.txt", START.decode())
    after = START.replace(b"three", b"3")

    async def typed(client: str) -> None:
        if client == "c2":
            desk.type("c1", workspace / "a.txt", after.decode().replace("3\n", "3 of mine\n"))

    desk.before_apply = typed

    async def body(run: Run, params: object) -> str:
        with pytest.raises(Conflict, match=r"a\.txt was typed into and keeps"):
            await run.deliver(change(START, after, "a.txt", "b.txt"), proven=True, key="1")
        return ""

    async with engine_room(kind("write", body, writes=True), editors=desk) as engine:
        wanted = order(workspace, "write", client="c1")
        run = await engine.finished(await engine.submit(wanted))
        assert run.state == "succeeded", run.reason
        (found,) = (await engine.view(run.id)).changes
        states = {file.path: file.hunks[0].state for file in found.files}
        assert states == {"a.txt": "applied", "b.txt": "conflict"}
        desk.type("c1", workspace / "a.txt", after.decode())
        await engine.undo(run.id, Selection(), client="c1")
        assert desk.text("c1", workspace / "a.txt") == START.decode()


async def test_a_file_opened_while_another_is_written_is_not_changed_behind_it(
    workspace: Path,
) -> None:
    desk = Attached()
    desk.open("c1", workspace / "a.txt", START.decode())
    after = START.replace(b"three", b"3")

    async def opened(client: str) -> None:
        if ("c1", workspace / "b.txt") not in desk.documents:
            desk.open("c1", workspace / "b.txt", START.decode() + "typed\n")

    desk.before_apply = opened

    async def body(run: Run, params: object) -> str:
        return str(await run.deliver(change(START, after, "a.txt", "b.txt"), proven=True, key="1"))

    async with engine_room(kind("write", body, writes=True), editors=desk) as engine:
        wanted = order(workspace, "write", client="c1")
        assert (await engine.finished(await engine.submit(wanted))).reason == "True"
    assert desk.text("c1", workspace / "b.txt") == after.decode() + "typed\n"
    assert (workspace / "b.txt").read_bytes() == START
