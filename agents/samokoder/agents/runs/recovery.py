"""What a crash left behind: dead owners, calls in flight, change sets half applied."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.runs import delivering
from samokoder.state import calls, changes, owners, reservations, runs

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine


async def bury_dead(s: AsyncSession) -> None:
    """Free what dead processes held; what they had in flight counts at its worst case."""
    for owner in await owners.dead(s):
        for run_id in await runs.owned(s, owner.id):
            await calls.abandon(s, run_id)
            await reservations.recover(s, run_id)
        await owners.bury(s, owner.id)


async def finish_applying(engine: "Engine", workspace_id: int, root: Path) -> None:
    """Finish or roll back every change set of the workspace whose writing was cut short."""
    async with engine.db.reading() as s:
        unfinished = await changes.unfinished(s, workspace_id)
    for change in unfinished:
        await delivering.recover_change(engine, change, root)
