"""Which hunks of a run stand in the files, after undoing and after undoing that.

A change set that undoes others names their hunks in the journal. When all of it is itself undone,
the hunks it had taken back stand again, and so on down the line.
"""

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.runs import transitions
from samokoder.state import changes, steps
from samokoder.state.changes import ChangeState


def undoes_key(number: int) -> str:
    """The step that names the hunks a change set takes back."""
    return f"undoes:{number}"


async def taken(s: AsyncSession, run_id: str, number: int) -> list[int]:
    """The hunks a change set takes back; none for one that is no undo."""
    step = await steps.find(s, run_id, undoes_key(number))
    if step is None:
        return []
    return msgspec.json.decode(await steps.result(s, step), type=list[int])


async def undone(s: AsyncSession, run_id: str, hunks: list[int]) -> None:
    """These hunks do not stand any more; a run of which nothing stands is undone.

    Do it in the transaction of the receipt: no crash may come between.
    """
    await _turn(s, run_id, set(hunks), ChangeState.UNDONE)
    await transitions.close_undone(s, run_id)


async def _turn(s: AsyncSession, run_id: str, hunks: set[int], to: ChangeState) -> None:
    await changes.mark(s, hunks, to)
    other = ChangeState.APPLIED if to is ChangeState.UNDONE else ChangeState.UNDONE
    for change in await changes.listing(s, run_id=run_id):
        own = [h for f in change.files for h in f.hunks]
        if not hunks.intersection(h.id for h in own):
            continue
        if to is ChangeState.APPLIED:
            await changes.move(s, change.id, to=to, expect=(ChangeState.UNDONE,))
        if change.undoes_id is not None and all(h.state is to for h in own):
            await _turn(s, run_id, set(await taken(s, run_id, change.id)), other)
