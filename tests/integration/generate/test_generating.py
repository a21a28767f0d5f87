"""A brief becomes tested files in an empty folder (R3), task by task."""

from pathlib import Path

from workroom import module, module_rules, planning, workroom


async def test_a_brief_becomes_a_tested_project(tmp_path: Path) -> None:
    rules = (*planning([module(1), module(2)]), *module_rules(1), *module_rules(2))
    async with workroom(tmp_path / "w", rules) as room:
        result = await room.generate()
        assert result.complete, result
        assert [(t.id, t.end) for t in result.tasks] == [("T1", "done"), ("T2", "done")]
        assert (room.root / "m1.py").read_text().endswith("return 1\n")
        assert room.plan.count("- [x]") == 2
        for task in result.tasks:
            assert any(check.passed for check in task.checks)
            assert all(check.ok for check in task.checks)
        assert result.estimate.calls >= 4
        view = await room.engine.view((await room.engine.summaries(None))[0].id)
        assert [c.key for c in view.changes if c.key.startswith("task/")] == ["task/T1", "task/T2"]
