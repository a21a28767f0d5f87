"""Prints what a preview of each kind of project takes: to start, to show a change, to stop.

Run: scripts/engine run .venv/bin/python tests/benchmarks/preview_samples.py [NAME…]

Each is started and stopped once before, so that images and dependencies are there. Bound: the
Python and the Node server answer with HTTP 200 at most 2 s after the order.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

import samples
import toolchains
from preview_room import room

BOUND = 2.0
BOUNDED = ("python-http", "node-http")
TIMES = 5


async def main(names: list[str]) -> int:
    print(f"{'sample':<14}{'had in':>9}{'to 200':>9}{'reload':>9}{'stop':>9}   seconds")
    good = True
    for sample in samples.SAMPLES:
        if names and sample.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            async with room(Path(folder)) as one:
                good &= await measured(one, sample)
    return 0 if good else 1


async def measured(one: samples.Room, sample: samples.Sample) -> bool:
    """Print a line; whether its bound is kept."""
    starts = []
    try:
        async with samples.prepared(one, sample) as order:
            times = await samples.lived(one, sample, await order(), warm=True)
            starts.append(times.start)
            if sample.name in BOUNDED:
                starts += [(await samples.started(one, await order())) for _ in range(TIMES - 1)]
    except toolchains.Missing as error:
        print(f"{sample.name:<14}skipped, no {error}")
        return True
    start = statistics.median(starts)
    kept = sample.name not in BOUNDED or start <= BOUND
    note = ""
    if len(starts) > 1:
        note = f"   median of {len(starts)}, worst {max(starts):.2f}, bound {BOUND:g}"
    print(
        f"{sample.name:<14}{times.image:>9.2f}{start:>9.2f}{times.reload:>9.2f}{times.stop:>9.2f}"
        f"{note}",
        flush=True,
    )
    return kept


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1:]))
