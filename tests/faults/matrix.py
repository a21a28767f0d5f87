"""The crash matrix: every shape of run, killed at every boundary and at random moments.

``python tests/faults/matrix.py --all --random 500`` prints a line for each case that is not well
and a table at the end; ``--sample N`` takes so many boundaries of each shape.
"""

import argparse
import math
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from killing import Model, Outcome, case, scripted
from shapes import SHAPES, Shape


@dataclass
class Row:
    """One shape's figures."""

    shape: str
    boundaries: int = 0
    cases: int = 0
    moments: int = 0
    again: int = 0
    recovered: int = 0
    bad: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome, *, moment: bool) -> None:
        """Count one case."""
        self.cases += not moment
        self.moments += moment and outcome.killed
        self.again += outcome.again
        self.recovered += outcome.recovered
        if outcome.faults:
            self.bad.append(outcome)


HEADS = ("run", "boundaries", "killed at", "moments", "asked again", "cut short", "bad")


async def fill(
    row: Row, shape: Shape, *, sample: int, moments: int, chance: random.Random, pause: Path | None
) -> None:
    """Kill one shape's run at ``sample`` boundaries (0: all) and at random moments."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        async with scripted(shape, Path(folder)) as model:
            await _quiet(pause)
            wanted = await case(shape, model, None)
            if wanted.faults:
                row.bad.append(wanted)
                return
            row.boundaries = len(wanted.boundaries)
            for at in chosen(wanted.boundaries, sample, chance):
                await _quiet(pause)
                await _one(row, shape, model, wanted, at=at)
            while row.moments < moments:
                await _quiet(pause)
                await _one(row, shape, model, wanted, moment=chance.uniform(0, wanted.seconds))


def chosen(names: Sequence[str], sample: int, chance: random.Random) -> list[int]:
    """Numbers of boundaries, from 1: all of them, or so many with each name among them."""
    if not sample or sample >= len(names):
        return list(range(1, len(names) + 1))
    first = {name: number for number, name in reversed(list(enumerate(names, 1)))}
    firsts = sorted(chance.sample(sorted(first.values()), min(sample, len(first))))
    others = [n for n in range(1, len(names) + 1) if n not in firsts]
    return sorted([*firsts, *chance.sample(others, sample - len(firsts))])


async def _one(
    row: Row,
    shape: Shape,
    model: Model,
    wanted: Outcome,
    *,
    at: int = 0,
    moment: float | None = None,
) -> None:
    try:
        outcome = await case(shape, model, wanted, at=at, moment=moment)
    except ExceptionGroup as group:
        where = f"boundary {at}" if moment is None else f"moment {moment:.3f}"
        words = "".join(traceback.format_exception(group))
        outcome = Outcome(shape.name, where, [words], {}, {}, [], 0.0, killed=True)
    row.add(outcome, moment=moment is not None)
    if outcome.faults:
        print(f"{shape.name}, {outcome.where}: {'; '.join(outcome.faults)}", flush=True)


async def _quiet(pause: Path | None) -> None:
    """Wait while the file ``pause`` is there: somebody measures on this machine."""
    while pause is not None and await anyio.Path(pause).exists():
        await anyio.sleep(1)


def table(rows: Sequence[Row]) -> str:
    """The figures for people."""
    lines = [HEADS]
    for r in rows:
        numbers = (r.boundaries, r.cases, r.moments, r.again, r.recovered, len(r.bad))
        lines.append((r.shape, *map(str, numbers)))
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(x, widths, strict=True)) for x in lines)


async def main() -> int:
    """Fill the matrix; 0 when all is well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="every boundary")
    parser.add_argument("--sample", type=int, default=6, help="boundaries of each shape")
    parser.add_argument("--random", type=int, default=0, help="random moments, over all shapes")
    parser.add_argument("--shape", help="only shapes whose names contain this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=Path, help="wait while this file exists")
    given = parser.parse_args()
    chance, started = random.Random(given.seed), time.monotonic()
    shapes = [s for s in SHAPES if not given.shape or given.shape in s.name]
    rows = [Row(shape.name) for shape in shapes]
    for row, shape in zip(rows, shapes, strict=True):
        await fill(
            row,
            shape,
            sample=0 if given.all else given.sample,
            moments=math.ceil(given.random / len(shapes)),
            chance=chance,
            pause=given.pause,
        )
        print(table([row]), flush=True)
    print(f"\n{table(rows)}\nseed {given.seed}, {time.monotonic() - started:.0f} s")
    return 1 if any(row.bad for row in rows) else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
