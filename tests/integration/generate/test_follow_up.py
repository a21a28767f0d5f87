"""A finished run is followed up with what it knows (R5)."""

import json
from pathlib import Path
from typing import Any

import pytest
from workroom import module, module_rules, planning

from samokoder.server import client as lsp


def _rules() -> list[dict[str, Any]]:
    block = "m1.py\n<<<<<<< SEARCH\n    return 1\n=======\n    return 11\n>>>>>>> REPLACE\n"
    test = "test_m1.py\n<<<<<<< SEARCH\n        self.assertEqual(number(), 1)\n=======\n"
    test += "        self.assertEqual(number(), 11)\n>>>>>>> REPLACE\n"
    again = (
        '{"tasks": [{"id": "T1", "title": "Eleven", "works": ['
        '{"path": "m1.py", "action": "edit", "purpose": "eleven"},'
        '{"path": "test_m1.py", "action": "edit", "purpose": "eleven"}]}]}'
    )
    return [
        {"match": "Now the user says: it should be eleven", "answer": again},
        {"regex": r"^Change m1[.]py:", "answer": block},
        {"regex": r"^Change test_m1[.]py:", "answer": test},
        *planning([module(1)], design="One module, said the architect."),
        *module_rules(1),
    ]


async def test_feedback_continues_a_run_over_lsp(tmp_path: Path) -> None:
    root, script, log = tmp_path / "work", tmp_path / "script.json", tmp_path / "calls.jsonl"
    root.mkdir()
    script.write_text(json.dumps({"rules": _rules(), "log": log.name, "prompts": True}))
    async with lsp.connect((*lsp.SERVER, "--in-process")) as client:
        await client.initialize(root)
        args = {"yes": True, "model": f"scripted:{script}", "unconfined": True}
        first = await client.command("samokoder.generate", {"brief": "one number", **args})
        assert first["complete"], first
        again = {"run": first["run"]["id"], "feedback": "it should be eleven", **args}
        second = await client.command("samokoder.generate", again)
        assert second["run"]["id"] != first["run"]["id"]
        assert [t["title"] for t in second["tasks"]] == ["Eleven"]
        asked = next(x for x in log.read_text().splitlines() if "Now the user says" in x)
        for known in ("one number", "One module, said the architect.", "m1.py", "def number"):
            assert known in asked, "the tech lead knows what the first run knew"
        assert second["tasks"][0]["end"] == "proposed", "a changed assertion is the user's to judge"
        applied = await client.command("samokoder.run.apply", {"run": second["run"]["id"]})
        assert sorted(applied["changed"]) == ["m1.py", "test_m1.py"]
        assert (root / "m1.py").read_text().endswith("return 11\n")
        await client.stop()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "no brief"),
        ({"feedback": "wrong"}, "needs the run"),
        ({"run": "nothing"}, "no feedback"),
        ({"run": "nothing", "feedback": "wrong"}, "nothing"),
    ],
)
async def test_what_is_missing_is_said(tmp_path: Path, args: dict[str, str], said: str) -> None:
    async with lsp.connect((*lsp.SERVER, "--in-process")) as client:
        await client.initialize(tmp_path)
        script = tmp_path / "script.json"
        script.write_text('{"rules": [{"answer": "x"}]}')
        more = {"yes": True, "model": f"scripted:{script}", **args}
        if not args:
            answer = await client.command("samokoder.generate", more)
            assert said in answer["stopped"]
        else:
            with pytest.raises(lsp.RequestFailed, match=said):
                await client.command("samokoder.generate", more)
        await client.stop()
