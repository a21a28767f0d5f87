"""Doing one run from its row to its end, whatever happens on the way."""

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from samokoder.agents import logs
from samokoder.agents.runs import journal, leasing, recovery, snapshots, transitions
from samokoder.agents.runs.ending import ending
from samokoder.agents.runs.journal import JournalRun
from samokoder.agents.runs.order import Order
from samokoder.state import notices, runs, steps
from samokoder.state.runs import FINISHED, RunState

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine

log = logs.get(__name__)

LEAST = 10.0
"""Seconds a run that is taken up again has at least, however long it was at work before."""


async def do(engine: "Engine", run_id: str, scope: anyio.CancelScope) -> None:
    """Do the run and record its end; cancelling ``scope`` cancels it."""
    state, reason, result = RunState.FAILED, "", None
    with logs.bound(run=run_id):
        try:
            with scope:
                state, reason, result = await _work(engine, run_id)
            if scope.cancelled_caught:
                state, reason = RunState.CANCELLED, "cancelled"
        except Exception as error:  # a defect in one run must not end the daemon
            state, reason, defect = ending(error)
            if defect:
                log.exception("the run has a defect")
        finally:
            # a process that is going down leaves the run as it is, to be taken up again
            if not engine.going_down:
                with anyio.CancelScope(shield=True):
                    await _end(engine, run_id, state, reason, result)


async def _work(engine: "Engine", run_id: str) -> tuple[RunState, str, bytes | None]:
    async with engine.db.reading() as s:
        row = await runs.get(s, run_id)
        assert row is not None
        resumed = row.started_at is not None
        earlier = await steps.listing(s, run_id) if resumed else ()
        spent = sum(e.finished_at - e.started_at for e in earlier if e.finished_at is not None)
    order = msgspec.json.decode(row.arguments, type=Order)
    settings = await engine.configure(order)
    run = JournalRun(
        engine=engine,
        id=run_id,
        workspace_id=row.workspace_id,
        order=order,
        kind=engine.kind(order.kind),
        settings=settings,
        snapshot=snapshots.nothing(Path(order.root)),
        receipts=await journal.read_receipts(engine, run_id) if resumed else {},
        resumed=resumed,
    )
    await leasing.enter(run)
    try:
        await recovery.finish_applying(engine, run.workspace_id, run.root)
        run.snapshot = await snapshots.base(run, row.base_snapshot_id)
        params = msgspec.json.decode(order.params, type=run.kind.params)
        allowed = settings.budget.seconds
        run.time.deadline = anyio.current_time() + max(LEAST, allowed - spent / 1000)
        with run.time:
            result = await run.kind.body(run, params)
        if run.time.cancelled_caught:
            raise journal.over_time(allowed)
        state, reason = run.kind.ended(result)
        return state, reason, msgspec.json.encode(result)
    finally:
        with anyio.CancelScope(shield=True):
            await leasing.leave(run)


async def _end(
    engine: "Engine", run_id: str, state: RunState, reason: str, result: bytes | None
) -> None:
    async with engine.db.session() as s:
        row = await runs.get(s, run_id)
        if row is None or row.state in FINISHED:
            return
        if result is not None:
            await runs.finish(s, run_id, result)
        order = msgspec.json.decode(row.arguments, type=Order)
        if order.origin == "editor" and not engine.editors.attached(Path(order.root)):
            # nobody is there to see it: the next editor of this workspace is told
            level = "info" if state is RunState.SUCCEEDED else "warning"
            text = f"{order.title}: {state}" + (f" ({reason})" if reason else "")
            await notices.add(s, level, text, run_id=run_id, workspace_id=row.workspace_id)
        await runs.move(s, run_id, to=state, expect=tuple(RunState), reason=reason)
    transitions.tell(engine, run_id, row.workspace_id, state, reason)
    await engine.stream.flush()
