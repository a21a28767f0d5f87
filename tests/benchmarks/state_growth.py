"""How the state grows: delta manifests against a snapshot of everything per step (R18).

    python tests/benchmarks/state_growth.py [--steps 300] [--json]

The workload: a project grows to 200 files of 4 KB and 25 tasks of 6 KB over 300 steps; each step
also rewrites two files it already has. The baseline is the usual small schema, one JSON column that
holds the whole project, a row per step; both run on SQLite with the same settings, one after the
other, and both read the last state back. Exit code 1 when a bound is missed.
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import anyio

from samokoder.state import blobs, events, runs, snapshots, steps, tasks, workspaces
from samokoder.state.database import Database
from samokoder.state.snapshots import File
from samokoder.state.tasks import Planned, TaskState

FILES, FILE_BYTES, TASKS, TASK_BYTES, STEPS = 200, 4_096, 25, 6_144, 300
LIMIT_MB = 11.0
LIMIT_RATIO = 1.5
WINDOW = 18
"""Steps whose median stands for one: a single commit is at the mercy of the machine."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step writes: files by path, and at most one new task."""

    number: int
    files: dict[str, str]
    task: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Figures:
    """``bytes`` on disk after closing; seconds of one commit early and late, and of reading."""

    bytes: int
    early: float
    late: float
    load: float

    @property
    def ratio(self) -> float:
        return self.late / self.early


def words(chance: random.Random, size: int) -> str:
    """Code-like text of exactly this many characters."""
    lines: list[str] = []
    length = 0
    while length < size:
        name, other = (f"{chance.choice(NAMES)}_{chance.randrange(1000)}" for _ in range(2))
        line = f"    {name} = {other}({chance.randrange(10_000)}, {chance.choice(NAMES)!r})\n"
        lines.append(line)
        length += len(line)
    return "".join(lines)[:size]


NAMES = ["order", "client", "invoice", "payload", "cursor", "session", "result", "render", "token"]


def workload(count: int) -> Iterator[Step]:
    """The same steps every time."""
    chance = random.Random(18)
    paths: list[str] = []
    made_tasks = 0
    for number in range(1, count + 1):
        changed = chance.sample(paths, min(2, len(paths)))
        while len(paths) < FILES * number // count:
            paths.append(f"app/module_{len(paths) // 20}/part_{len(paths)}.py")
            changed.append(paths[-1])
        task = None
        if made_tasks < TASKS * number // count:
            made_tasks += 1
            task = (f"task-{made_tasks}", words(chance, TASK_BYTES))
        yield Step(number, {path: words(chance, FILE_BYTES) for path in changed}, task)


def size_of(folder: Path) -> int:
    """Bytes of all files there."""
    return sum(path.stat().st_size for path in folder.iterdir())


