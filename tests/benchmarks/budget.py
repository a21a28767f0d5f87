"""What a model that never gets anywhere may cost, with and without bounds.

    python tests/benchmarks/budget.py [--calls 277] [--json]

Replayed over HTTP against the scripted server: an agent whose every call has other arguments and
brings nothing, as published reports tell of (277 calls before somebody looked). "unbounded" makes
all of them; "bounded" is a run of the engine with the default settings; the last two are eight
agents at once against a budget of tokens, with a provider that honours the output limit and with
one that does not. Exit code 1 when a bound is missed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

sys.path.append(str(Path(__file__).parents[1] / "integration" / "runs"))

from engine_room import engine_room, kind, order, question

from samokoder.agents.models import prices
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import Model, Profile, Role
from samokoder.agents.models.openai import OpenAIModel, Quirks
from samokoder.agents.models.script import Rule, Script
from samokoder.agents.models.script_log import ScriptLog, total
from samokoder.agents.models.scripted_server import ScriptedServer, serve
from samokoder.agents.runs.context import Run

NAME, LIMIT, TOKENS, MOST_CALLS = "gpt-5", 200, 10_000, 10
PROMPT = "the whole conversation so far, again. " * 800
"""About 8,000 tokens, which every call sends again."""


@asynccontextmanager
async def provider(*, honours: bool) -> AsyncIterator[tuple[ScriptedServer, Model]]:
    """A provider on loopback whose answers are longer than any limit."""
    rule = Rule(answer="Let me look at one more file. " * 200, ignore_limit=not honours)
    async with serve(Script((rule,)), ScriptLog(None)) as server:
        connections = Connections()
        there = Endpoint("openai", f"{server.url}/v1", "k", {"authorization": "Bearer k"}, NAME)
        profile = Profile("openai", NAME, honours_limit=honours, parallel=64)
        limits = Limits(stall=5, total=60)
        try:
            yield server, OpenAIModel(profile, there, connections, limits, Quirks())
        finally:
            await connections.aclose()


def figures(server: ScriptedServer, model: Model, state: str) -> dict[str, Any]:
    """What the server counted."""
    used = total(server.calls)
    return {
        "ended": state,
        "calls": len(server.calls),
        "tokens": used.input_tokens + used.output_tokens,
        "dollars": round((prices.micros(model.profile, used) or 0) / 1e6, 4),
        "largest_excess": max(0, *(call.output - LIMIT for call in server.calls)),
    }


async def replay(calls: int, root: Path, *, bounded: bool) -> dict[str, Any]:
    """One agent that gets nowhere."""

    async def body(run: Run, params: object) -> str:
        for turn in range(calls):
            text = f"{PROMPT} read part {turn} of file {turn * 7 % 31}.py"
            await run.ask(Role.CODER, question(text, LIMIT), key=f"{turn}")
            if bounded:
                await run.observe("0" * 64, ("test_sum",))
        return ""

    free = {"budget.tokens": 10**9, "budget.money": 1e6, "budget.calls": 10**6}
    flags = {} if bounded else {**free, "budget.tokens_per_day": 10**9, "budget.money_per_day": 1e6}
    return await _run(root, body, flags, honours=True)


async def parallel(root: Path, *, honours: bool) -> dict[str, Any]:
    """Eight agents that share a budget."""

    async def body(run: Run, params: object) -> str:
        async def agent(number: int) -> None:
            for turn in range(1000):
                text = f"agent {number} turn {turn}"
                await run.ask(Role.CODER, question(text, LIMIT), key=text)

        async with anyio.create_task_group() as agents:
            for number in range(8):
                agents.start_soon(agent, number)
        return ""

    flags = {"budget.tokens": TOKENS, "model.parallel": 8}
    found = await _run(root, body, flags, honours=honours)
    return {**found, "overshoot": max(0, found["tokens"] - TOKENS)}


async def _run(root: Path, body: Any, flags: dict[str, Any], *, honours: bool) -> dict[str, Any]:
    async with provider(honours=honours) as (server, model):
        async with engine_room(kind("ask", body), model=model, state=root / "state.db") as engine:
            work = root / "work"
            await anyio.Path(work).mkdir()
            run = await engine.finished(await engine.submit(order(work, "ask", flags=flags)))
            used = await engine.used(run.id)
        found = figures(server, model, str(run.state))
        return {**found, "ledger_is_equal": used.tokens == found["tokens"]}


async def measure(calls: int, folder: Path) -> dict[str, dict[str, Any]]:
    """All four."""
    roots = [folder / str(number) for number in range(4)]
    for root in roots:
        await anyio.Path(root).mkdir()
    return {
        "unbounded": await replay(calls, roots[0], bounded=False),
        "bounded": await replay(calls, roots[1], bounded=True),
        "eight agents": await parallel(roots[2], honours=True),
        "eight agents, limit ignored": await parallel(roots[3], honours=False),
    }


def main() -> int:
    """Print the figures; returns 1 when a bound is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=277)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="budget-") as folder:
        found = anyio.run(measure, given.calls, Path(folder))
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        for name, one in found.items():
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in one.items()))
    ignored = found["eight agents, limit ignored"]
    good = (
        found["bounded"]["calls"] <= MOST_CALLS
        and found["eight agents"]["overshoot"] == 0
        and ignored["overshoot"] <= ignored["largest_excess"]
        and all(one["ledger_is_equal"] for one in found.values())
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
