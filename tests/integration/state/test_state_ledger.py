"""The ledger and the budgets (R2, R16)."""

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from samokoder.state import calls, clock, counts, owners, reservations, runs, workspaces
from samokoder.state.calls import CallState, Total
from samokoder.state.database import Database
from samokoder.state.reservations import Broken, Limits, Reserved, Used

ASK = {"provider": "p", "model": "m", "role": "coder"}
ONE, TWO = "01" * 32, "02" * 32


async def test_every_attempt_is_in_the_ledger(db: Database, workspace: int, run_id: str) -> None:
    async with db.session() as s:
        first = await calls.start(s, run_id, request_hash=ONE, key="a", agent="fixer", **ASK)
        await calls.fail(s, first.id, "rate-limited", "slow\0 down")
        second = await calls.start(s, run_id, request_hash=ONE, key="a", agent="fixer", **ASK)
        await calls.succeed(
            s, second.id, b"yes", tokens_in=100, tokens_out=10, tokens_cached=60, micros=25
        )
        # the same request, asked for another reason
        third = await calls.start(s, run_id, request_hash=ONE, key="b", agent="judge", **ASK)
        assert [call.attempt for call in (first, second, third)] == [1, 2, 1]
        assert await calls.answered(s, run_id, ONE) == b"yes"
        assert await calls.answered(s, run_id, ONE, key="a") == b"yes"
        assert await calls.answered(s, run_id, ONE, key="b") is None
        assert await calls.answered(s, run_id, TWO) is None
        assert await calls.abandon(s, run_id) == 1
        assert await calls.abandon(s, run_id) == 0
        found = await calls.listing(s, run_id)
        assert [call.state for call in found] == [
            CallState.FAILED,
            CallState.OK,
            CallState.UNKNOWN,
        ]
        assert (found[0].error_code, found[0].error) == ("rate-limited", "slow down")
        whole = Total("", 3, 1, 1, 100, 10, 60, 25, 2)
        assert await calls.totals(s) == (whole,)
        assert await calls.totals(s, workspace_id=workspace, run_id=run_id) == (whole,)
        assert await calls.totals(s, workspace_id=workspace + 1) == (
            Total("", 0, 0, 0, 0, 0, 0, 0, 0),
        )
        assert await calls.totals(s, "agent") == (
            Total("fixer", 2, 1, 0, 100, 10, 60, 25, 1),
            Total("judge", 1, 0, 1, 0, 0, 0, 0, 1),
        )
        assert [total.name for total in await calls.totals(s, "model")] == ["p:m"]
        assert [total.name for total in await calls.totals(s, "run")] == [run_id]
        today = str(clock.midnight(found[0].started_at))
        assert [total.name for total in await calls.totals(s, "day")] == [today]
        assert await calls.totals(s, "day", since=clock.now_ms() + clock.DAY_MS) == ()
        await calls.fail(s, second.id, "late", "settled already: nothing changes", tokens_in=9)
        assert await calls.totals(s) == (whole,)
        expected = counts.Counts(calls=3, tokens=110, micros=25, unpriced=2)
        assert (await counts.of(s, [run_id]))[run_id] == expected


EFFECTS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "failed", "lost", "lost, then ok", "in flight"]),
        st.sampled_from(["fixer", "judge"]),
        st.sampled_from(["m", "n"]),
        st.none() | st.integers(0, 50),
    ),
    max_size=8,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(EFFECTS)
async def test_daily_sums_equal_the_calls(
    db: Database, effects: list[tuple[str, str, str, int | None]]
) -> None:
    async with db.session() as s:
        await s.execute(text("DELETE FROM workspaces"))
        workspace = (await workspaces.ensure(s, "/srv/sums")).id
        run = (await runs.create(s, workspace_id=workspace, kind="fix")).id
        for effect, agent, model, micros in effects:
            call = await calls.start(
                s, run, request_hash=ONE, provider="p", model=model, role="coder", agent=agent
            )
            if effect.startswith("lost"):
                await calls.abandon(s, run)
            if effect.endswith("ok"):
                await calls.succeed(s, call.id, b"", tokens_in=3, tokens_out=2, micros=micros)
            if effect == "failed":
                await calls.fail(s, call.id, "cut", "", tokens_in=1, micros=micros)
        for by in ("all", "agent", "role", "model", "provider", "day"):
            whole = sorted(await calls.totals(s, by), key=lambda total: total.name)
            each = sorted(await calls.totals(s, by, run_id=run), key=lambda total: total.name)
            assert whole == each


