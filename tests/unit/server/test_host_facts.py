"""Facts about the process, and how late its loop is."""

import time

import anyio

from samokoder.server.host import Host
from samokoder.server.lag import LoopLag
from samokoder.server.product import given


async def test_lag_sees_a_blocked_loop():
    lag = LoopLag()
    assert lag.percentile(0.99) == 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lag.run)
        await anyio.sleep(0.05)
        time.sleep(0.3)  # noqa: ASYNC251 - blocking is the point
        await anyio.sleep(0.15)
        tasks.cancel_scope.cancel()
    assert 0.1 < lag.percentile(0.99) < 1.0


async def test_status():
    host = Host(given({}, lambda host: None))
    status = await host.status()
    assert status["clients"] == 0
    assert status["busy"] is False
    assert 10 < status["rss_mib"] < 1000
    assert host.idle
