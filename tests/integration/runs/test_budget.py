"""Budgets against a real HTTP server's own count: nothing over, nothing forgotten (R16)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from engine_room import engine_room, kind, order, question

from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.model import Model, Profile, Role
from samokoder.agents.models.openai import OpenAIModel, Quirks
from samokoder.agents.models.script import Fault, Rule, Script
from samokoder.agents.models.script_log import ScriptLog, total
from samokoder.agents.models.scripted_server import ScriptedServer, serve
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.order import RunSummary, Used
from samokoder.state.runs import RunState

KNOWN = "gpt-4o"
"""A name with a known price: 2.5 and 10 dollars a million tokens."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


@asynccontextmanager
async def provider(
    *rules: Rule, name: str = "m-1", honours_limit: bool = True
) -> AsyncIterator[tuple[ScriptedServer, Model]]:
    """A provider on loopback and the model that asks it."""
    async with serve(Script(rules), ScriptLog(None)) as server:
        connections = Connections()
        there = Endpoint("openai", f"{server.url}/v1", "key", {"authorization": "Bearer key"}, name)
        profile = Profile("openai", name, honours_limit=honours_limit, parallel=64)
        limits = Limits(stall=5, total=20)
        try:
            yield server, OpenAIModel(profile, there, connections, limits, Quirks())
        finally:
            await connections.aclose()


@dataclass
class Told:
    """A run's end and its ledger."""

    run: RunSummary
    used: Used


async def told(
    root: Path, model: Model, body: Callable[[Run, Any], Awaitable[str]], **flags: Any
) -> Told:
    """Do one run with these settings."""
    async with engine_room(kind("ask", body), model=model, state=root.parent / "s.db") as engine:
        named = {name.replace("__", "."): value for name, value in flags.items()}
        named.setdefault("model.parallel", 8)
        wanted = order(root, "ask", flags=named)
        run = await engine.finished(await engine.submit(wanted))
        return Told(run, await engine.used(run.id))


async def one_after_another(run: Run, params: object) -> str:
    for turn in range(1000):
        await run.ask(Role.CODER, question(f"turn {turn}: look elsewhere", 50), key=f"turn {turn}")
    return ""


async def eight_agents(run: Run, params: object) -> str:
    async def agent(number: int) -> None:
        for turn in range(100):
            text = f"agent {number} turn {turn}"
            await run.ask(Role.CODER, question(text, 50), key=text, agent=f"a{number}")

    async with anyio.create_task_group() as agents:
        for number in range(8):
            agents.start_soon(agent, number)
    return ""


async def test_ever_varied_arguments_are_seen_through_within_ten_calls(workspace: Path) -> None:
    """Every call differs, and nothing comes of any: the run stops and names the state."""

    async def body(run: Run, params: object) -> str:
        for turn in range(277):
            text = f"read file {turn}.py with depth {turn * 7}"
            await run.ask(Role.CODER, question(text, 50), key=f"turn {turn}")
            await run.observe("f" * 64, ("test_sum",))
        return ""

    async with provider(Rule(answer="Let me look at one more file. ")) as (server, model):
        seen = await told(workspace, model, body)
        assert seen.run.state is RunState.LIMITED
        assert "ffffffffffff" in seen.run.reason and "test_sum" in seen.run.reason
        assert seen.used.calls == len(server.calls) <= 10


@pytest.mark.parametrize("body", [one_after_another, eight_agents])
async def test_nothing_over_the_budget_where_the_limit_is_honoured(
    workspace: Path, body: Any
) -> None:
    async with provider(Rule(answer="word " * 500, delay=0.005)) as (server, model):
        seen = await told(workspace, model, body, budget__tokens=3000)
        assert seen.run.state is RunState.LIMITED
        billed = total(server.calls)
        assert billed.input_tokens + billed.output_tokens == seen.used.tokens <= 3000
        assert seen.used.tokens > 1500


@pytest.mark.parametrize("body", [one_after_another, eight_agents])
async def test_a_provider_that_ignores_the_limit_exceeds_the_budget_by_one_calls_excess(
    workspace: Path, body: Any
) -> None:
    rule = Rule(answer="word " * 500, delay=0.005, ignore_limit=True)
    async with provider(rule, honours_limit=False) as (server, model):
        seen = await told(workspace, model, body, budget__tokens=9000)
        assert seen.run.state is RunState.LIMITED
        billed = total(server.calls)
        assert billed.input_tokens + billed.output_tokens == seen.used.tokens
        excess = max(call.output - 50 for call in server.calls)
        assert excess > 500
        assert seen.used.tokens - 9000 <= excess


