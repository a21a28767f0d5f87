"""A generation that is killed: it goes on where it was, and the tree is the same in the end.

``python tests/faults/shape_generate.py --sample 20`` kills it at so many boundaries (0: at all of
them) and prints a line for each; another client resumes it. ``--part 2/8`` takes every eighth of
them from the second on, so that all can be done in pieces.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
from killing import (
    PLAIN,
    Journal,
    Model,
    Outcome,
    Room,
    _bought,
    _editor,
    _finished,
    _killed,
    journal,
    left,
    scripted,
    stop,
)
from shapes import Shape


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _fenced(text: str) -> str:
    return f"```\n{text}```\n"


def _module(n: int) -> str:
    return f'"""Number {n}."""\n\n\ndef number():\n    """It."""\n    return {n}\n'


def _test(n: int) -> str:
    return (
        f"import unittest\n\nfrom m{n} import number\n\n\nclass T{n}(unittest.TestCase):\n"
        f"    def test_number(self):\n        self.assertEqual(number(), {n})\n"
    )


def _task(n: int, **more: Any) -> dict[str, Any]:
    works = [
        {"path": f"m{n}.py", "purpose": f"number {n}"},
        {"path": f"test_m{n}.py", "purpose": f"tests of {n}"},
    ]
    return {"id": f"T{n}", "title": f"Number {n}", "works": works, **more}


def _rules() -> tuple[Mapping[str, Any], ...]:
    block = "old.py\n<<<<<<< SEARCH\nX = 1\n=======\nX = 2\n>>>>>>> REPLACE\n"
    edit = {"path": "old.py", "action": "edit", "purpose": "two"}
    tasks = [_task(1), _task(2, needs=["T1"]), _task(3)]
    tasks.append({"id": "T4", "title": "Old", "works": [edit], "needs": ["T3"]})
    verdicts = [{"hunk": n, "verdict": "accept"} for n in range(1, 20)]
    fix = "m3.py\n<<<<<<< SEARCH\n    return 33\n=======\n    return 3\n>>>>>>> REPLACE\n"
    made = [
        rule
        for n in (1, 2, 3)
        for rule in (
            {"regex": f"^Write m{n}[.]py:", "answer": _fenced(_module(33 if n == 3 else n))},
            {"regex": f"^Write test_m{n}[.]py:", "answer": _fenced(_test(n))},
        )
    ]
    return (
        {"match": "You write specifications", "answer": _text({"title": "It", "demands": ["x"]})},
        {"match": "You are a software architect", "answer": _text({"overview": "Plain."})},
        {"match": "You are a tech lead", "answer": _text({"tasks": tasks})},
        {"match": "You review changes", "answer": _text({"verdicts": verdicts})},
        {"match": "You are a technical writer", "answer": "README.md\n~~~~\n# It\n~~~~\n"},
        {"match": "You repair programs", "answer": fix},
        {"regex": "^Change old[.]py:", "answer": block},
        *made,
    )


GENERATE = Shape("generation of 4 tasks", {"old.py": "X = 1\n"}, _rules())
HELD = Shape("generation, a file open", GENERATE.files, GENERATE.rules, held=("old.py",))


@dataclass
class Row:
    """The figures of one shape."""

    cases: int = 0
    again: int = 0
    bad: list[str] = field(default_factory=list)


def _args(room: Room) -> dict[str, Any]:
    return {
        "root": str(room.work),
        "brief": "four small things",
        "yes": True,
        "model": "openai:scripted",
        "unconfined": True,
    }


async def case(
    shape: Shape, model: Model, wanted: Outcome | None, *, at: int = 0, moment: float | None = None
) -> Outcome:
    """One generation, killed at boundary ``at`` or after ``moment`` seconds, and its recovery."""
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        room = Room(Path(folder), shape, model)
        try:
            return await _case(room, model, wanted, at, moment)
        finally:
            await stop(room)


async def _case(
    room: Room, model: Model, wanted: Outcome | None, at: int, moment: float | None
) -> Outcome:
    faults: list[str] = []
    texts = {name: room.shape.files[name] for name in room.shape.held}
    before = len(await model.calls())
    killed, seconds = await _killed(room, texts, at, moment, "samokoder.generate", _args(room))
    reached = room.boundaries()
    kept: Journal = journal(room)
    asked_then = len(await model.calls())
    async with _editor(room, PLAIN, texts) as client:
        run = await _finished(client)
        if run is None:  # killed before the run was recorded
            await client.command("samokoder.generate", _args(room))
            run = await _finished(client)
        assert run is not None
        shown = await client.command("samokoder.run.show", {"run": run["id"]})
        usage = await client.command("samokoder.usage", {"root": str(room.work)})
    await stop(room)
    if run["state"] != "succeeded":
        faults.append(f"the run is {run['state']}: {run['reason']}")
    calls = (await model.calls())[before:]
    where = f"moment {moment:.3f}" if moment is not None else f"boundary {at}"
    where += f" {reached[-1] if reached and at else ''}"
    if at and not killed:
        faults.append(f"never reached: there were {len(reached)} boundaries")
    outcome = Outcome(
        room.shape.name, where, faults, room.tree(), dict(texts), reached, seconds, killed,
        len(calls),
    )  # fmt: skip
    if wanted is not None:
        have, want = outcome.tree, wanted.tree
        names = sorted(n for n in {*have, *want} if have.get(n) != want.get(n))
        faults += [f"{name}: {have.get(name)!r}" for name in names]
        if outcome.buffers != wanted.buffers:
            faults.append(f"buffers: {outcome.buffers}")
    outcome.again = _bought(faults, calls, kept, asked_then - before, shown, usage)
    faults += left(room)
    return outcome


async def matrix(
    shape: Shape, sample: int, moments: int, chance: random.Random, part: tuple[int, int] = (1, 1)
) -> Row:
    """Kill it at so many boundaries (0: all) and random moments; of the boundaries only a part."""
    row = Row()
    with tempfile.TemporaryDirectory(prefix="generate-") as folder:
        async with scripted(shape, Path(folder)) as model:
            wanted = await case(shape, model, None)
            count = len(wanted.boundaries)
            print(f"{shape.name}: {count} boundaries, {wanted.calls} calls, {wanted.faults}")
            row.bad += wanted.faults
            numbers = list(range(1, count + 1))
            if sample and sample < count:
                numbers = sorted(chance.sample(numbers, sample))
            numbers = numbers[part[0] - 1 :: part[1]]
            kills: list[tuple[int, float | None]] = [(at, None) for at in numbers]
            kills += [(0, chance.uniform(0, wanted.seconds)) for _ in range(moments)]
            for at, moment in kills:
                outcome = await case(shape, model, wanted, at=at, moment=moment)
                row.cases += 1
                row.again += outcome.again
                if outcome.faults:
                    row.bad.append(f"{outcome.where}: {'; '.join(outcome.faults)}")
                said = "; ".join(outcome.faults) or "well"
                print(f"{outcome.where}: {said}", flush=True)
    return row


async def main() -> int:
    """0 when all is well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=20, help="boundaries; 0: all")
    parser.add_argument("--random", type=int, default=0, help="random moments")
    parser.add_argument("--held", action="store_true", help="a file is open in the editor")
    parser.add_argument("--part", default="1/1", help="of the boundaries, as 2/8")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    shape = HELD if given.held else GENERATE
    first, _, step = given.part.partition("/")
    row = await matrix(shape, given.sample, given.random, chance, (int(first), int(step)))
    print(f"{row.cases} kills, {row.again} calls in flight asked again, {len(row.bad)} bad")
    return 1 if row.bad else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
