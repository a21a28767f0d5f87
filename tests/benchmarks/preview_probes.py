"""Prints what a program in a preview can and cannot do, beside the same without the guard.

Run: scripts/engine run .venv/bin/python tests/benchmarks/preview_probes.py
"""

import sys
import tempfile
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

from preview_room import room
from probes import probe, table


async def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with room(Path(folder)) as one:
            outcomes = await probe(one)
    print(table(outcomes))
    through = [o.probe.name for o in outcomes if not o.held]
    untried = [o.probe.name for o in outcomes if not o.works]
    print(f"{len(outcomes)} probes, {len(through)} got through, {len(untried)} without a control")
    return 1 if through or untried else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
