"""The typing fuzzer over the protocol: a client, a daemon, fixes with the scripted model.

    python tests/integration/fuzz/lsp_typing.py --n 300 --seed S

One case is one fix while the user types tagged lines, deletes some of them, saves and saves itself.
Afterwards the user breaks the program again. Exit code 1 when a tag is lost or doubled, or when the
run and the text disagree on whether the fix was applied.
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

import anyio

sys.path.append(str(Path(__file__).parents[2] / "faults"))

from crashing import BEFORE, Room, editor, stop

from samokoder.server import client as lsp

TAG = re.compile(r"<u\d+>")
BROKEN, FIXED = "x ** 3", "x * 2"
PAUSES = (0.01, 0.05, 0.2, 3.0)
"""Mean seconds between moves, case by case; on a busy machine who types fast meets every fix."""


@dataclass
class Score:
    """What was seen; ``faults`` must stay empty."""

    cases: int = 0
    applied: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Typist:
    """Types comments with tags into one document."""

    client: lsp.Client
    uri: str
    chance: random.Random
    score: Score
    wanted: Counter[str] = field(default_factory=Counter)
    number: int = 0

    @property
    def text(self) -> str:
        return self.client.documents[self.uri].text

    async def move(self) -> None:
        """Type, delete, or save."""
        how = self.chance.choices(("line", "word", "delete", "save"), (4, 3, 2, 1))[0]
        self.score.moves[how] += 1
        lines = self.text.splitlines(keepends=True)
        tag = f"<u{self.number}>"
        if how == "save":
            await self.client.save(self.uri)
            return
        if how == "line":
            at = self.chance.randint(0, len(lines))
            lines.insert(at, f"# {tag}\n")
        elif how == "word":
            at = self.chance.choice([n for n, line in enumerate(lines) if line.strip()])
            quoted = '"""' in lines[at]
            lines[at] = lines[at] if quoted else f"{lines[at].rstrip()}  # {tag}\n"
            how = "none" if quoted else how
        else:
            own = [n for n, line in enumerate(lines) if line.startswith("# <u")]
            if not own:
                return
            self.wanted -= Counter(TAG.findall(lines.pop(self.chance.choice(own))))
        if how in ("line", "word"):
            self.number += 1
            self.wanted[tag] += 1
        await self.client.change(self.uri, "".join(lines))

    async def type(self, seconds: float) -> None:
        """Move at random moments until cancelled."""
        while True:
            await anyio.sleep(self.chance.expovariate(1 / seconds))
            await self.move()

    def lost(self) -> str:
        """What is not as it was typed; empty when all is well."""
        have = Counter(TAG.findall(self.text))
        if have == self.wanted:
            return ""
        return f"lost {dict(self.wanted - have)}, too many {dict(have - self.wanted)}"


async def _case(room: Room, typist: Typist, score: Score) -> None:
    client, before = typist.client, len(typist.client.edits)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(typist.type, PAUSES[score.cases % len(PAUSES)])
        answer = await client.command("samokoder.fix", room.fix())
        tasks.cancel_scope.cancel()
    score.cases += 1
    run = await client.command("samokoder.run.list", {"limit": 1})
    shown = await client.command("samokoder.run.show", {"run": run[0]["id"]})
    where = f"{run[0]['id']} ({run[0]['state']})"
    if lost := typist.lost():
        score.faults.append(f"{where}: {lost}")
    said = any(change["state"] == "applied" for change in shown["changes"])
    done = FIXED in typist.text
    score.applied += done
    if said != done or typist.text.count(FIXED) + typist.text.count(BROKEN) != 1:
        score.faults.append(f"{where}: the run says {said}, the text {done}: {answer}")
    if len(client.edits) > before and not said and done:
        score.faults.append(f"{where}: applied and not recorded")


async def fuzz(n: int, seed: int, folder: Path, pause: Path | None = None) -> Score:
    """``n`` fixes in one daemon; rests while ``pause`` exists."""
    score, chance = Score(), random.Random(seed)
    room = Room(folder)
    try:
        async with editor(room) as client:
            uri = await client.open(room.work / "calc.py")
            typist = Typist(client, uri, chance, score)
            for number in range(n):
                while pause is not None and await anyio.Path(pause).exists():
                    await anyio.sleep(5)
                await _case(room, typist, score)
                if len(score.faults) >= 10:
                    break
                # as the scripted answer searches for it
                text = re.sub(r"y = x \*.*", f"y = {BROKEN}", typist.text)
                text = BEFORE if number % 8 == 7 else text
                typist.wanted = Counter(TAG.findall(text))
                await client.change(uri, text)
    finally:
        await stop(room)
    return score


def main() -> int:
    """Returns 1 when something was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=Path, help="rest while this file exists")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        score = anyio.run(fuzz, given.n, given.seed, Path(folder), given.pause)
    for fault in score.faults:
        print(fault)
    print(
        f"seed {given.seed}: {score.cases} fixes in {time.monotonic() - started:.0f} s, "
        f"{score.applied} applied, {sum(score.moves.values())} moves {dict(score.moves)}, "
        f"{len(score.faults)} faults"
    )
    return 1 if score.faults else 0


if __name__ == "__main__":
    sys.exit(main())
