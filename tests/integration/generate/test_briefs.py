"""Twelve briefs end to end, over LSP and from the shell: golden trees whose own tests pass (R3)."""

import json
import shutil
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
import pytest
from briefs import NAMES, Brief, brief, tree

from samokoder.server import client as lsp

NEEDS = {"existing-node": "node", "multi-words": "node"}
IN_SHELL = ("empty-todo", "existing-node", "refactor-rename", "tests-for-parser")
"""One of each class in the shell; over LSP all of them run."""


def _possible(name: str) -> None:
    tool = NEEDS.get(name)
    if tool and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


def test_there_are_twelve() -> None:
    kinds = [name.partition("-")[0] for name in NAMES]
    assert len(NAMES) == 12
    for kind, count in (("empty", 4), ("existing", 4), ("refactor", 2), ("tests", 1), ("multi", 1)):
        assert kinds.count(kind) == count


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", NAMES)
async def test_over_lsp(name: str, tmp_path: Path) -> None:
    _possible(name)
    one, root = brief(name), tmp_path / "work"
    one.lay(root)
    script = one.script(tmp_path / "script.json")
    args = {k: [v] if k in ("file", "constraint") else v for k, v in one.args.items()}
    async with lsp.connect((*lsp.SERVER, "--in-process")) as client:
        await client.initialize(root)
        answer = await client.command(
            "samokoder.generate",
            {
                "brief": one.text,
                "yes": True,
                "model": f"scripted:{script}",
                "unconfined": True,
                **args,
            },
        )
        await client.stop()
    await _well(one, root, answer)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", IN_SHELL)
async def test_in_the_shell(name: str, tmp_path: Path, home: Path) -> None:
    _possible(name)
    one, root = brief(name), tmp_path / "work"
    one.lay(root)
    script = one.script(tmp_path / "script.json")
    argv = [sys.executable, "-m", "samokoder.server.main", "generate", one.text, "--yes", "--json"]
    argv += ["--model", f"scripted:{script}", "--unconfined"]
    for key, value in one.args.items():
        argv += [f"--{key}", str(value)]
    done = await anyio.run_process(argv, cwd=root, stderr=DEVNULL, check=False)
    assert done.returncode == 0, done.stdout.decode()
    await _well(one, root, json.loads(done.stdout))


async def _well(one: Brief, root: Path, answer: dict[str, Any]) -> None:
    """All done and proven, the tree is the golden one, and its own tests pass where it stands."""
    assert answer["run"]["state"] == "succeeded", answer["run"]
    assert answer["complete"], answer
    assert {t["end"] for t in answer["tasks"]} == {"done"}
    assert tree(root) == one.golden
    plan = (root / ".samokoder" / "plan.md").read_text()
    assert "- [ ]" not in plan and "- [x]" in plan
    for argv in _tests(root):
        done = await anyio.run_process(argv, cwd=root, stdout=PIPE, stderr=PIPE, check=False)
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()


def _tests(root: Path) -> list[list[str]]:
    found = []
    if any(root.rglob("test_*.py")):
        found.append([sys.executable, "-m", "unittest", "-q"])
    if any(root.rglob("*.test.*js")):
        found.append(["node", "--test"])
    return found


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_in_a_shell_where_nobody_answers_it_waits_and_is_resumed(tmp_path: Path) -> None:
    one, root = brief("empty-page"), tmp_path / "work"
    one.lay(root)
    script = one.script(tmp_path / "script.json")

    async def shell(*words: str) -> tuple[int, Any]:
        argv = [sys.executable, "-m", "samokoder.server.main", *words, "--json"]
        done = await anyio.run_process(argv, cwd=root, stderr=DEVNULL, check=False, stdin=DEVNULL)
        return done.returncode, json.loads(done.stdout)

    await shell("trust")
    model = ("--model", f"scripted:{script}", "--unconfined")
    code, answer = await shell("generate", one.text, *model)
    assert (code, answer["run"]["state"]) == (1, "waiting")
    assert list(tree(root)) == [], "nothing but the plan"
    assert (await shell("run", "answer", answer["run"]["id"], "Go ahead"))[0] == 0
    code, resumed = await shell("run", "resume", answer["run"]["id"])
    assert (code, resumed["run"]["state"]) == (0, "succeeded")
    assert tree(root) == one.golden
