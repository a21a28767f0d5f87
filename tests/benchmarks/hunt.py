"""The bug hunter on ten bugs of a shop that show far from where they are.

    python tests/benchmarks/hunt.py [--model scripted | embedded:PATH] [--free] [--only NAME]
        [--transcript]

``--free`` also runs the rungs without a model on each, and says whether L2 would be shown the
wrong function at all. The scripted model pursues a wrong hypothesis first and gives a correction
only when the instrumented run has shown it what is wrong.
"""

import argparse
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import msgspec

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.models.model import ChatRequest, Delta, Model, Profile, Role, Usage
from samokoder.agents.repair import context
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixRequest, FixResult, fix
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import FixSettings, Settings
from samokoder.agents.workspace.capture import Tree

SCENARIO = Path(__file__).parents[1] / "scenarios" / "hunt"
COMMAND = f"{sys.executable} -m unittest -q"


def bugs() -> list[dict[str, Any]]:
    """The ten, as their file tells them."""
    return list(tomllib.loads((SCENARIO / "bugs.toml").read_text())["bug"])


def lay(bug: dict[str, Any], root: Path) -> None:
    """The shop with one bug."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SCENARIO / "shop", root, dirs_exist_ok=True, ignore=ignored)
    file = root / bug["path"]
    text = file.read_text()
    assert text.count(bug["right"]) == 1, bug["name"]
    file.write_text(text.replace(bug["right"], bug["wrong"]))


class Scripted:
    """Follows the decoy first, then the right suspect; corrects only what it has seen proof of."""

    profile = Profile("scripted", "hunter", small=False, remote=False)

    def __init__(self, bug: dict[str, Any]) -> None:
        self._bug = bug
        self.requests: list[tuple[str, str]] = []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        prompt = request.messages[-1].text
        text = self._answer(prompt)
        self.requests.append((prompt, text))
        yield Delta(text)
        yield Delta("", Usage(request.chars // 4, len(text) // 4), "stop")

    def _answer(self, prompt: str) -> str:
        bug = self._bug
        if "Answer with JSON only" in prompt:
            rows = [
                {"path": bug["decoy"][0], "function": bug["decoy"][1], "why": "it shows here"},
                {"path": bug["path"], "function": bug["function"], "why": bug["cause"]},
            ]
            return msgspec.json.encode({"suspects": rows}).decode()
        if f"Hypothesis: {bug['cause']}" not in prompt:
            return "NOT HERE: every value that goes in and out of it is as it should be."
        if bug["clue"] not in prompt:
            return "NOT HERE: nothing was seen of it."
        return (
            f"{bug['cause']}\n\n{bug['path']}\n<<<<<<< SEARCH\n{bug['wrong'].rstrip()}\n=======\n"
            f"{bug['right'].rstrip()}\n>>>>>>> REPLACE\n"
        )

    async def aclose(self) -> None:
        return


async def hunted(
    bug: dict[str, Any], tools: Tools, model: Model | None, *rungs: str
) -> tuple[FixResult, DirectRun]:
    """One bug, fixed as far as these rungs can."""
    root = Path(await anyio.to_thread.run_sync(tempfile.mkdtemp)) / "shop"
    try:
        await anyio.to_thread.run_sync(lay, bug, root)
        snapshot = await Tree(root).capture()
        settings = msgspec.structs.replace(Settings(), fix=FixSettings(rungs=rungs))  # type: ignore[arg-type]
        run = DirectRun(snapshot, settings, {Role.CODER: model} if model is not None else {})
        return await fix(run, FixRequest(command=COMMAND), tools), run
    finally:
        await anyio.to_thread.run_sync(lambda: shutil.rmtree(root.parent, ignore_errors=True))


def right(bug: dict[str, Any], result: FixResult) -> bool:
    """Whether the shop's own text is back, or does the same in all its tests."""
    return any(
        f.verdict is Verdict.PROVEN
        and f.change is not None
        and all(c.path.startswith("shop/") for c in f.change.changes)
        for f in result.fixes
    )


async def shown_to_l2(bug: dict[str, Any], before: tuple[CheckResult, ...]) -> bool:
    """Whether the wrong function is among those L2 would take for the place."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        await anyio.to_thread.run_sync(lay, bug, root)
        snapshot = await Tree(root).capture()
        texts = {p: (await snapshot.read(p)).decode() for p in snapshot.files if p.endswith(".py")}
    problems = tuple(p for r in before for p in r.problems)
    found = context.targets(problems, texts)
    return any((t.path, t.name) == (bug["path"], bug["function"]) for t in found)


async def run(args: argparse.Namespace) -> None:
    chosen = [b for b in bugs() if args.only in ("", b["name"])]
    pool = ScratchPool(Path(tempfile.mkdtemp(prefix="scratch-")))
    tools = Tools(pool)
    solved = free = shown = 0
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        model: Model | None = None
        if args.model.startswith("embedded:"):
            from fix import embedded

            model = await embedded(args.model.partition(":")[2], stack)
            stack.push_async_callback(model.aclose)
        for bug in chosen:
            started = time.monotonic()
            mine = model or Scripted(bug)
            result, record = await hunted(bug, tools, mine, "L4")
            good = right(bug, result)
            solved += good
            seconds = time.monotonic() - started
            line = f"{bug['name']:20} L4 {'solved' if good else 'not solved':10} {seconds:5.1f} s, "
            line += f"{len(record.asked)} questions, {result.tokens} tokens"
            if args.free:
                below, _ = await hunted(bug, tools, None, "L0", "L1")
                named = await shown_to_l2(bug, result.before)
                free += right(bug, below)
                shown += named
                line += f"; L0 and L1: {below.verdict}, L2 is shown it: {named}"
            print(line, flush=True)
            if args.transcript:
                transcript(result, record, mine)
    print(f"{solved} of {len(chosen)} solved by L4 with {args.model}")
    if args.free:
        print(f"{free} solved by L0 and L1, {shown} in what L2 is shown")


def transcript(result: FixResult, record: DirectRun, model: Any) -> None:
    """What was said, asked and answered, and the change."""
    for said in record.said:
        print(f"  · {said}")
    for prompt, answer in getattr(model, "requests", ()):
        print("  ┌─ question\n" + "\n".join(f"  │ {x}" for x in prompt.splitlines()))
        print("  ├─ answer\n" + "\n".join(f"  │ {x}" for x in answer.splitlines()))
    for fixed in result.fixes:
        print("\n".join(f"  {x}" for x in fixed.diff.splitlines()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="scripted")
    parser.add_argument("--free", action="store_true", help="L0 and L1 alone, too")
    parser.add_argument("--only", default="")
    parser.add_argument("--transcript", action="store_true")
    anyio.run(run, parser.parse_args())


if __name__ == "__main__":
    main()
