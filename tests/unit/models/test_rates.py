"""R14: own rate limits hold in every minute and are fair among runs."""

import anyio
import pytest

from samokoder.agents.models import rates
from samokoder.agents.models.rates import Limiter


@pytest.fixture
def short_minute(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(rates, "WINDOW", 0.4)
    monkeypatch.setattr(rates, "TELLING", 0.05)
    return 0.4


async def _call(limiter: Limiter, run: str, log: list[str], hold: float = 0.0) -> None:
    async with limiter.place(run):
        log.append(run)
        await anyio.sleep(hold)


async def test_never_more_at_once_than_allowed() -> None:
    limiter, active, most = Limiter(parallel=3), 0, 0

    async def call(n: int) -> None:
        nonlocal active, most
        async with limiter.place(f"run{n % 2}"):
            active += 1
            most = max(most, active)
            await anyio.sleep(0.01)
            active -= 1

    async with anyio.create_task_group() as tasks:
        for n in range(20):
            tasks.start_soon(call, n)
    assert most == 3


async def test_runs_take_turns() -> None:
    limiter, log = Limiter(parallel=1), list[str]()
    async with anyio.create_task_group() as tasks:
        for run in "aaaabbc":
            tasks.start_soon(_call, limiter, run, log, 0.001)
    assert "".join(log) == "aabcaba", "the first is in at once, then each run in turn"


async def test_requests_in_a_minute(short_minute: float) -> None:
    limiter, begun = Limiter(requests_per_minute=3, parallel=10), list[float]()
    told: list[float] = []

    async def hear(seconds: float) -> None:
        told.append(seconds)

    async def call() -> None:
        async with limiter.place("a", waiting=hear):
            begun.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for _ in range(7):
            tasks.start_soon(call)
    for first, fourth in zip(begun, begun[3:], strict=False):
        assert fourth - first >= short_minute - 0.001
    assert begun[-1] - begun[0] < short_minute * 2 + 0.3
    assert told and all(0 < wait <= short_minute for wait in told)


async def test_tokens_in_a_minute_and_settling(short_minute: float) -> None:
    limiter = Limiter(tokens_per_minute=100, parallel=10)
    async with limiter.place("a", tokens=90) as place:
        place.settle(10)
    assert limiter.wait(90) == 0, "what was reserved and not used is free again"
    async with limiter.place("a", tokens=90):
        pass
    assert 0 < limiter.wait(20) <= short_minute
    begun = anyio.current_time()
    async with limiter.place("a", tokens=5000):
        assert anyio.current_time() - begun >= short_minute * 0.9, "larger than a whole minute"


async def test_who_gives_up_takes_no_place() -> None:
    limiter, log = Limiter(parallel=1, requests_per_minute=5), list[str]()
    async with limiter.place("a"):
        with anyio.move_on_after(0.02):
            await _call(limiter, "b", log)
    with anyio.fail_after(1):
        await _call(limiter, "c", log)
    assert log == ["c"]


async def test_who_gives_up_with_a_place_in_hand_gives_it_back(short_minute: float) -> None:
    limiter, log, scope = (
        Limiter(parallel=5, requests_per_minute=1),
        list[str](),
        anyio.CancelScope(),
    )

    async def dawdle(seconds: float) -> None:
        await anyio.sleep_forever()

    async def wait() -> None:
        with scope:
            async with limiter.place("b", waiting=dawdle):
                log.append("b")

    async with anyio.create_task_group() as tasks:
        await _call(limiter, "a", log)
        tasks.start_soon(wait)
        await anyio.sleep(short_minute)
        tasks.start_soon(_call, limiter, "c", log)
        await anyio.wait_all_tasks_blocked()
        assert log == ["a"], "it is b's turn, and b is still being told"
        scope.cancel()
        with anyio.fail_after(short_minute / 2):
            while log != ["a", "c"]:
                await anyio.sleep(0.005)


async def test_one_limiter_for_a_provider() -> None:
    first = rates.limiter("somewhere", parallel=2)
    assert rates.limiter("somewhere", parallel=5) is first
    assert first.parallel == 5
