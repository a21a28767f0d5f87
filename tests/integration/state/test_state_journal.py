"""Steps, tasks, questions, commands, consents: each is told once and remembered."""

import pytest

from samokoder.state import blobs, executions, questions, steps, tasks, trusts, workspaces
from samokoder.state.database import Database
from samokoder.state.tasks import TaskState


async def test_a_step_is_begun_again_until_its_receipt_is_there(db: Database, run_id: str) -> None:
    async with db.session() as s:
        first = await steps.begin(s, run_id, "check", kind="check", agent="fixer")
        again = await steps.begin(s, run_id, "check")
        assert (first.id, first.attempts, first.finished) == (again.id, 1, False)
        assert again.attempts == 2
        with pytest.raises(KeyError, match="check"):
            await steps.result(s, again)
        await steps.finish(s, first.id, b"green")
        await steps.finish(s, first.id, b"a second receipt changes nothing")
        done = await steps.begin(s, run_id, "check")
        assert (done.finished, done.attempts, done.agent) == (True, 2, "fixer")
        assert await steps.result(s, done) == b"green"
        assert await steps.find(s, run_id, "other") is None
        await steps.begin(s, run_id, "later")
        assert [step.key for step in await steps.listing(s, run_id)] == ["check", "later"]
        assert await steps.count(s, run_id) == 1


async def test_a_plan_can_be_edited_until_its_parts_begin(db: Database, run_id: str) -> None:
    async with db.session() as s:
        one, two, three = [await tasks.add(s, run_id, key, key.upper()) for key in "abc"]
        await tasks.reorder(s, run_id, [three.id, one.id])
        await tasks.edit(s, two.id, title="Second", body="words")
        await tasks.edit(s, two.id)
        assert [task.key for task in await tasks.listing(s, run_id)] == ["c", "a", "b"]
        assert await tasks.move(s, one.id, TaskState.RUNNING, [TaskState.PLANNED])
        assert not await tasks.move(s, one.id, TaskState.RUNNING, [TaskState.PLANNED])
        assert not await tasks.remove(s, one.id)
        assert await tasks.remove(s, three.id)
        assert await tasks.move(s, one.id, TaskState.DONE, [TaskState.RUNNING])
        first, second = await tasks.listing(s, run_id)
        assert (first.state, second.title, second.body) == (TaskState.DONE, "Second", "words")
        assert first.finished_at is not None
        assert (await tasks.add(s, run_id, "d", "D")).position > second.position


async def test_a_question_is_asked_once_and_answered_once(
    db: Database, workspace: int, run_id: str
) -> None:
    async with db.session() as s:
        asked = await questions.ask(s, run_id, "apply", "Apply it?", ("yes", "no"), "no")
        again = await questions.ask(s, run_id, "apply", "Something else?", (), "yes")
        assert asked == again
        assert (asked.options, asked.default, asked.answer) == (("yes", "no"), "no", None)
        free = await questions.ask(s, run_id, "name", "Which name?", (), "")
    async with db.reading() as s:
        assert await questions.unanswered(s, workspace_id=workspace) == (asked, free)
        assert await questions.unanswered(s, workspace_id=workspace + 1) == ()
    async with db.session() as s:
        assert await questions.answer(s, asked.id, "yes", by="nvim")
        assert not await questions.answer(s, asked.id, "no", by="code")
        found = await questions.get(s, asked.id)
        assert found is not None
        assert (found.answer, found.answered_by) == ("yes", "nvim")
        assert await questions.unanswered(s, run_id=run_id) == (free,)
        assert await questions.listing(s, run_id) == (found, free)
        assert await questions.get(s, 999) is None


async def test_commands_keep_their_output(db: Database, run_id: str) -> None:
    async with db.session() as s:
        step = await steps.begin(s, run_id, "check")
        number = await executions.begin(
            s, run_id, "pytest -q", cwd="/srv", confinement="bubblewrap", step_id=step.id
        )
        killed = await executions.begin(s, run_id, "sleep 9", cwd="/srv", confinement="none")
        await executions.finish(s, number, exit_code=1, output="не прошло\n".encode())
        await executions.finish(s, killed, exit_code=None, timed_out=True)
        first, second = await executions.listing(s, run_id)
        assert (first.exit_code, first.step_id, first.timed_out) == (1, step.id, False)
        assert first.output is not None
        assert (await blobs.get(s, first.output)).decode() == "не прошло\n"
        assert (second.exit_code, second.timed_out) == (None, True)


async def test_consent_holds_until_it_is_taken_back(db: Database, workspace: int) -> None:
    async with db.session() as s:
        assert not await trusts.holds(s, workspace, "command", "make test")
        await trusts.grant(s, workspace, "command", "make test")
        await trusts.grant(s, workspace, "command", "make test")
        await trusts.grant(s, workspace, "provider", "openai")
        assert await trusts.holds(s, workspace, "command", "make test")
        assert not await trusts.holds(s, workspace, "command", "make")
        assert not await trusts.holds(s, workspace, "provider", "make test")
        assert await trusts.revoke(s, workspace, "command") == 1
        assert await trusts.revoke(s, workspace, "command", "make test") == 0
        assert not await trusts.holds(s, workspace, "command", "make test")
        await trusts.grant(s, workspace, "command", "make test")
        assert await trusts.holds(s, workspace, "command", "make test")
        assert [each.subject for each in await trusts.listing(s, workspace)] == [
            "make test",
            "openai",
        ]
        other = await workspaces.ensure(s, "/srv/other")
        assert not await trusts.holds(s, other.id, "provider", "openai")


async def test_a_workspace_is_known_by_its_path(db: Database) -> None:
    async with db.session() as s:
        first = await workspaces.ensure(s, "/srv/проект")
        again = await workspaces.ensure(s, "/srv/проект")
        assert (first.id, first.created_at) == (again.id, again.created_at)
        assert await workspaces.find(s, "/srv/проект") == again
        assert await workspaces.get(s, first.id) == again
        assert await workspaces.find(s, "/srv") is None
        assert await workspaces.listing(s) == (again,)
