"""The body of a run that writes dismissals into the project's own file, as a change set."""

from dataclasses import dataclass

from anyio import to_thread

from samokoder.agents.repair import changes
from samokoder.agents.review import dismissed
from samokoder.agents.runs.context import Run
from samokoder.state.dismissals import Dismissal


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """``add`` goes into the file, the entry called ``remove`` goes out of it."""

    add: tuple[Dismissal, ...] = ()
    remove: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """``changed`` says whether the file says anything else now."""

    changed: bool


async def share(run: Run, request: ShareRequest) -> Shared:
    """Propose the changed file; it is the user's word that applies it, there is no proof of it."""
    there = dismissed.FILE in run.snapshot.files
    data = await run.snapshot.read(dismissed.FILE) if there else b""

    def changed() -> bytes:
        after = dismissed.added(data, request.add) if request.add else data
        return dismissed.removed(after, request.remove) if request.remove and after else after

    after = await to_thread.run_sync(changed)
    if after == data:
        return Shared(changed=False)
    title = "Dismiss findings" if request.add else "Take back a dismissal"
    change_set = changes.modified(run.snapshot, title, {dismissed.FILE: after})
    await run.deliver(change_set, proven=False, key="share", agent="user")
    return Shared(changed=True)
