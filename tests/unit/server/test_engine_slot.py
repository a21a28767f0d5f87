"""The engine opens beside the connections, may fail, and may be tried again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from samokoder.server.engine import EngineSlot
from samokoder.server.host import Host
from samokoder.server.product import given
from samokoder.state.errors import SamokoderError, StateBusy


class Engine:
    closed = False

    def busy(self) -> bool:
        return False

    async def connected(self, connection: Any) -> None: ...

    async def disconnected(self, connection: Any) -> None: ...


def opener(*attempts: Exception | None) -> tuple[Engine, Callable[[Host], Any]]:
    engine, left = Engine(), list(attempts)

    @asynccontextmanager
    async def open_engine(_host: Host) -> AsyncIterator[Engine]:
        failure = left.pop(0)
        if failure is not None:
            raise failure
        yield engine
        engine.closed = True

    return engine, open_engine


async def test_commands_wait_for_it():
    engine, open_engine = opener(None)
    slot = EngineSlot(open_engine)
    host = Host(given({}, open_engine))
    async with anyio.create_task_group() as tasks:
        got: list[Any] = []

        async def wait() -> None:
            got.append(await slot.get())

        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert got == []
        tasks.start_soon(slot.run, host)
        await anyio.sleep(0.05)
        assert got == [engine], "who asks does not wait for a first client"
        await slot.close()
    assert engine.closed


@pytest.mark.parametrize("failure", [StateBusy("held"), ValueError("boom")])
async def test_a_failure_is_told_to_who_asks_and_the_next_one_tries_again(failure):
    engine, open_engine = opener(failure, StateBusy("still held"), None)
    slot = EngineSlot(open_engine)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slot.run, Host(given({}, open_engine)))
        with pytest.raises(SamokoderError, match=str(failure.args[0])):
            await slot.get()
        with pytest.raises(StateBusy, match="still held"):
            await slot.get()
        assert await slot.get() is engine
        await slot.close()


async def test_closing_ends_a_failed_one_too():
    _, open_engine = opener(StateBusy("held"))
    slot = EngineSlot(open_engine)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slot.run, Host(given({}, open_engine)))
        await anyio.wait_all_tasks_blocked()
        await slot.close()
        with pytest.raises(SamokoderError):
            await slot.get()
