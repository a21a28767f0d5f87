"""Runs over a real state: journalled, resumed, cancelled, bounded, undone."""

from pathlib import Path

import anyio
import pytest
from engine_room import engine_room, kind, order, question, scripted

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.model import Role
from samokoder.agents.models.script import Fault, Rule
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.state.runs import RunState


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one file."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.txt").write_text("one\ntwo\nthree\n")
    return root


def modify(path: str, before: bytes, after: bytes) -> ChangeSet:
    """One file modified."""
    change = FileChange(path, ChangeKind.MODIFY, content_hash(before), after)
    return ChangeSet(f"change {path}", (change,))


async def test_a_run_is_done_and_its_result_kept(workspace: Path) -> None:
    async def body(run: Run, params: object) -> str:
        await run.say("working", percent=50)
        return f"saw {len(run.snapshot.files)} files"

    heard: list[tuple[str, int | None]] = []

    async def say(message: str, percent: int | None) -> None:
        heard.append((message, percent))

    async with engine_room(kind("look", body)) as engine:
        run_id = await engine.submit(order(workspace, "look"))
        run = await engine.finished(run_id, say)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, "saw 1 files")
        assert heard == [("working", 50)]
        assert [r.id for r in await engine.summaries(workspace)] == [run_id]
        assert (await engine.view(run_id[:20])).result == "saw 1 files"
        assert not engine.busy()


async def test_unknown_kinds_and_runs_are_refused(workspace: Path) -> None:
    async with engine_room() as engine:
        with pytest.raises(InvalidInput, match="no kind of run called dance"):
            await engine.submit(order(workspace, "dance"))
        with pytest.raises(InvalidInput, match="no run is called"):
            await engine.summary("nope")


async def test_a_defect_fails_the_run_and_nothing_else(workspace: Path) -> None:
    async def body(run: Run, params: object) -> str:
        raise ZeroDivisionError("ouch")

    async with engine_room(kind("bad", body)) as engine:
        for _ in range(2):
            run = await engine.finished(await engine.submit(order(workspace, "bad")))
            assert run.state is RunState.FAILED
            assert "ZeroDivisionError: ouch" in run.reason


async def test_a_resumed_run_repeats_no_step_and_buys_no_answer_twice(
    workspace: Path, tmp_path: Path
) -> None:
    """R1: the process goes down in the middle; the next one goes on from the journal."""
    model = scripted(tmp_path / "calls.log", Rule(answers=("first", "second")))
    effects: list[str] = []
    reached = anyio.Event()
    block = True

    async def body(run: Run, params: object) -> str:
        async def effect() -> str:
            effects.append("one")
            return "done"

        await run.step("one", effect, str)
        first = await run.ask(Role.CODER, question("a"), key="a")
        reached.set()
        if block:
            await anyio.sleep_forever()
        second = await run.ask(Role.CODER, question("b"), key="b")
        return f"{first.text} {second.text}"

    state = tmp_path / "state.db"
    async with engine_room(kind("two", body), model=model, state=state) as engine:
        run_id = await engine.submit(order(workspace, "two"))
        await reached.wait()
    (workspace / "a.txt").write_text("typed in between\n")
    block = False
    async with engine_room(kind("two", body), model=model, state=state) as engine:
        assert (await engine.view(run_id)).interrupted
        assert await engine.take_up() == (run_id,)
        run = await engine.finished(run_id)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, "first second")
        assert effects == ["one"]
        assert len(model.calls) == 2
        used = await engine.used(run_id)
        assert (used.calls, used.failed_calls) == (2, 0)


async def test_the_snapshot_is_the_same_after_a_restart(workspace: Path, tmp_path: Path) -> None:
    seen: list[bytes] = []
    reached = anyio.Event()
    block = True

    async def body(run: Run, params: object) -> str:
        seen.append(await run.snapshot.read("a.txt"))
        reached.set()
        if block:
            await anyio.sleep_forever()
        return "ok"

    state = tmp_path / "state.db"
    async with engine_room(kind("read", body), state=state) as engine:
        run_id = await engine.submit(order(workspace, "read"))
        await reached.wait()
    (workspace / "a.txt").write_text("typed in between\n")
    block = False
    async with engine_room(kind("read", body), state=state) as engine:
        await engine.take_up()
        await engine.finished(run_id)
    assert seen == [b"one\ntwo\nthree\n"] * 2


async def test_cancel_ends_a_run_at_once_from_here_and_from_another_process(
    workspace: Path, tmp_path: Path
) -> None:
    started = anyio.Event()
    ended: list[str] = []

    async def body(run: Run, params: object) -> str:
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cleaned up")
        return ""

    state = tmp_path / "state.db"
    async with engine_room(kind("long", body), state=state) as engine:
        run_id = await engine.submit(order(workspace, "long"))
        await started.wait()
        with anyio.fail_after(1):
            assert (await engine.cancel(run_id)).state is RunState.CANCELLED
        started = anyio.Event()
        run_id = await engine.submit(order(workspace, "long"))
        await started.wait()
        async with engine_room(kind("long", body), state=state) as other:
            with anyio.fail_after(1):
                assert (await other.cancel(run_id)).state is RunState.CANCELLED
    assert ended == ["cleaned up"] * 2


