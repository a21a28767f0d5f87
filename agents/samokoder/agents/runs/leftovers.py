"""Change sets that a crash cut short and no run will finish: an undo's, an `apply`'s, old ones.

Files half written must not wait for the next run of their workspace, so the process that takes up
the runs sees to these too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from samokoder.agents import logs
from samokoder.agents.runs import leasing, recovery
from samokoder.state import changes
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine

log = logs.get(__name__)


async def finish(engine: "Engine") -> None:
    """Finish or roll back what is left, a workspace after the other."""
    async with engine.db.reading() as s:
        runs = {c.workspace_id: c.run_id for c in await changes.unfinished(s)}
    for workspace_id, run_id in runs.items():
        if engine.doing(run_id):
            continue  # its own worker sees to it first of all
        root = Path((await engine.summary(run_id)).root)
        try:
            async with leasing.writing(engine, workspace_id, run_id):
                await recovery.finish_applying(engine, workspace_id, root)
        except SamokoderError as error:  # whoever writes there next sees to it first
            log.warning("a change set stays unfinished", run=run_id, error=str(error))
