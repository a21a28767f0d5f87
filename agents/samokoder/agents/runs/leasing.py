"""Places and leases: how many runs go on at once, and who may write into a workspace.

A run takes a place among the parallel ones and then, where its kind writes, the workspace's lease.
While it waits for somebody it gives both back.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from samokoder.agents.runs import recovery, transitions
from samokoder.state import leases
from samokoder.state.errors import StateBusy
from samokoder.state.runs import RunState

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine
    from samokoder.agents.runs.journal import JournalRun

PAUSE = 0.1
"""Seconds between attempts to become the workspace's writer."""
PATIENCE = 1.0
"""Seconds after which a workspace that somebody else writes to is called busy."""


async def enter(run: "JournalRun") -> None:
    """Take a place and, for a kind that writes, the workspace; waits for others. It is running."""
    engine = run.engine
    await engine.slots.acquire_on_behalf_of(run)
    try:
        if run.kind.writes:
            await _lease(run)
        else:
            await transitions.move(engine, run.id, RunState.RUNNING, "")
        run.inside = True
    except BaseException:  # cancelled too: the slot is free again
        engine.slots.release_on_behalf_of(run)
        raise


async def _lease(run: "JournalRun") -> None:
    engine, told = run.engine, ""
    while True:
        async with engine.db.session() as s:
            if await leases.acquire(s, run.workspace_id, engine.owner.id, run.id):
                moved = await transitions.moved(s, run.id, RunState.RUNNING, "")
                break
            await recovery.bury_dead(s)
            holder = await leases.holder(s, run.workspace_id)
        other = holder.run_id if holder is not None and holder.run_id else ""
        if other and other != told:
            await run.say(f"waiting for run {other} in the same workspace")
            told = other
        await anyio.sleep(PAUSE)
    if moved is not None:
        transitions.tell(engine, run.id, run.workspace_id, RunState.RUNNING, "")


async def leave(run: "JournalRun") -> None:
    """Give the place and the workspace back; harmless when that was done."""
    if not run.inside:
        return
    run.inside = False
    engine = run.engine
    engine.slots.release_on_behalf_of(run)
    if run.kind.writes or run.unsettled:
        async with engine.db.session() as s:
            await run.settle(s)
            await leases.release(s, run.workspace_id, engine.owner.id, run.id)


@asynccontextmanager
async def writing(engine: "Engine", workspace_id: int, run_id: str) -> AsyncIterator[None]:
    """Be the workspace's writer for a moment. StateBusy when a run is writing there."""
    deadline = anyio.current_time() + PATIENCE
    while True:
        async with engine.db.session() as s:
            await recovery.bury_dead(s)
            lease = await leases.acquire(s, workspace_id, engine.owner.id, run_id)
            holder = None if lease else await leases.holder(s, workspace_id)
        if lease is not None or anyio.current_time() > deadline:
            break
        await anyio.sleep(PAUSE)
    if lease is None:
        other = holder.run_id if holder is not None else "another one"
        raise StateBusy(
            f"run {other} is working in this workspace", hint="Wait for it or cancel it."
        )
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            async with engine.db.session() as s:
                await leases.release(s, workspace_id, engine.owner.id, run_id)
