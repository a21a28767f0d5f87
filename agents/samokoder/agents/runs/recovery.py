"""What a crash left behind: dead owners, calls in flight, change sets half applied."""

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.runs import delivering
from samokoder.state import calls, changes, owners, reservations, runs

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine


RETURN = 5.0
"""Seconds editors have to come back with the files that were open in them."""
LOOK = 0.05
"""Seconds between looks for them."""


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
        await _editors_back(engine, change, root)
        await delivering.recover_change(engine, change, root)


async def _editors_back(engine: "Engine", change: changes.ChangeSet, root: Path) -> None:
    """Wait for the files that were to change in an editor: the disk beneath is not the text."""
    open_files = [
        root / (file.new_path or file.path) for file in change.files if file.via not in ("", "disk")
    ]
    with anyio.move_on_after(RETURN):
        while True:
            if all(engine.editors.buffers(path) for path in open_files):
                return
            await anyio.sleep(LOOK)
