"""Runs and a user write the same files; then anything is undone in any order.

    python tests/integration/fuzz/undone.py --n 300 --seed S

Every line of every file is unlike any other, so the lines an undo may touch are known exactly; all
others have to be the same bytes in the same order afterwards, and in a file that is reported as a
conflict nothing may change at all. One undo is one case.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

sys.path.append(str(Path(__file__).parents[1] / "runs"))

from engine_room import engine_room, kind, order

from samokoder.agents.errors import Conflict, InvalidInput
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.runs.view import ChangeView, FileView
from samokoder.agents.workspace.changeset import (
    ChangeKind,
    ChangeSet,
    FileChange,
    content_hash,
)

MARK = re.compile(r"<\w+>")
FILES, LINES, RUNS, UNDOS = 3, 14, 4, 12
AGENTS = ("coder", "reviewer")


@dataclass
class Score:
    """What was seen; ``faults`` must stay empty."""

    undos: int = 0
    conflicts: int = 0
    nothing: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Room:
    """One workspace and what its writers may do there."""

    root: Path
    chance: random.Random
    number: int = 0

    def __post_init__(self) -> None:
        self.root.mkdir()
        for n in range(FILES):
            lines = (f"{self.mark('s')} start\n" for _ in range(LINES))
            (self.root / f"f{n}.txt").write_text("".join(lines))

    def mark(self, who: str) -> str:
        """A mark that was never used before."""
        self.number += 1
        return f"<{who}{self.number}>"

    def texts(self) -> dict[str, str]:
        """Every file as it is."""
        return {p.name: p.read_text() for p in sorted(self.root.iterdir())}

    def edited(self, text: str, who: str) -> str:
        """The text with some lines added, replaced or gone."""
        lines = text.splitlines(keepends=True)
        for _ in range(self.chance.randint(1, 3)):
            at = self.chance.randrange(len(lines))
            how = self.chance.choice(("insert", "replace", "remove"))
            if how == "insert":
                lines.insert(at, f"{self.mark(who)} {who}\n")
            elif how == "replace":
                lines[at] = f"{self.mark(who)} {who}\n"
            elif len(lines) > 5:
                del lines[at]
        return "".join(lines)

    def user(self) -> None:
        """The user edits a file, or makes one."""
        for name, text in self.texts().items():
            if self.chance.random() < 0.4:
                (self.root / name).write_text(self.edited(text, "user"))
        if self.chance.random() < 0.1:
            (self.root / f"{self.mark('mine')[1:-1]}.txt").write_text(f"{self.mark('user')}\n")


async def _one_run(engine: Engine, room: Room, who: str) -> str:
    """A run of some change sets by two agents; its id."""

    async def body(run: Run, params: object) -> str:
        texts = {p: (await run.snapshot.read(p)).decode() for p in run.snapshot.files}
        for n in range(room.chance.randint(1, 3)):
            made: list[FileChange] = []
            for path in room.chance.sample(sorted(texts), min(2, len(texts))):
                new = room.edited(texts[path], who)
                if new == texts[path]:
                    continue
                before = content_hash(texts[path].encode())
                made.append(FileChange(path, ChangeKind.MODIFY, before, new.encode()))
                texts[path] = new
            if room.chance.random() < 0.2:
                path, new = f"{room.mark('new')[1:-1]}.txt", f"{room.mark(who)} {who}\n" * 1
                made.append(FileChange(path, ChangeKind.CREATE, None, new.encode()))
                texts[path] = new
            if made:
                agent = room.chance.choice(AGENTS)
                change = ChangeSet(f"{who} {n}", tuple(made))
                await run.deliver(change, proven=True, key=str(n), agent=agent)
        return ""

    engine.kinds = {"write": kind("write", body, writes=True)}
    done = await engine.finished(await engine.submit(order(room.root, "write")))
    assert done.state == "succeeded", done
    return done.id


def _pick(
    changes: tuple[ChangeView, ...], chance: random.Random, agents: dict[int, str]
) -> tuple[str, Selection, list[tuple[FileView, Any]]]:
    """A way of undoing, its selection, and the hunks it should take back."""
    live = [(c, f, h) for c in changes for f in c.files for h in f.hunks if h.state == "applied"]
    own = [one for one in live if one[0].undoes is None]
    undos = [one for one in live if one[0].undoes is not None]
    how = chance.choice(("hunks", "file", "agent", "run", "change", "undo"))
    if how == "undo" and undos:
        change = chance.choice(undos)[0]
        return how, Selection(change=change.id), [(f, h) for c, f, h in undos if c is change]
    if how == "change" and own:
        change = chance.choice(own)[0]
        return how, Selection(change=change.id), [(f, h) for c, f, h in own if c is change]
    if how == "hunks" and own:
        some = chance.sample(own, chance.randint(1, len(own)))
        return how, Selection(hunks=tuple(h.id for _, _, h in some)), [(f, h) for _, f, h in some]
    if how == "file" and own:
        path = chance.choice(own)[1].path
        return how, Selection(files=(path,)), [(f, h) for _, f, h in own if f.path == path]
    if how == "agent" and own:
        agent = chance.choice(AGENTS)
        mine = [(f, h) for _, f, h in own if agents[h.id] == agent]
        return how, Selection(agent=agent), mine
    return "run", Selection(), [(f, h) for _, f, h in own]


async def _undo(engine: Engine, room: Room, run_id: str, score: Score) -> None:
    view = await engine.view(run_id)
    agents = await _agents(engine, run_id)
    how, selection, expected = _pick(view.changes, room.chance, agents)
    before = room.texts()
    score.undos += 1
    score.kinds[how] += 1
    conflicts: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    try:
        taken = await engine.undo(run_id, selection, client=None)
        conflicts, changed = taken.conflicts, taken.changed
    except InvalidInput:
        score.nothing += 1
        if expected:
            score.faults.append(f"{run_id} {how}: refused though there are hunks")
    except Conflict as conflict:
        conflicts = tuple(f"{f.path}: {f.reason}" for f in conflict.files)
        expected = []
    score.conflicts += bool(conflicts)
    after = room.texts()
    left_alone = {c.partition(":")[0] for c in conflicts}
    for path in before.keys() | after.keys():
        hunks = [h for f, h in expected if f.path == path and path not in left_alone]
        mine = {m for h in hunks for m in MARK.findall(h.before + h.after)}
        if others(before.get(path, ""), mine) != others(after.get(path, ""), mine):
            score.faults.append(f"{run_id} {how}: {path}: other text is not as it was")
        if not hunks:
            if before.get(path) != after.get(path):
                score.faults.append(f"{run_id} {how}: {path} changed and should not have")
            continue
        here = set(MARK.findall(after.get(path, "")))
        stayed = {
            m for h in hunks for m in set(MARK.findall(h.after)) - set(MARK.findall(h.before))
        }
        if how != "undo" and stayed & here:
            score.faults.append(f"{run_id} {how}: {path}: {sorted(stayed & here)} stayed")
    if set(changed) - {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}:
        score.faults.append(f"{run_id} {how}: says it changed what it did not")


def others(text: str, mine: set[str]) -> list[str]:
    """The lines that do not bear one of these marks."""
    return [line for line in text.splitlines() if not mine & set(MARK.findall(line))]


async def _agents(engine: Engine, run_id: str) -> dict[int, str]:
    from samokoder.state import changes

    async with engine.db.reading() as s:
        return {h.id: h.agent for h in await changes.hunks(s, run_id=run_id)}


async def fuzz(n: int, seed: int, folder: Path, pause: Path | None = None) -> Score:
    """``n`` undos in workspaces below ``folder``; rests while ``pause`` exists."""
    score, chance, number = Score(), random.Random(seed), 0
    while score.undos < n and len(score.faults) < 20:
        while pause is not None and await anyio.Path(pause).exists():
            await anyio.sleep(5)
        number += 1
        room = Room(folder / f"work{number}", chance)
        async with engine_room(state=folder / f"state{number}.db") as engine:
            ids = []
            for turn in range(RUNS):
                ids.append(await _one_run(engine, room, "ab"[turn % 2]))
                room.user()
            steps = {id: len((await engine.view(id)).steps) for id in ids}
            for _ in range(min(UNDOS, n - score.undos)):
                await _undo(engine, room, chance.choice(ids), score)
                if chance.random() < 0.3:
                    room.user()
            for id in ids:
                if len((await engine.view(id)).steps) < steps[id]:
                    score.faults.append(f"{id}: history was removed")
    return score


def main() -> int:
    """Returns 1 when an undo touched what it should not have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=Path, help="rest while this file exists")
    given = parser.parse_args()
    started = time.monotonic()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as folder:
        score = anyio.run(fuzz, given.n, given.seed, Path(folder), given.pause)
    for fault in score.faults:
        print(fault)
    print(
        f"seed {given.seed}: {score.undos} undos in {time.monotonic() - started:.0f} s, "
        f"{score.conflicts} with conflicts, {score.nothing} with nothing to undo, "
        f"{dict(score.kinds)}, {len(score.faults)} faults"
    )
    return 1 if score.faults else 0


if __name__ == "__main__":
    sys.exit(main())
