"""A user types while runs deliver changes to the same lines: nobody's text may get lost.

    python tests/integration/fuzz/keystrokes.py --n 10000 --seed S

One interleaving is one change set that a run delivers while the user moves. The engine, the state,
the journal and the disk are real; the editor is one in memory, so that the user moves at exactly
the moments in which the product looks at it. Exit code 1 when anything was lost.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

sys.path.append(str(Path(__file__).parents[1] / "runs"))

from engine_room import engine_room, kind, order
from hands import ME, FuzzDesk, User, tags

from samokoder.agents.errors import Conflict, EditorRefused
from samokoder.agents.runs.boundaries import INJECTOR
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.engine import Engine
from samokoder.agents.workspace.changeset import (
    ChangeKind,
    ChangeSet,
    FileChange,
    content_hash,
)
from samokoder.state import changes
from samokoder.state.changes import ChangeState

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Syncing to a disk only costs time here; nothing is pulled out of the wall."""
FILES, LINES = 3, 12
PER_RUN = 5
"""Change sets of one run: each builds on the one before it."""
RUNS_PER_ROOM = 20
"""Runs in one workspace before it begins anew, so that files stay small."""


@dataclass
class Score:
    """What was seen; ``faults`` must stay empty."""

    interleavings: int = 0
    applied: int = 0
    conflicts: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Agent:
    """Makes change sets of tagged hunks from a text it was given."""

    chance: random.Random
    number: int = 0

    def edit(self, text: str) -> tuple[str, frozenset[str]]:
        """The text with one to three places changed, and every tag that comes or goes."""
        lines = text.splitlines(keepends=True)
        for _ in range(self.chance.randint(1, 3)):
            self.number += 1
            new, at = f"<a{self.number}> agent\n", self.chance.randrange(len(lines))
            how = self.chance.choice(("insert", "insert", "replace", "remove"))
            if how == "insert":
                lines.insert(at, new)
            elif how == "replace":
                lines[at] = new
            elif len(lines) > 6:
                del lines[at]
        made = "".join(lines)
        old, now = tags(text), tags(made)
        return made, frozenset((old - now) + (now - old))


async def one_run(
    engine: Engine, root: Path, user: User, agent: Agent, score: Score, limit: int
) -> None:
    """A run that delivers some change sets, each checked."""

    async def body(run: Run, params: object) -> str:
        texts = {p: (await run.snapshot.read(p)).decode() for p in run.snapshot.files}
        for number in range(limit):
            user.eager = agent.chance.choice((0.1, 0.2, 0.4, 0.6))
            await _deliver(engine, run, texts, str(number), user, agent, score)
            user.eager = 0.0
        return ""

    engine.kinds = {"agents": kind("agents", body, writes=True)}
    wanted = order(root, "agents", client=ME)
    done = await engine.finished(await engine.submit(wanted))
    if done.state != "succeeded":
        score.faults.append(f"the run {done.state}: {done.reason}")


async def _deliver(
    engine: Engine,
    run: Run,
    texts: dict[str, str],
    key: str,
    user: User,
    agent: Agent,
    score: Score,
) -> None:
    chosen = agent.chance.sample(sorted(texts), agent.chance.choice((1, 1, 2)))
    made = {path: agent.edit(texts[path]) for path in chosen}
    made = {path: found for path, found in made.items() if found[0] != texts[path]}
    change_set = ChangeSet(
        f"change {key}",
        tuple(
            FileChange(
                path,
                ChangeKind.MODIFY,
                content_hash(texts[path].encode()),
                text.encode(),
            )
            for path, (text, _) in made.items()
        ),
    )
    user.look()
    user.at_hand = frozenset().union(*(moved for _, moved in made.values()))
    user.written = {}
    user.turned = set()
    before = {path: user.text(run.root / path) for path in made}
    try:
        await run.deliver(change_set, proven=True, key=key)
        state = ChangeState.APPLIED
    except (Conflict, EditorRefused):
        state = ChangeState.CONFLICT
    score.interleavings += 1
    where = f"{run.id} {key}"
    score.faults += [f"{where}: {fault}" for fault in user.check()]
    user.at_hand = frozenset()
    if state is ChangeState.APPLIED:
        score.applied += 1
        texts.update({path: text for path, (text, _) in made.items()})
    else:
        score.conflicts += 1
    async with engine.db.reading() as s:
        recorded = (await changes.listing(s, run_id=run.id))[-1]
    score.faults += [f"{where}: {f}" for f in _unrecorded(recorded, state, user, made, before, run)]