async def test_sums_outlive_the_runs(db: Database, workspace: int, run_id: str) -> None:
    async with db.session() as s:
        call = await calls.start(s, run_id, request_hash=ONE, **ASK)
        await calls.succeed(s, call.id, b"", tokens_in=7, tokens_out=1)
        before = await calls.totals(s, "model", workspace_id=workspace)
        await s.execute(text("DELETE FROM runs"))
        assert await calls.totals(s, "model", workspace_id=workspace) == before
        assert await calls.totals(s, "run") == ()


async def test_each_limit_is_named_when_it_would_break(db: Database, run_id: str) -> None:
    async with db.session() as s:
        day = Limits(tokens_per_day=150, micros_per_day=40)
        held = await reservations.reserve(s, run_id, day, tokens=100, micros=30)
        assert isinstance(held, Reserved)
        cases = [
            (Limits(tokens=150), 51, 0, Broken("tokens", 100, 51, 150)),
            (Limits(micros=35), 1, 6, Broken("micros", 30, 6, 35)),
            (Limits(calls=1), 1, 0, Broken("calls", 1, 1, 1)),
            (day, 51, 0, Broken("tokens_per_day", 100, 51, 150)),
            (day, 1, 11, Broken("micros_per_day", 30, 11, 40)),
        ]
        for limits, tokens, micros, expected in cases:
            found = await reservations.reserve(s, run_id, limits, tokens=tokens, micros=micros)
            assert found == expected
        assert await reservations.used(s, run_id=run_id) == Used(100, 30, 1, 0)
        exact = await reservations.reserve(s, run_id, Limits(tokens=150), tokens=50, micros=None)
        assert isinstance(exact, Reserved)
        assert await reservations.used(s, run_id=run_id) == Used(150, 30, 2, 1)


async def test_a_day_is_all_runs_of_that_day(db: Database, workspace: int, run_id: str) -> None:
    limits, noon = Limits(tokens=100, tokens_per_day=120), 20_000 * clock.DAY_MS + 1
    async with db.session() as s:
        other = (await runs.create(s, workspace_id=workspace, kind="fix")).id
        await reservations.reserve(s, run_id, limits, tokens=100, micros=0, now=noon)
        found = await reservations.reserve(s, other, limits, tokens=21, micros=0, now=noon)
        assert found == Broken("tokens_per_day", 100, 21, 120)
        tomorrow = noon + clock.DAY_MS
        ok = await reservations.reserve(s, other, limits, tokens=21, micros=0, now=tomorrow)
        assert isinstance(ok, Reserved)


async def test_settling_frees_what_was_not_needed(db: Database, run_id: str) -> None:
    limits = Limits(tokens=100, calls=2)
    async with db.session() as s:
        first = await reservations.reserve(s, run_id, limits, tokens=100, micros=9)
        assert isinstance(first, Reserved)
        assert await reservations.settle(s, first.id, tokens=40, micros=4)
        assert not await reservations.settle(s, first.id, tokens=1, micros=1)
        assert not await reservations.release(s, first.id)
        assert await reservations.used(s, run_id=run_id) == Used(40, 4, 1, 0)
        second = await reservations.reserve(s, run_id, limits, tokens=60, micros=9)
        assert isinstance(second, Reserved)
        assert await reservations.release(s, second.id)
        assert await reservations.used(s, run_id=run_id) == Used(40, 4, 1, 0)


async def test_many_agents_together_never_exceed_the_budget(db: Database, run_id: str) -> None:
    limits, results = Limits(tokens=100), list[Reserved | Broken]()

    async def agent() -> None:
        for _ in range(4):
            async with db.session() as s:
                results.append(await reservations.reserve(s, run_id, limits, tokens=7, micros=0))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(agent)
    assert sum(isinstance(each, Reserved) for each in results) == 100 // 7
    async with db.reading() as s:
        assert (await reservations.used(s, run_id=run_id)).tokens == 98


async def test_after_a_crash_what_was_sent_stays_spent(db: Database, run_id: str) -> None:
    limits = Limits(tokens=1_000)
    async with db.session() as s:
        sent = await reservations.reserve(s, run_id, limits, tokens=10, micros=1)
        unsent = await reservations.reserve(s, run_id, limits, tokens=500, micros=1)
        assert isinstance(sent, Reserved)
        assert isinstance(unsent, Reserved)
        await calls.start(s, run_id, request_hash=ONE, reservation_id=sent.id, **ASK)
    async with db.session() as s:
        await calls.abandon(s, run_id)
        assert await reservations.recover(s, run_id) == 2
        assert await reservations.recover(s, run_id) == 0
        assert await reservations.used(s, run_id=run_id) == Used(10, 1, 1, 0)


async def test_owners_and_ledger_of_unknown_runs_are_empty(db: Database) -> None:
    async with db.reading() as s:
        assert await calls.listing(s, "unknown") == ()
        assert await owners.dead(s) == ()
        assert await reservations.used(s, run_id="unknown") == Used(0, 0, 0, 0)
