"""Moving a run from state to state: in the table's ways only, and said in the stream."""

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.errors import RunCancelled
from samokoder.agents.runs.states import before
from samokoder.state import changes, runs
from samokoder.state.changes import ChangeState
from samokoder.state.runs import RunState

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine


async def move(engine: "Engine", run_id: str, to: RunState, reason: str) -> None:
    """Move an active run, and say so in the stream."""
    async with engine.db.session() as s:
        workspace_id = await moved(s, run_id, to, reason)
    if workspace_id is not None:
        tell(engine, run_id, workspace_id, to, reason)


async def moved(s: AsyncSession, run_id: str, to: RunState, reason: str) -> int | None:
    """Move an active run; its workspace, or None when there was nothing to move."""
    row = await runs.get(s, run_id)
    if row is None or row.state is to:
        return None
    if not await runs.move(s, run_id, to=to, expect=before(to), reason=reason):
        raise RunCancelled(f"run {run_id} is {row.state} and cannot become {to}")
    return row.workspace_id


async def close_undone(s: AsyncSession, run_id: str) -> None:
    """A run of which nothing is applied any more is undone."""
    own = [c for c in await changes.listing(s, run_id=run_id) if c.undoes_id is None]
    # a change in conflict may have left hunks in a text that was being typed into
    if not any(h.state is ChangeState.APPLIED for c in own for f in c.files for h in f.hunks):
        expect = (RunState.SUCCEEDED, RunState.FAILED, RunState.LIMITED, RunState.CANCELLED)
        await runs.move(s, run_id, to=RunState.UNDONE, expect=expect, reason="undone")


def tell(engine: "Engine", run_id: str, workspace_id: int, to: RunState, reason: str) -> None:
    """Say a new state in the stream."""
    engine.stream.put(
        "state", run_id=run_id, workspace_id=workspace_id, state=str(to), reason=reason
    )
