"""What the repository map costs, by the size of the repository and by how much of it changed.

    python tests/benchmarks/repomap.py [--sizes 207,559,2000] [--repository DIR] [--rounds 3]

Made-up repositories of these many Python files, 120 lines each, and any real one. Times are medians
in milliseconds: ``cold`` parses everything, ``same`` asks again with other seeds, ``one`` and
``ten`` ask after so many files changed. The bounds: a question after one change costs at most a
tenth of the cold one from 500 files on, only changed files are parsed, ranking 2,000 files takes
at most a tenth of a second. CPU time is printed beside wall time: it holds on a busy machine too.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio

from samokoder.agents.context.rank import pagerank
from samokoder.agents.context.repomap import Atlas
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot

PEER = {207: 4900.0, 559: 14400.0}
"""Milliseconds a peer takes cold for as many files, on this kind of machine."""
BUDGET = 1000


def module(rng: random.Random, number: int, count: int) -> str:
    """A file that uses names of eight others."""
    others = [rng.randrange(count) for _ in range(8)]
    lines = [f"from pkg{o % 20}.module_{o} import handle_{o}, Worker{o}" for o in others]
    for part in range(12):
        other = others[part % 8]
        lines += [
            f"\n\nclass Worker{number}{'' if not part else f'_{part}'}:",
            f'    """Worker {part} of file {number}."""',
            f"    def run_{part}(self, value: int) -> int:",
            f"        return handle_{other}(value) + Worker{other}().run_0(value)",
            f"\n\ndef handle_{number}{'' if not part else f'_{part}'}(value: int) -> int:",
            "    return value + 1",
        ]
    return "\n".join(lines) + "\n"


def write(folder: Path, count: int) -> None:
    rng = random.Random(count)
    for number in range(count):
        target = folder / f"pkg{number % 20}" / f"module_{number}.py"
        target.parent.mkdir(exist_ok=True)
        target.write_text(module(rng, number, count))


async def changed(snapshot: Snapshot, paths: list[str], mark: int) -> Snapshot:
    changes = []
    for path in paths:
        data = await snapshot.read(path) + f"\n\ndef added_{mark}():\n    pass\n".encode()
        changes.append(FileChange(path, ChangeKind.MODIFY, snapshot.files[path].hash, data))
    return snapshot.with_changes(ChangeSet("", tuple(changes)))


async def timed(atlas: Atlas, snapshot: Snapshot, seed: str) -> tuple[float, float, int]:
    """Wall and CPU milliseconds, files parsed."""
    before, wall, cpu = atlas.parsed, time.perf_counter(), time.process_time()
    text = await atlas.map_of(snapshot, (seed,), BUDGET)
    assert 0 < len(text) <= BUDGET * 4
    took = time.perf_counter() - wall, time.process_time() - cpu
    return took[0] * 1000, took[1] * 1000, atlas.parsed - before


async def measure(name: str, root: Path, rounds: int) -> list[str]:
    snapshot = await Tree(root).capture()
    paths = sorted(p for p in snapshot.files if p.endswith((".py", ".ts", ".js", ".go", ".rs")))
    rows: dict[str, list[tuple[float, float, int]]] = {"cold": [], "same": [], "one": [], "ten": []}
    for turn in range(rounds):
        atlas = Atlas()
        rows["cold"].append(await timed(atlas, snapshot, paths[0]))
        rows["same"].append(await timed(atlas, snapshot, paths[turn + 1]))
        one = await changed(snapshot, paths[5:6], turn)
        rows["one"].append(await timed(atlas, one, paths[0]))
        ten = await changed(one, paths[10:20], turn)
        rows["ten"].append(await timed(atlas, ten, paths[0]))
    found = {k: [statistics.median(x) for x in zip(*v, strict=True)] for k, v in rows.items()}
    peer = PEER.get(len(paths))
    told = f", peer {peer:.0f} ms cold" if peer else ""
    print(f"{name}: {len(paths)} source files{told}")
    for key, (wall, cpu, parsed) in found.items():
        share = cpu / found["cold"][1]
        print(f"  {key:<5} {wall:8.1f} ms wall {cpu:8.1f} ms CPU {parsed:5.0f} parsed {share:7.3f}")
    faults = []
    if found["one"][2] != 1 or found["ten"][2] != 10 or found["same"][2] != 0:
        faults.append(f"{name}: files were parsed that did not change")
    if len(paths) >= 500 and found["one"][1] > 0.1 * found["cold"][1]:
        faults.append(f"{name}: one change costs more than a tenth of all")
    if peer and found["cold"][1] > peer:
        faults.append(f"{name}: cold it takes longer than the peer")
    return faults


def ranking() -> list[str]:
    rng = random.Random(1)
    names = [f"f{i}" for i in range(2000)]
    edges = {n: {rng.choice(names): rng.random() for _ in range(10)} for n in names}
    took = []
    for _ in range(5):
        started = time.process_time()
        pagerank(edges, dict.fromkeys(names, 0.0) | {"f0": 1.0})
        took.append((time.process_time() - started) * 1000)
    best = min(took)
    print(f"ranking 2,000 files with 20,000 references: {best:.1f} ms CPU (bound 100)")
    return ["ranking takes longer than a tenth of a second"] if best > 100 else []


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="207,559,2000")
    parser.add_argument("--repository", type=Path, default=Path(__file__).parents[2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    faults = ranking()
    for size in filter(None, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), int(size))
            faults += await measure(f"made up, {size}", Path(folder), options.rounds)
    faults += await measure("this repository", options.repository, options.rounds)
    for fault in faults:
        print("NOT REACHED:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