async def test_agents_still_ask_side_by_side_while_there_is_room(workspace: Path) -> None:
    """A provider that may exceed its limit is not asked one at a time for that."""

    async def body(run: Run, params: object) -> str:
        async def agent(number: int) -> None:
            await run.ask(Role.CODER, question(f"agent {number}", 50), key=f"{number}")

        async with anyio.create_task_group() as agents:
            for number in range(8):
                agents.start_soon(agent, number)
        return ""

    async with provider(Rule(answer="word", delay=0.3), honours_limit=False) as (server, model):
        seen = await told(workspace, model, body)
        assert seen.run.state is RunState.SUCCEEDED, seen.run.reason
        spans = [(call.asked, call.ended) for call in server.calls]
        together = max(sum(a <= start < b for a, b in spans) for start, _ in spans)
        assert together >= 4


async def test_money_is_bounded_where_the_price_is_known(workspace: Path) -> None:
    async with provider(Rule(answer="word " * 500), name=KNOWN) as (server, model):
        seen = await told(workspace, model, eight_agents, budget__money=0.01)
        assert seen.run.state is RunState.LIMITED
        assert "budget.money" in seen.run.reason
        billed = total(server.calls)
        dollars = billed.input_tokens * 2.5 + billed.output_tokens * 10
        assert seen.used.micros is not None
        assert abs(seen.used.micros - dollars) <= len(server.calls)
        assert 5_000 < seen.used.micros <= 10_000


async def test_an_unknown_price_counts_in_tokens_and_says_so(workspace: Path) -> None:
    async with provider(Rule(answer="word " * 500)) as (_, model):
        flags = {"budget__money": 0.000001, "budget__tokens": 2000}
        seen = await told(workspace, model, one_after_another, **flags)
        assert "budget.tokens" in seen.run.reason
        assert seen.used.micros is None
        assert 1000 < seen.used.tokens <= 2000


async def test_a_day_bounds_all_its_runs(workspace: Path) -> None:
    async with provider(Rule(answer="word " * 500)) as (server, model):
        day = {"budget__tokens_per_day": 2500}
        first = await told(workspace, model, one_after_another, budget__tokens=1500, **day)
        assert "budget.tokens " in first.run.reason + " " and first.used.tokens <= 1500
        second = await told(workspace, model, one_after_another, **day)
        assert "budget.tokens_per_day" in second.run.reason
        assert second.used.tokens > 0
        billed = total(server.calls)
        assert first.used.tokens + second.used.tokens == billed.input_tokens + billed.output_tokens
        assert 2000 < billed.input_tokens + billed.output_tokens <= 2500


async def test_the_ledger_is_the_servers_own_count(workspace: Path) -> None:
    """429, 500, a cut stream and a reset are attempts like others, and each is a row."""
    wait = {"retry-after": "0.01"}
    faults = [
        Rule(times=2, fault=Fault("status", 429, wait)),
        Rule(times=1, fault=Fault("status", 500, wait)),
        Rule(times=1, answer="half of the answer is here " * 8, fault=Fault("cut", after=96)),
        Rule(times=1, fault=Fault("reset")),
    ]

    async def body(run: Run, params: object) -> str:
        for turn in range(4):
            await run.ask(Role.CODER, question(f"turn {turn}", 400), key=f"{turn}")
        return ""

    async with provider(*faults, Rule(answer="whole " * 40)) as (server, model):
        seen = await told(workspace, model, body, model__attempts=8)
        assert seen.run.state is RunState.SUCCEEDED, seen.run.reason
        assert (seen.used.calls, seen.used.failed_calls) == (9, 5) == (len(server.calls), 5)
        assert sorted(c.outcome for c in server.calls) == sorted(
            ["429", "429", "500", "cut", "reset", "ok", "ok", "ok", "ok"]
        )
        billed = total(server.calls)
        assert (seen.used.input_tokens, seen.used.output_tokens) == (
            billed.input_tokens,
            billed.output_tokens,
        )
