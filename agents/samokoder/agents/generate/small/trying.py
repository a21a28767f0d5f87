"""Trying a version of a module: each claim by itself, in the sandbox, bounded in time."""

import json
from pathlib import Path

import anyio
import msgspec

from samokoder.agents.generate.small import probes
from samokoder.agents.generate.small.agreement import Trial
from samokoder.agents.generate.small.brief import Shown, Wish
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.workspace.snapshot import Snapshot

SECONDS = 30.0
"""Of all claims about one version together."""

_PROGRAM = Path(__file__).with_name("tried.py")


class _Told(msgspec.Struct):
    holds: tuple[bool, ...] = ()
    broken: str = ""
    answers: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


async def trial(
    workshop: Workshop, tree: Snapshot, python: str, wish: Wish, claims: tuple[str, ...]
) -> Trial:
    """What holds of the version that ``tree`` contains: what the brief shows printed, the claims,
    whether it can be used as the brief says; and what it answers to their calls.
    """
    calls = probes.calls(claims, wish.names)
    more = probes.like(calls)
    spec = {
        "module": wish.module,
        "names": wish.names,
        "shown": [_pair(s) for s in wish.shown],
        "claims": claims,
        "usages": [[words] for words in wish.usages],
        "program": wish.program,
        "calls": calls,
        "more": more,
    }
    async with workshop.bench(tree) as bench:
        program = await bench.put("tried.py", await anyio.Path(_PROGRAM).read_bytes())
        file = await bench.put("text.txt", b"one two\nthree\n")
        given = await bench.put("claims.json", json.dumps({**spec, "file": file}).encode())
        result = await bench.put("holds.json", b"")
        finished = await bench.run((python, program, given, result), seconds=SECONDS)
        data = await bench.take("holds.json")
    count = len(wish.shown) + len(claims) + len(wish.usages)
    try:
        told = msgspec.json.decode(data, type=_Told)
    except msgspec.DecodeError:
        why = "it does not come to an end" if finished.timed_out else finished.output[-200:]
        return Trial((False,) * count, why or "it ends the interpreter")
    if told.broken or len(told.holds) != count:
        return Trial((False,) * count, told.broken or "it ends the interpreter")
    return Trial(told.holds, "", _all(told.answers, calls), _all(told.more, more))


def _all(answers: tuple[str, ...], calls: tuple[str, ...]) -> tuple[str, ...]:
    """One answer for each call, also where the program was cut short."""
    return (*answers, *(["!late"] * len(calls)))[: len(calls)]


def _pair(shown: Shown) -> tuple[tuple[str, ...], str]:
    return shown.words, shown.output
