"""How long writing takes beside the least it can: files of a level at once, within the places.

``python tests/benchmarks/generate_parallel.py --delay 3`` runs every case with a scripted model
that takes so many seconds a call, and prints the bound (rounds of calls on the critical path) and
what it took: for the writing alone, and for the whole run with planning, review, checks and
documentation. ``--most 1.2`` ends with exit code 1 where the writing took longer than that.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "generate"))

from briefs import fenced
from workroom import planning, workroom

from samokoder.agents.generate import ordering
from samokoder.agents.generate.plan import Work


@dataclass(frozen=True)
class Case:
    """``levels`` says how many files are on each; each needs one of the level before."""

    name: str
    levels: tuple[int, ...]
    parallel: int
    tasks: bool = False
    """Each level is a task of its own, whose files the tech lead names when its turn comes."""


CASES = (
    Case("10 files, 5 at once", (10,), 5),
    Case("20 files, 5 at once", (20,), 5),
    Case("10 files, 10 at once", (10,), 10),
    Case("40 files in 3 levels, 5 at once", (14, 13, 13), 5),
    Case("40 files in 3 levels, 10 at once", (14, 13, 13), 10),
    Case("40 files in 3 tasks, 5 at once", (14, 13, 13), 5, tasks=True),
)


def works(case: Case) -> list[list[dict[str, Any]]]:
    """The files of each level; the last one is a test, so that something is proven."""
    found: list[list[dict[str, Any]]] = []
    for level, count in enumerate(case.levels):
        before = found[-1] if found else []
        found.append(
            [
                {
                    "path": f"m{level}_{n}.py",
                    "purpose": "a number",
                    "needs": [before[n % len(before)]["path"]] if before else [],
                }
                for n in range(count)
            ]
        )
        found[-1][-1]["path"] = f"test_m{level}.py"
        if level == 0:
            found[-1][-1]["needs"] = ["nothing"]
    return found


def rules(case: Case, delay: float) -> Iterator[dict[str, Any]]:
    """What the model says, after so many seconds each."""
    levels = works(case)
    if case.tasks:
        tasks = []
        for n, files in enumerate(levels):
            for file in files:
                file["needs"] = ["nothing"]
            step = {"id": f"T{n}", "title": f"Level {n}", "needs": [f"T{n - 1}"] if n else []}
            tasks.append(step)
            answer = json.dumps({"tasks": [{"works": files}]})
            yield {"regex": rf"Plan exactly one task[^\n]*: Level {n}$", "answer": answer}
    else:
        tasks = [{"id": "T1", "title": "All", "works": [w for level in levels for w in level]}]
    test = "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    test += "        self.assertEqual(1, 1)\n"
    yield {"regex": r"^Write test_", "answer": fenced(test), "delay": delay}
    yield {"regex": r"^Write m", "answer": fenced("NUMBER = 1\n"), "delay": delay}
    for rule in planning(tasks):
        yield {**rule, "delay": delay}


async def measure(case: Case, delay: float, folder: Path) -> tuple[float, float, float, float]:
    """Seconds of writing and its bound, of the whole run and its bound."""
    flags = {
        "model.parallel": case.parallel,
        "budget.tokens": 10_000_000,
        "budget.calls": 1000,
    }
    found = list(rules(case, delay))
    for rule in found:
        rule["delay"] = delay
    async with workroom(folder / "work", tuple(found), flags=flags) as room:
        begun = anyio.current_time()
        result = await room.generate()
        whole = anyio.current_time() - begun
        assert result.complete, [t for t in result.tasks if t.end != "done"]
        written = [c for c in room.calls if any("Write " in text for _, text in c.messages)]
        writing = max(c.ended for c in written) - min(c.asked for c in written)
        reviews = len(room.asked("You review changes"))
    if case.tasks:
        rounds = sum(math.ceil(count / case.parallel) for count in case.levels)
        # checks of one task are between the writing of two, and so is its review
        spans = _spans(written)
        writing = sum(end - start for start, end in spans)
        others = 3 + 1 + 1 + len(case.levels)
    else:
        files = [Work(**w) for level in works(case) for w in level]
        rounds = ordering.rounds(ordering.needs(files), case.parallel)
        others = 3 + 1 + math.ceil(reviews / case.parallel)
    return writing, rounds * delay, whole, (rounds + others) * delay


def _spans(calls: list[Any]) -> list[tuple[float, float]]:
    """Times in which at least one call was under way."""
    found: list[tuple[float, float]] = []
    for call in sorted(calls, key=lambda c: c.asked):
        if found and call.asked <= found[-1][1] + 0.2:
            found[-1] = (found[-1][0], max(found[-1][1], call.ended))
        else:
            found.append((call.asked, call.ended))
    return found


async def main() -> int:
    """Print a line for each case; 1 when writing took too long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=3.0, help="seconds of one call")
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--most", type=float, default=1.2, help="times the bound")
    given = parser.parse_args()
    worst = 0.0
    print(f"{'case':34} {'writing':>9} {'bound':>7} {'ratio':>6}   {'whole':>7} {'bound':>7} ratio")
    for case in CASES:
        if given.only not in case.name:
            continue
        with tempfile.TemporaryDirectory(prefix="parallel-") as name:
            folder = Path(name)
            for part in ("STATE", "CACHE", "CONFIG", "RUNTIME"):
                (folder / part).mkdir(mode=0o700)
                os.environ[f"SAMOKODER_{part}_DIR"] = str(folder / part)
            writing, bound, whole, least = await measure(case, given.delay, folder)
        worst = max(worst, writing / bound)
        print(
            f"{case.name:34} {writing:7.2f} s {bound:5.1f} s {writing / bound:6.2f}   "
            f"{whole:5.1f} s {least:5.1f} s {whole / least:5.2f}",
            flush=True,
        )
    return 1 if worst > given.most else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