async def test_a_proven_change_is_applied_and_an_unproven_one_only_proposed(
    workspace: Path,
) -> None:
    before = (workspace / "a.txt").read_bytes()

    async def body(run: Run, params: object) -> str:
        proposed = await run.deliver(modify("a.txt", before, b"no\n"), proven=False, key="unproven")
        applied = await run.deliver(
            modify("a.txt", before, b"one\n2\nthree\n"), proven=True, key="proven"
        )
        return f"{proposed} {applied}"

    async with engine_room(kind("write", body, writes=True)) as engine:
        run = await engine.finished(await engine.submit(order(workspace, "write")))
        assert run.reason == "False True", run.reason
        assert (workspace / "a.txt").read_bytes() == b"one\n2\nthree\n"
        view = await engine.view(run.id)
        assert [(c.state, c.proven) for c in view.changes] == [
            ("proposed", False),
            ("applied", True),
        ]
        (hunk,) = view.changes[1].files[0].hunks
        assert (hunk.before, hunk.after, hunk.after_line) == ("two\n", "2\n", 2)


async def test_one_writer_at_a_time_in_a_workspace(workspace: Path, tmp_path: Path) -> None:
    inside: list[int] = []
    most = 0

    async def body(run: Run, params: object) -> str:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        await anyio.sleep(0.1)
        inside.pop()
        return ""

    async with engine_room(kind("write", body, writes=True)) as engine:
        ids = [await engine.submit(order(workspace, "write")) for _ in range(4)]
        for run_id in ids:
            assert (await engine.finished(run_id)).state is RunState.SUCCEEDED
    assert most == 1


async def test_the_ledger_equals_the_models_own_count_failures_included(
    workspace: Path, tmp_path: Path
) -> None:
    """R16: three failed attempts and an answer are four rows and four calls at the provider."""
    limited = Fault("status", 429, {"retry-after": "0.01"})
    model = scripted(tmp_path / "log", Rule(times=3, fault=limited), Rule(answer="finally " * 4))

    async def body(run: Run, params: object) -> str:
        return (await run.ask(Role.CODER, question("go"), key="go")).text

    async with engine_room(kind("ask", body), model=model) as engine:
        run = await engine.finished(await engine.submit(order(workspace, "ask")))
        assert run.state is RunState.SUCCEEDED, run.reason
        used = await engine.used(run.id)
    assert (used.calls, used.failed_calls) == (4, 3)
    assert len(model.calls) == 4
    assert used.output_tokens == sum(c.output for c in model.calls if c.outcome == "ok")


async def test_a_model_that_varies_its_calls_for_ever_is_stopped_by_the_budget(
    workspace: Path, tmp_path: Path
) -> None:
    """R16: never a call past the limit, and the run says what it would take."""
    model = scripted(tmp_path / "log", Rule(answer="and another thing " * 20))

    async def body(run: Run, params: object) -> str:
        for turn in range(1000):
            await run.ask(Role.CODER, question(f"turn {turn}", 100), key=f"turn {turn}")
        return ""

    async with engine_room(kind("loop", body), model=model) as engine:
        wanted = order(workspace, "loop", flags={"budget.tokens": 1000})
        run = await engine.finished(await engine.submit(wanted))
        used = await engine.used(run.id)
    assert run.state is RunState.LIMITED
    assert "budget.tokens" in run.reason
    assert used.tokens <= 1000
    assert used.calls <= 10


async def test_parallel_askers_share_one_budget_without_overshoot(
    workspace: Path, tmp_path: Path
) -> None:
    model = scripted(tmp_path / "log", Rule(answer="word " * 50, delay=0.01))

    async def body(run: Run, params: object) -> str:
        async def agent(number: int) -> None:
            for turn in range(50):
                text = f"agent {number} turn {turn}"
                await run.ask(Role.CODER, question(text, 64), key=text, agent=f"a{number}")

        async with anyio.create_task_group() as agents:
            for number in range(8):
                agents.start_soon(agent, number)
        return ""

    async with engine_room(kind("eight", body), model=model) as engine:
        wanted = order(workspace, "eight", flags={"budget.tokens": 3000})
        run = await engine.finished(await engine.submit(wanted))
        used = await engine.used(run.id)
    assert run.state is RunState.LIMITED, run
    assert 1500 < used.tokens <= 3000


async def test_a_question_waits_and_is_answered_from_another_process(
    workspace: Path, tmp_path: Path
) -> None:
    async def body(run: Run, params: object) -> str:
        return await run.question("q", "Tabs or spaces?", ("tabs", "spaces"), "spaces")

    state = tmp_path / "state.db"
    async with engine_room(kind("ask", body), state=state) as engine:
        run_id = await engine.submit(order(workspace, "ask"))
        while (await engine.summary(run_id)).state is not RunState.WAITING:
            await anyio.sleep(0.01)
        async with engine_room(state=state) as other:
            with pytest.raises(InvalidInput, match="none of tabs, spaces"):
                await other.answer(run_id, "", "both", by="test")
            await other.answer(run_id, "", "tabs", by="test")
        with anyio.fail_after(2):
            assert (await engine.finished(run_id)).reason == "tabs"
        headless = await engine.submit(order(workspace, "ask", headless=True))
        assert (await engine.finished(headless)).reason == "spaces"
