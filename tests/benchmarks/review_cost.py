"""What a review costs: tokens of a second one after a one-line change, and time beside the model.

    python tests/benchmarks/review_cost.py [--files 40] [--lines 12] [--delay 1] [--static]

A repository with a change in each of so many files is reviewed twice, through the engine with its
state on disk, by a scripted model. Printed: tokens and calls of both reviews and their ratio
(bound: 0.10), and the wall time of each review without the time in which an answer was waited for
(bound: 0.250 s, for the review of the whole change too). ``--static`` also asks the sources that
need no model. The process is warm as a daemon is: another repository was reviewed in it before.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec

from samokoder.agents.models.model import Profile
from samokoder.agents.models.script import Rule, Script
from samokoder.agents.models.script_log import ScriptLog
from samokoder.agents.models.scripted import ScriptedModel
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review.kinds import kinds
from samokoder.agents.review.opinions import ModelOpinions
from samokoder.agents.review.request import ReviewRequest, ReviewResult
from samokoder.agents.review.review import Reviewers
from samokoder.agents.review.shelf import StateShelf
from samokoder.agents.review.source import Source
from samokoder.agents.review.sources import static_sources
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine, open_engine
from samokoder.agents.runs.order import Order
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import BudgetSettings, Settings
from samokoder.agents.workspace.target import NoEditors
from samokoder.state.database import Database

TOKENS, SECONDS = 0.10, 0.250


def module(n: int, lines: int) -> str:
    """A module with three functions of so many lines."""
    out = [f'"""Module {n}."""', ""]
    for f in range(3):
        out += ["", f"def work{n}_{f}(items, limit={n}):", f'    """Work on items, {f}."""']
        out += ["    total = 0", "    for item in items:"]
        out += [f"        total += item.value_{i} * {i + n} - limit" for i in range(lines)]
        out += ["    return total", ""]
    return "\n".join(out)


def build(root: Path, files: range, lines: int) -> None:
    """A repository with an uncommitted change in every file."""

    def git(*args: str) -> None:
        identity = ("-c", "user.name=b", "-c", "user.email=b@localhost")
        subprocess.run(["git", *identity, *args], cwd=root, check=True, capture_output=True)

    for n in files:
        (root / f"m{n:02}.py").write_text(module(n, lines))
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    for n in files:
        path = root / f"m{n:02}.py"
        path.write_text(path.read_text().replace(f"value_3 * {n + 3} - limit", "value_3 - limit"))


class One:
    """The scripted model for every role."""

    def __init__(self, model: ScriptedModel) -> None:
        self._model = model

    async def model(self, root: Path, settings: Settings, role: object) -> ScriptedModel:
        return self._model


async def reviewed(engine: Engine, root: Path) -> tuple[ReviewResult, float, float]:
    """One review, its wall time and the processor's time in this process."""
    started, worked = time.monotonic(), time.process_time()
    params = msgspec.Raw(msgspec.json.encode(ReviewRequest()))
    order = Order(kind="review", root=str(root), title="Review", params=params, origin="shell")
    run_id = await engine.submit(order)
    await engine.ended(run_id)
    run, _, stored = await engine.outcome(run_id)
    seconds = time.monotonic() - started
    if stored is None:
        raise SystemExit(f"{run.state}: {run.reason}")
    worked = time.process_time() - worked
    return msgspec.json.decode(stored, type=ReviewResult), seconds, worked


async def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--lines", type=int, default=12, help="lines of each function's body")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds before each answer")
    parser.add_argument("--static", action="store_true")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="review-cost-") as made:
        home = Path(made)
        for name in ("STATE", "CACHE", "CONFIG", "RUNTIME"):
            os.environ[f"SAMOKODER_{name}_DIR"] = str(home / name.lower())
            (home / name.lower()).mkdir()
        root, other = home / "work", home / "other"
        for folder, first, files in ((root, 0, given.files), (other, 90, 4)):
            folder.mkdir()
            build(folder, range(first, first + files), given.lines)
        rule = Rule(answer='{"findings": []}', delay=given.delay)
        profile = Profile("scripted", "reviewer", remote=False, parallel=4)
        model = ScriptedModel(profile, Script((rule,)), ScriptLog(None))
        settings = Settings(budget=BudgetSettings(tokens=10_000_000, calls=10_000))

        async def configure(order: Order) -> Settings:
            return settings

        pool = ScratchPool(home / "cache" / "scratch")
        tools = Tools(pool)

        async def none(run: Run, request: ReviewRequest) -> Sequence[Source]:
            return ()

        async with Database.open(home / "state" / "state.db") as db:
            reviewers = Reviewers(
                StateShelf(db),
                static_sources(tools) if given.static else none,
                tools,
                ModelOpinions(tools),
            )
            async with open_engine(
                db,
                editors=NoEditors(),
                models=One(model),  # type: ignore[arg-type]
                configure=configure,
                kinds=kinds(reviewers),
                parallel=4,
            ) as engine:
                rows = [await reviewed(engine, other), await reviewed(engine, root)]
                for n in (7, 8):
                    path = root / f"m{n:02}.py"
                    path.write_text(path.read_text().replace("value_3 - limit", "value_3 + limit"))
                    rows.append(await reviewed(engine, root))
        await pool.close()
    first = rows[1][0]
    print("review   hunks  known  calls   tokens   ratio   wall s  model s  beside s  cpu s")
    for name, (result, seconds, worked) in zip(
        ("other", "first", "second", "third"), rows, strict=True
    ):
        print(
            f"{name:<8} {result.hunks:>5}  {result.cached:>5}  {result.calls:>5}  "
            f"{result.tokens:>7}  {result.tokens / first.tokens:>6.3f}  {seconds:>7.3f}  "
            f"{result.model_seconds:>7.3f}  {seconds - result.model_seconds:>8.3f}  {worked:>5.3f}"
        )
    ratio = max(result.tokens for result, *_ in rows[2:]) / first.tokens
    whole, *again = [seconds - result.model_seconds for result, seconds, _ in rows[1:]]
    print(f"tokens of a second review: {ratio:.3f} of the first (bound {TOKENS})")
    print(
        f"beside the model: whole change {whole:.3f} s, again {max(again):.3f} s (bound {SECONDS})"
    )
    return 0 if ratio <= TOKENS and max(whole, *again) <= SECONDS else 1


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1:]))
