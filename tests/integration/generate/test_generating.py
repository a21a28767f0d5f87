"""A brief becomes tested files, task by task; what fails stays out and is told (R3)."""

import json
from pathlib import Path
from typing import Any

from briefs import fenced
from workroom import module, module_rules, planning, workroom

from samokoder.agents.generate.request import GenerateRequest
from samokoder.state.runs import RunState


def _ends(result: Any) -> dict[str, str]:
    return {t.id: t.end for t in result.tasks}


async def test_a_brief_becomes_a_tested_project(tmp_path: Path) -> None:
    rules = (*planning([module(1), module(2)]), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert _ends(result) == {"T1": "done", "T2": "done"}
        assert (room.root / "m1.py").read_text().endswith("return 1\n")
        assert room.plan.count("- [x]") == 2
        for task in result.tasks:
            assert any(check.passed for check in task.checks)
            assert all(check.ok for check in task.checks)
        assert result.estimate.calls >= 4
        view = await room.engine.view((await room.engine.summaries(None))[0].id)
        made = [c for c in view.changes if c.key.startswith("task/")]
        assert [c.key for c in made] == ["task/T1", "task/T2"], "one change set for each task"
        assert all(c.proven and c.state == "applied" for c in made)


async def test_a_failing_task_stays_out_and_only_what_needs_it_waits(tmp_path: Path) -> None:
    tasks = [module(1), {**module(2), "needs": ["T1"]}, module(3), {**module(4), "needs": ["T3"]}]
    rules = (
        *planning(tasks),
        *module_rules(1, value=7),
        *(rule for n in (2, 3, 4) for rule in module_rules(n)),
        {"match": "You repair programs", "answer": "I do not know."},
        {"match": "The checks fail", "answer": "NO CHANGE"},
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert _ends(result) == {"T1": "failed", "T2": "waiting", "T3": "done", "T4": "done"}
        assert not result.complete
        failed, waiting = result.tasks[:2]
        assert "test_m1" in failed.reason and "7 != 1" in failed.reason
        assert waiting.reason == "it needs T1"
        assert not (room.root / "m1.py").exists()
        assert not (room.root / "test_m1.py").exists()
        assert (room.root / "m4.py").exists()
        assert "- [ ] **T1" in room.plan and "- [x] **T4" in room.plan
        (summary,) = await room.engine.summaries(None)
        assert summary.state is RunState.SUCCEEDED
        assert "2 of 4 tasks done" in summary.reason


async def test_failing_checks_go_up_the_ladder(tmp_path: Path) -> None:
    block = "m1.py\n<<<<<<< SEARCH\n    return 7\n=======\n    return 1\n>>>>>>> REPLACE\n"
    rules = (
        *planning([module(1)]),
        *module_rules(1, value=7),
        {"match": "You repair programs", "answer": block},
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert result.tasks[0].repaired.startswith("L2")
        assert (room.root / "m1.py").read_text().endswith("return 1\n")
        assert not room.asked("The checks fail"), "the developer need not be asked"


async def test_what_the_ladder_leaves_its_developer_corrects_tests_too(tmp_path: Path) -> None:
    wrong = (
        "import unittest\n\nfrom m1 import number\n\n\nclass T1(unittest.TestCase):\n"
        "    def test_number(self):\n        self.assertEqual(number(), 2)\n"
    )
    block = "test_m1.py\n<<<<<<< SEARCH\n        self.assertEqual(number(), 2)\n=======\n"
    block += "        self.assertEqual(number(), 1)\n>>>>>>> REPLACE\n"
    rules = (
        *planning([module(1)]),
        {"regex": r"^Write test_m1[.]py:", "answer": fenced(wrong)},
        *module_rules(1),
        {"match": "You repair programs", "answer": "The test is wrong."},
        {"regex": "The checks fail.*test_m1[.]py as you wrote it", "answer": block},
        {"match": "The checks fail", "answer": "NO CHANGE"},
    )
    async with workroom(tmp_path / "w", rules, flags={"fix.attempts": 1}) as room:
        result = await room.generate()
        assert result.complete, result
        assert "number(), 1)" in (room.root / "test_m1.py").read_text()


async def test_untested_code_waits_for_the_task_that_tests_it(tmp_path: Path) -> None:
    code, test = module_rules(1)
    tasks = [
        {"id": "T1", "title": "Code", "works": [{"path": "m1.py", "purpose": "number 1"}]},
        {
            "id": "T2",
            "title": "Tests",
            "needs": ["T1"],
            "works": [{"path": "test_m1.py", "purpose": "tests of 1"}],
        },
        {"id": "T3", "title": "More code", "works": [{"path": "m2.js", "purpose": "two"}]},
    ]
    script = {"regex": r"^Write m2[.]js:", "answer": fenced("export const two = 2;\n")}
    async with workroom(tmp_path / "w", (*planning(tasks), code, test, script)) as room:
        result = await room.generate()
        assert _ends(result)["T1"] == _ends(result)["T2"] == "done"
        assert "def number" in room.asked("Write test_m1.py")[0].messages[-1][1]
        assert (room.root / "m1.py").exists()


async def test_code_that_nothing_tests_is_only_proposed(tmp_path: Path) -> None:
    code, _ = module_rules(1)
    tasks = [{"id": "T1", "title": "Code", "works": [{"path": "m1.py", "purpose": "number 1"}]}]
    async with workroom(tmp_path / "w", (*planning(tasks), code)) as room:
        result = await room.generate()
        assert _ends(result) == {"T1": "proposed"}
        assert "no test covers it" in result.tasks[0].reason
        assert not (room.root / "m1.py").exists()


async def test_pages_that_nobody_runs_are_read_instead(tmp_path: Path) -> None:
    tasks = [
        {"id": "T1", "title": "Good", "works": [{"path": "a.html", "purpose": "a page"}]},
        {"id": "T2", "title": "Bad", "works": [{"path": "b.html", "purpose": "a page"}]},
    ]
    rules = (
        *planning(tasks),
        {"regex": "^Write a[.]html:", "answer": fenced("<p>Hello</p>\n<div></div>\n")},
        {"regex": "^Write b[.]html:", "answer": fenced("<main><div></main>\n")},
        {"match": "The checks fail", "answer": "NO CHANGE"},
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert _ends(result) == {"T1": "done", "T2": "failed"}
        assert "b.html: line 1: </main> inside <div> ends nothing" in result.tasks[1].reason


async def test_without_approval_nothing_is_written_but_the_plan(tmp_path: Path) -> None:
    rules = (*planning([module(1)]), *module_rules(1))
    async with workroom(tmp_path / "w", rules) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        question = await room.question(run_id)
        assert question.key == "approve/plan"
        assert "T1: Number 1" in question.text
        assert "model calls" in question.text and "waiting" in question.text
        await room.engine.answer(run_id, question.key, "Stop here", by="test")
        _, result = await room.outcome(run_id)
        assert result.stopped == "the plan was not approved"
        assert [p.name for p in room.root.rglob("*") if p.is_file()] == ["plan.md"]
        assert not room.asked("You are a developer")


async def test_each_epic_can_be_approved_on_its_own(tmp_path: Path) -> None:
    tasks = [{**module(1), "epic": "One"}, {**module(2), "epic": "Two"}]
    rules = (*planning(tasks), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules, flags={"generate.approval": "epic"}) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        question = await room.question(run_id)
        assert "Next: One" in question.text
        assert not room.asked("Task T2"), "nothing of the other epic is begun"
        await room.engine.answer(run_id, question.key, "Go ahead", by="test")
        question = await room.question(run_id, after=question.key)
        assert (room.root / "m1.py").exists()
        await room.engine.answer(run_id, question.key, "Stop here", by="test")
        _, result = await room.outcome(run_id)
        assert _ends(result) == {"T1": "done", "T2": "waiting"}
        assert not (room.root / "m2.py").exists()


async def test_the_spec_writer_s_questions_change_the_spec(tmp_path: Path) -> None:
    spec = {
        "title": "It",
        "demands": ["it works"],
        "questions": [{"text": "Which format?", "options": ["JSON", "CSV"], "default": "JSON"}],
    }
    rules = (
        {"match": "You write specifications", "answer": json.dumps(spec)},
        *planning([module(1)]),
        *module_rules(1),
    )
    async with workroom(tmp_path / "w", rules, flags={"generate.approval": "none"}) as room:
        run_id = await room.start(GenerateRequest(brief="make it"), headless=False)
        question = await room.question(run_id)
        assert (question.text, question.options) == ("Which format?", ("JSON", "CSV"))
        await room.engine.answer(run_id, question.key, "CSV", by="test")
        await room.outcome(run_id)
        assert "Which format? CSV" in room.asked("You are a tech lead")[0].messages[-1][1]
    async with workroom(tmp_path / "v", rules) as room:
        await room.generate()
        asked = room.asked("You are a tech lead")[0].messages[-1][1]
        assert "Which format? JSON" in asked, "without a person the default answers"


async def test_a_limit_keeps_the_work_and_a_resumed_run_ends_it(tmp_path: Path) -> None:
    tasks = [module(1), {**module(2), "needs": ["T1"]}]
    rules = (*planning(tasks), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules, flags={"budget.calls": 7}) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        summary, result = await room.outcome(run_id)
        assert summary.state is RunState.LIMITED
        assert _ends(result) == {"T1": "done", "T2": "waiting"}
        assert (room.root / "m1.py").exists()
        calls = len(room.calls)
        await room.engine.resume(run_id, {"budget.calls": 50})
        summary, result = await room.outcome(run_id)
        assert _ends(result) == {"T1": "done", "T2": "done"}
        assert len({c.hash for c in room.calls}) == len(room.calls) > calls, "nothing bought twice"


async def test_a_plan_alone_writes_the_plan_and_a_later_run_works_on_it(tmp_path: Path) -> None:
    rules = (*planning([module(1), module(2)]), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate(plan_only=True)
        assert result.planned == 2 and result.tasks == ()
        assert [p.name for p in room.root.rglob("*") if p.is_file()] == ["plan.md"]
        text = room.plan.replace("- [ ] **T1", "- [x] **T1")
        (room.root / ".samokoder" / "plan.md").write_text(text)
        result = await room.generate(brief="")
        assert _ends(result) == {"T2": "done"}
        assert not (room.root / "m1.py").exists(), "what is ticked is done"


async def test_documentation_may_change_words_but_no_code(tmp_path: Path) -> None:
    bad = "README.md\n~~~~\n# It\n~~~~\n\nm1.py\n~~~~\ndef number():\n    return 3\n~~~~\n"
    good = "README.md\n~~~~\n# It\n~~~~\n"
    rules = (
        {"match": "You are a technical writer", "answers": [bad, good]},
        *planning([module(1)]),
        *module_rules(1),
    )
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert _ends(result) == {"T1": "done", "docs": "done"}
        assert (room.root / "README.md").read_text() == "# It\n"
        assert (room.root / "m1.py").read_text().endswith("return 1\n")
        again = room.asked("m1.py: only docstrings and comments may change")
        assert len(again) == 1


async def test_an_empty_workspace_can_start_from_a_scaffold(tmp_path: Path) -> None:
    design = {"overview": "On top of the package.", "scaffold": "python-package"}
    tasks = [module(1)]
    rules = (
        {"match": "You are a software architect", "answer": json.dumps(design)},
        *planning(tasks),
        *module_rules(1),
    )
    async with workroom(tmp_path / "beans", rules) as room:
        result = await room.generate()
        assert _ends(result) == {"T0": "done", "T1": "done"}, result.tasks
        assert "python-cli (" in room.asked("You are a software architect")[0].messages[-1][1]
        lead = room.asked("You are a tech lead")[0].messages[-1][1]
        assert "beans" in lead, "the tech lead sees what the scaffold holds"
        assert (room.root / "pyproject.toml").exists()
        assert result.tasks[0].checks, "the scaffold's own tests ran"
        assert "scaffold: python-package beans" in room.plan


async def test_what_shows_something_is_offered_as_a_preview(tmp_path: Path) -> None:
    page = {"id": "T1", "title": "Page", "works": [{"path": "index.html", "purpose": "a page"}]}
    rules = (*planning([page]), {"regex": "^Write index", "answer": fenced("<p>Hello</p>\n")})
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert result.offer == "samokoder preview start"
    rules = (*planning([module(1)]), *module_rules(1))
    async with workroom(tmp_path / "v", rules) as room:
        assert (await room.generate()).offer == ""


async def test_what_cannot_be_checked_here_is_left_to_the_user(tmp_path: Path) -> None:
    flags = {"check.commands": '["no-such-tool-anywhere --all"]'}
    rules = (*planning([module(1)]), *module_rules(1))
    async with workroom(tmp_path / "w", rules, flags=flags) as room:
        result = await room.generate()
        assert _ends(result) == {"T1": "proposed"}
        assert "no-such-tool-anywhere" in result.tasks[0].reason
        assert not (room.root / "m1.py").exists()


async def test_a_model_that_is_gone_ends_the_run_with_what_is_done(tmp_path: Path) -> None:
    rules = (
        *planning([module(1), {**module(2), "needs": ["T1"]}]),
        *module_rules(1),
        {"regex": "^Write m2", "fault": {"kind": "status", "status": 500}},
        *module_rules(2),
    )
    async with workroom(tmp_path / "w", rules, flags={"model.attempts": 1}) as room:
        (room.root / ".samokoder").mkdir()
        (room.root / ".samokoder" / "plan.md").write_text("- [ ] older\n- [x] done\n")
        result = await room.generate()
        assert _ends(result) == {"T1": "done", "T2": "waiting"}
        assert result.stopped and not result.complete and not result.limited
        assert any("the plan that was there had 1 open tasks" in note for note in result.notes)
        assert (room.root / "m1.py").exists()


async def test_where_nothing_is_applied_later_tasks_build_on_proposals(tmp_path: Path) -> None:
    tasks = [module(1), {**module(2), "needs": ["T1"]}]
    rules = (*planning(tasks), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules, flags={"run.apply": "never"}) as room:
        run_id = await room.start(GenerateRequest(brief="make it"))
        _, result = await room.outcome(run_id)
        assert _ends(result) == {"T1": "proposed", "T2": "proposed"}
        assert [p for p in room.root.rglob("*") if p.is_file()] == []
        await room.engine.apply(run_id, client=None)
        assert (room.root / "m1.py").exists() and (room.root / "m2.py").exists()
        assert (room.root / ".samokoder" / "plan.md").exists()