def json_column(folder: Path, count: int) -> Figures:
    """The whole project as JSON, a row per step."""
    times: list[float] = []
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE project_states (id INTEGER PRIMARY KEY, step INTEGER, data JSON)"
        )
        state: dict[str, dict[str, str]] = {"files": {}, "tasks": {}}
        for step in workload(count):
            state["files"].update(step.files)
            if step.task:
                state["tasks"].update([step.task])
            began = time.perf_counter()
            row = (step.number, json.dumps(state))
            connection.execute("INSERT INTO project_states (step, data) VALUES (?, ?)", row)
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        query = "SELECT data FROM project_states ORDER BY id DESC LIMIT 1"
        last = json.loads(connection.execute(query).fetchone()[0])
        load = time.perf_counter() - began
        assert last == state
    early = times[10 - WINDOW // 2 : 10 + WINDOW // 2]
    return Figures(size_of(folder), median(early), median(times[-WINDOW:]), load)


class Project:
    """A run that writes the workload into the product's own tables, a transaction per step."""

    def __init__(self, db: Database, count: int) -> None:
        self.db = db
        self.steps = workload(count)
        self.files: dict[str, File] = {}
        self.text: dict[str, str] = {}
        self.task_id: int | None = None
        self.tasks: list[Planned] = []
        self.run = ""
        self.base = 0

    async def begin(self) -> None:
        async with self.db.session() as s:
            workspace = (await workspaces.ensure(s, "/srv/project")).id
            self.run = (await runs.create(s, workspace_id=workspace, kind="generate")).id
            self.base = await snapshots.save(s, workspace, {})

    async def step(self) -> float:
        """Write the next step; the seconds its transaction took."""
        step = next(self.steps)
        contents = {path: content.encode() for path, content in step.files.items()}
        changed = {p: File(blobs.name(c), len(c), 0o644) for p, c in contents.items()}
        self.files.update(changed)
        self.text.update(step.files)
        digest = snapshots.digest(self.files)
        began = time.perf_counter()
        async with self.db.session() as s:
            if step.task:
                key, body = step.task
                done = [replace(task, state=TaskState.DONE) for task in self.tasks]
                self.tasks = [*done, Planned(key, "T", body=body)]
                self.task_id = (await tasks.put(s, self.run, self.tasks))[key]
            row = await steps.begin(s, self.run, f"step-{step.number}", task_id=self.task_id)
            await blobs.put_many(s, contents.values())
            self.base = await snapshots.extend(
                s, self.base, changed, hash=digest, files=len(self.files)
            )
            await steps.finish(s, row.id, b"%d" % step.number, snapshot_id=self.base)
            await events.append(s, "step.finished", run_id=self.run)
        return time.perf_counter() - began

    async def read_back(self) -> float:
        """Load the last state and compare it; the seconds loading took."""
        began = time.perf_counter()
        async with self.db.reading() as s:
            manifest = await snapshots.load(s, self.base)
            found = await blobs.get_many(s, [entry.hash for entry in manifest.values()])
            await tasks.listing(s, self.run)
        load = time.perf_counter() - began
        assert {path: found[e.hash].decode() for path, e in manifest.items()} == self.text
        return load


async def samokoder(folder: Path, young_folder: Path, count: int) -> Figures:
    """A project as old as asked, its last steps in turn with the first steps of a new one.

    So both see the same machine: a commit crosses two threads, and other processes would
    otherwise decide the ratio.
    """
    early, late = [], []
    async with Database.open(folder / "state.db") as db:
        old = Project(db, count)
        await old.begin()
        for _ in range(count - WINDOW):
            await old.step()
        async with Database.open(young_folder / "state.db") as other:
            young = Project(other, count)
            await young.begin()
            for _ in range(10 - WINDOW // 2):
                await young.step()
            for _ in range(WINDOW):
                early.append(await young.step())
                late.append(await old.step())
        load = await old.read_back()
    return Figures(size_of(folder), median(early), median(late), load)


def measure(count: int = STEPS) -> dict[str, Figures]:
    """Both designs, one after the other, in folders that are removed again."""
    with tempfile.TemporaryDirectory() as folder:
        one, two, three = (Path(folder) / name for name in ("json", "delta", "young"))
        for each in (one, two, three):
            each.mkdir()
        return {
            "JSON snapshots": json_column(one, count),
            "delta manifests": anyio.run(samokoder, two, three, count),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options.steps)
    ours = found["delta manifests"]
    missed = [
        problem
        for problem, bad in (
            (f"more than {LIMIT_MB} MB on disk", ours.bytes > LIMIT_MB * 1e6),
            (
                f"a late commit takes more than {LIMIT_RATIO} × an early one",
                ours.ratio > LIMIT_RATIO,
            ),
        )
        if bad
    ]
    if options.json:
        rows = {
            name: {
                "bytes": each.bytes,
                "commit_ms_early": each.early * 1e3,
                "commit_ms_late": each.late * 1e3,
                "load_ms": each.load * 1e3,
            }
            for name, each in found.items()
        }
        print(json.dumps({"steps": options.steps, "designs": rows, "missed": missed}))
        return bool(missed)
    print(f"{FILES} files × {FILE_BYTES} B, {TASKS} tasks × {TASK_BYTES} B, {options.steps} steps")
    heads = ("MB on disk", "step 10", f"step {options.steps}", "ratio", "read back")
    print(f"{'design':<16}" + "".join(f"{head:>12}" for head in heads))
    for name, each in found.items():
        times = (f"{seconds * 1e3:.2f} ms" for seconds in (each.early, each.late))
        cells = (
            f"{each.bytes / 1e6:.2f}",
            *times,
            f"{each.ratio:.2f}",
            f"{each.load * 1e3:.1f} ms",
        )
        print(f"{name:<16}" + "".join(f"{cell:>12}" for cell in cells))
    for problem in missed:
        print(f"MISSED: {problem}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
