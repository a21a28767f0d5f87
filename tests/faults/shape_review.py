"""A review that is killed: it goes on where it was, finds the same, and pays for nothing twice.

``python tests/faults/shape_review.py [N]`` kills it at every boundary, or at every Nth, and prints
a line a case.
"""

import sys
import tempfile
from collections import Counter
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
    _editor,
    _finished,
    _killed,
    journal,
    left,
    scripted,
    stop,
)
from shapes import Shape

from samokoder.agents.models import script_log

BODY = "\n".join(f"    y = y * {n} + len(str(y)) - {n} ** 2" for n in range(25))
MODULE = "def work{n}(x):\n    y = x + {n}\n" + BODY + "\n    return y\n"
QUOTE = "    y = x + 3"


def _claim() -> str:
    one = {
        "path": "mod03.py", "line": 2, "quote": QUOTE, "problem": "It adds.", "advice": "",
        "kind": "correctness", "cwe": "", "rule": "", "confidence": 0.9,
    }  # fmt: skip
    return msgspec.json.encode({"findings": [one]}).decode()


WEB = """\
from flask import request
import sqlite3


def show():
    db = sqlite3.connect("x")
    return db.execute("SELECT * FROM t WHERE n = '%s'" % request.args["n"])
"""
REVIEW = Shape(
    "review of 13 files",
    {**{f"mod{n:02}.py": MODULE.format(n=n) for n in range(12)}, "web.py": WEB},
    (
        {
            "match": "The claim is about",
            "answer": '{"verdict": "right", "reason": "r", "confidence": 0.9, "test": ""}',
        },
        {"match": "Look only for wrong results", "answer": _claim()},
        {"answer": '{"findings": []}'},
    ),
)


def _args(room: Room) -> dict[str, Any]:
    return {"root": str(room.work), "all": True, "model": "openai:scripted"}


async def case(model: Model, wanted: Outcome | None, *, at: int = 0) -> Outcome:
    """One review that is killed at boundary ``at``, and its recovery; see ``killing.case``."""
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        room = Room(Path(folder), REVIEW, model)
        try:
            return await _case(room, model, wanted, at)
        finally:
            await stop(room)


async def _case(room: Room, model: Model, wanted: Outcome | None, at: int) -> Outcome:
    faults: list[str] = []
    asked_before = len(await model.calls())
    killed, seconds = await _killed(room, {}, at, None, "samokoder.review", _args(room))
    reached = room.boundaries()
    kept: Journal = journal(room)
    async with _editor(room, PLAIN, {}) as client:
        run = await _finished(client)
        if run is None:  # killed before the run was recorded
            await client.command("samokoder.review", _args(room))
            run = await _finished(client)
        assert run is not None
        shown = await client.command("samokoder.run.show", {"run": run["id"]})
        usage = await client.command("samokoder.usage", {"root": str(room.work)})
        found = await client.command("samokoder.finding.list", {"root": str(room.work)})
    await stop(room)
    if run["state"] != "succeeded":
        faults.append(f"the run is {run['state']}: {run['reason']}")
    facts = ("fingerprint", "path", "line", "quote", "severity", "origin")
    text = "\n".join(sorted(" ".join(str(one[f]) for f in facts) for one in found))
    calls = (await model.calls())[asked_before:]
    where = f"boundary {at} {reached[-1] if reached else '?'}"
    if at and not killed:
        faults.append(f"never reached: there were {len(reached)} boundaries")
    outcome = Outcome(
        REVIEW.name, where, faults, {"findings": text.encode()}, {}, reached, seconds, killed,
        len(calls),
    )  # fmt: skip
    if wanted is not None and outcome.tree != wanted.tree:
        faults.append(f"found {text!r}, not {wanted.tree['findings']!r}")
    outcome.again = _bought(faults, calls, kept, shown, usage)
    faults += left(room)
    return outcome


def _bought(
    faults: list[str],
    calls: list[script_log.Call],
    kept: Journal,
    shown: dict[str, Any],
    usage: dict[str, Any],
) -> int:
    """As for a fix, but its calls come several at a time: only numbers can be compared."""
    counts = Counter(call.hash for call in calls)
    again = sum(counts.values()) - len(counts)
    if again > kept.in_flight:
        faults.append(f"{again} calls were repeated, {kept.in_flight} were in flight")
    ledger = shown["used"]["calls"]
    sums = sum(s["calls"] for s in usage["sums"])
    if ledger != sums:
        faults.append(f"the run has {ledger} calls, the usage {sums}")
    if not len(calls) <= ledger <= len(calls) + kept.in_flight:
        faults.append(f"{ledger} calls in the ledger, {len(calls)} in the model's log")
    return again


async def main() -> int:
    """Every boundary; 0 when all is well."""
    bad = 0
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        async with scripted(REVIEW, Path(folder)) as model:
            wanted = await case(model, None)
            print(f"{len(wanted.boundaries)} boundaries; {wanted.calls} calls; {wanted.faults}")
            step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
            for at in range(1, len(wanted.boundaries) + 1, step):
                outcome = await case(model, wanted, at=at)
                bad += bool(outcome.faults)
                print(f"{outcome.where}: {'; '.join(outcome.faults) or 'well'}", flush=True)
    print(f"{bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))
