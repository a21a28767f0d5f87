"""Generating in an editor: questions are asked there, the plan is edited there (R4, R24)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from workroom import module, module_rules, planning

from samokoder.server import client as lsp

PLAN = ".samokoder/plan.md"


@asynccontextmanager
async def _editor(folder: Path, *rules: dict[str, Any]) -> AsyncIterator[lsp.Client]:
    root, script = folder / "work", folder / "script.json"
    root.mkdir()
    script.write_text(json.dumps({"rules": rules}))
    async with lsp.connect((*lsp.SERVER, "--in-process")) as client:
        model = {"coder": f"scripted:{script}"}
        settings = {"model": model, "sandbox": {"unconfined": True}}
        await client.initialize(root, settings=settings)
        await client.command("samokoder.trust")
        yield client
        await client.stop()


async def _question(client: lsp.Client, run: str) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            view = await client.command("samokoder.run.show", {"run": run})
            for question in view["questions"]:
                if question["answer"] is None:
                    found: dict[str, Any] = question
                    return found
            await anyio.sleep(0.05)


async def _ended(client: lsp.Client, run: str) -> dict[str, Any]:
    with anyio.fail_after(50):
        while True:
            view: dict[str, Any] = await client.command("samokoder.run.show", {"run": run})
            if view["summary"]["state"] not in ("queued", "running", "waiting"):
                return view
            await anyio.sleep(0.05)


async def test_the_plan_is_approved_by_who_sits_in_front(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(method: str, params: Any) -> Any:
        if method == "window/showMessageRequest":
            asked.append(params["message"])
            return {"title": "Go ahead"}
        return None

    async with _editor(tmp_path, *planning([module(1)]), *module_rules(1)) as client:
        client.answer = answer
        result = await client.command("samokoder.generate", {"brief": "a number"})
        assert result["complete"], result
        (question,) = asked
        assert "T1: Number 1" in question and "model calls" in question
        titles = [p["value"].get("message", "") for m, p in client.notices if m == "$/progress"]
        assert any("T1: running" in t for t in titles), "progress in plain words"


async def test_the_plan_open_in_the_editor_is_what_counts(tmp_path: Path) -> None:
    rules = [r for n in (1, 2, 3, 4) for r in module_rules(n)]
    tasks = [module(n) for n in (1, 2, 3)]
    async with _editor(tmp_path, *planning(tasks), *rules) as client:
        root = tmp_path / "work"
        begun = await client.command("samokoder.generate", {"brief": "numbers", "wait": False})
        run = begun["run"]["id"]
        question = await _question(client, run)
        uri = await client.open(root / PLAN, "markdown")
        text = client.documents[uri].text
        first = text[text.index("- [ ] **T1") : text.index("- [ ] **T2")]
        second = text[text.index("- [ ] **T2") : text.index("- [ ] **T3")]
        third = text[text.index("- [ ] **T3") :]
        added = third.replace("T3", "T9").replace("Number 3", "Number 4").replace("m3", "m4")
        head = text[: text.index("- [ ] **T1")]
        await client.change(uri, f"{head}{third}\n{first}\n{added}")
        assert second not in client.documents[uri].text
        args = {"run": run, "question": question["key"], "answer": "Go ahead"}
        await client.command("samokoder.run.answer", args)
        view = await _ended(client, run)
        assert view["summary"]["state"] == "succeeded", view["summary"]
        made = [c["title"] for c in view["changes"] if c["key"].startswith("task/")]
        assert made == ["T3: Number 3", "T1: Number 1", "T9: Number 4"]
        assert sorted(p.name for p in root.glob("m*.py")) == ["m1.py", "m3.py", "m4.py"]
        assert client.documents[uri].text.count("- [x]") == 3
        assert (root / PLAN).read_text() == text, "the editor saves, nobody else"
