"""Steps, tasks, questions, commands, consents: each is told once and remembered."""

from dataclasses import replace

import pytest

from samokoder.state import blobs, executions, questions, steps, tasks, trusts, workspaces
from samokoder.state.database import Database
from samokoder.state.tasks import Planned, TaskState


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


async def test_tasks_are_what_the_plan_says_and_keep_their_numbers(
    db: Database, run_id: str
) -> None:
    async with db.session() as s:
        first = await tasks.put(s, run_id, [Planned(key, key.upper()) for key in "abc"])
        await steps.begin(s, run_id, "work", task_id=first["b"])
        done = Planned("b", "Second", TaskState.DONE, "words")
        again = await tasks.put(s, run_id, [Planned("c", "C", TaskState.RUNNING), done])
        assert again == {"c": first["c"], "b": first["b"]}
        running, ended = await tasks.listing(s, run_id)
        assert (running.key, running.state, running.finished_at) == ("c", TaskState.RUNNING, None)
        assert (ended.title, ended.body, ended.state) == ("Second", "words", TaskState.DONE)
        assert ended.finished_at is not None
        await tasks.put(s, run_id, [done])
        assert await tasks.listing(s, run_id) == (replace(ended, position=0),)
        (step,) = await steps.listing(s, run_id)
        assert step.task_id == ended.id
        await tasks.put(s, run_id, [])
        (step,) = await steps.listing(s, run_id)
        assert step.task_id is None, "a step outlives the task it was taken for"


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
