"""What the harness costs side by side with the floor, and what a large workspace adds.

    python tests/benchmarks/harness_cost.py [--rounds N] [--files 2500]

The floor runs the failing test, makes one model call, applies the answer and runs the test again,
with the standard library alone. Ours, warm, over LSP, does the same and proves it; the run without
the change happens beside the others. The same fix is then made in a workspace of many files.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import anyio
from anyio.to_thread import run_sync
from warm_fix import floor, model_server, ours

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from crashing import Room, editor, stop

RATIO = 1.5
"""Times the floor that the whole may take."""
MORE = 0.100
"""Seconds that the large workspace may add to a request."""


def fill(room: Room, files: int) -> None:
    """Modules beside the program, fifty in a folder."""
    for number in range(files):
        folder = room.work / "filler" / f"part{number // 50}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"m{number}.py").write_text(f"VALUE = {number}\n" * 20)


async def measured(rounds: int, files: int) -> tuple[float, float]:
    """Medians in seconds: ours, and the floor, taken in turns."""
    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        room = Room(Path(folder))
        await run_sync(fill, room, files)
        try:
            async with model_server(room) as url:
                room.configure(f'[model]\nbase_url = "{url}/v1"\n')
                async with editor(room) as client:
                    for _ in range(3):
                        await ours(room, client, url)
                    pairs = [
                        ((await ours(room, client, url))["wall"], await run_sync(floor, room, url))
                        for _ in range(rounds)
                    ]
        finally:
            await stop(room)
    return median(p[0] for p in pairs), median(p[1] for p in pairs)


async def main() -> int:
    """Print the figures; returns 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--files", type=int, default=2500)
    args = parser.parse_args()
    small, least = await measured(args.rounds, 3)
    large, least_large = await measured(args.rounds, args.files)
    ratio = small / least
    more = (large - least_large) - (small - least)
    print(f"floor {least * 1000:.0f} ms, ours {small * 1000:.0f} ms: {ratio:.2f} times the floor")
    print(f"  bound {RATIO:g} times: {'ok' if ratio <= RATIO else 'MISSED'}")
    print(f"5 files {small * 1000:.0f} ms, {args.files} files {large * 1000:.0f} ms")
    print(f"  beside the floor {more * 1000:+.0f} ms, bound {MORE * 1000:.0f} ms: "
          f"{'ok' if more <= MORE else 'MISSED'}")  # fmt: skip
    return int(ratio > RATIO or more > MORE)


if __name__ == "__main__":
    sys.exit(anyio.run(main))