def _unrecorded(
    recorded: changes.ChangeSet,
    state: ChangeState,
    user: User,
    made: dict[str, tuple[str, frozenset[str]]],
    before: dict[str, str],
    run: Run,
) -> list[str]:
    """Whether the history says what was written, and nothing was that it does not say."""
    found: list[str] = []
    if user.turned & frozenset().union(*(moved for _, moved in made.values())):
        # the user did or undid the same by hand just then: theirs now, whatever the run says
        return found
    applied = state is ChangeState.APPLIED
    expected = (ChangeState.APPLIED if user.written else ChangeState.REJECTED) if applied else state
    if recorded.state is not expected:
        found.append(f"it is {recorded.state} in the history, not {expected}")
    for file in recorded.files:
        path = run.root / file.path
        last = user.written.get(path)
        known = any(h.state is ChangeState.APPLIED for h in file.hunks)
        if applied and last is not None and not known:
            found.append(f"{file.path}: it was written and the history does not say so")
        if file.written and last and applied and file.written != content_hash(last.encode()):
            found.append(
                f"{file.path}: what was written is not what the history holds: {file} {last!r}"
            )
        if not applied:
            came = frozenset(tags(user.text(path)) - tags(before[file.path]))
            there = made[file.path][1] & came
            kept = any(h.state is ChangeState.APPLIED for h in file.hunks)
            if there and not kept:
                found.append(f"{file.path}: {sorted(there)} written by a change in conflict")
    return found


@asynccontextmanager
async def moving(user: User) -> AsyncIterator[None]:
    """The user moves at the journal's boundaries too."""
    before = INJECTOR.reach
    INJECTOR.reach = lambda name: user.moment()
    try:
        yield
    finally:
        INJECTOR.reach = before


async def fuzz(n: int, seed: int, folder: Path, pause: Path | None = None) -> Score:
    """``n`` interleavings in fresh workspaces below ``folder``; rests while ``pause`` exists."""
    score, chance = Score(), random.Random(seed)
    room = 0
    while score.interleavings < n and len(score.faults) < 20:
        while pause is not None and await anyio.Path(pause).exists():
            await anyio.sleep(5)
        room += 1
        root = folder / f"work{room}"
        root.mkdir()
        for number in range(FILES):
            lines = (f"line {number} of {n} base\n" for n in range(LINES))
            (root / f"f{number}.txt").write_text("".join(lines))
        user = User(chance, FuzzDesk(), [root / f"f{number}.txt" for number in range(FILES)])
        agent = Agent(chance)
        state = folder / f"state{room}.db"
        async with engine_room(state=state, editors=user.desk) as engine, moving(user):
            for _ in range(RUNS_PER_ROOM):
                user.busy = True
                for _ in range(chance.randint(0, 4)):
                    user.move()
                user.busy = False
                left = n - score.interleavings
                if left > 0:
                    await one_run(engine, root, user, agent, score, min(PER_RUN, left))
        score.moves += user.moves
    return score


def main() -> int:
    """Returns 1 when something was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=Path, help="rest while this file exists")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY) as folder:
        score = anyio.run(fuzz, given.n, given.seed, Path(folder), given.pause)
    for fault in score.faults:
        print(fault)
    print(
        f"seed {given.seed}: {score.interleavings} interleavings in "
        f"{time.monotonic() - started:.0f} s, {score.applied} applied, "
        f"{score.conflicts} conflicts, {sum(score.moves.values())} moves {dict(score.moves)}, "
        f"{len(score.faults)} faults"
    )
    return 1 if score.faults else 0


if __name__ == "__main__":
    sys.exit(main())
