"""Static pages where there is no engine: served by the daemon itself, as rows like other previews.

Whoever keeps this state serves what is recorded, on the port that is recorded: a preview outlives
the process that started it, and the one that served it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from anyio.abc import TaskGroup

from samokoder.agents import logs
from samokoder.agents.checks.detect.project import join
from samokoder.agents.errors import EngineMissing
from samokoder.agents.preview import starting, views
from samokoder.agents.preview.order import Order
from samokoder.agents.preview.site import Site
from samokoder.agents.preview.spec import Cause, PreviewSpec, PreviewStatus, Stack
from samokoder.state import clock, previews, workspaces
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

log = logs.get(__name__)

ENGINE: Final = "loopback"
"""Stands where the address of an engine would."""
LOOK: Final = 0.4
"""Seconds between looks at what is to be served; longer while there is nothing."""
REST: Final = 1.0
SECONDS: Final = 10.0
"""Seconds until somebody must serve a preview that was ordered."""
NOTE: Final = "There is no container engine: the pages are served as they are, nothing is run."


@dataclass
class _Served:
    """``used`` is the last request, in milliseconds since the epoch."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    port: int = 0
    used: int = 0

    def touch(self) -> None:
        self.used = clock.now_ms()


def possible(spec: PreviewSpec) -> bool:
    """Whether nothing has to run to show it."""
    return spec.stack is Stack.STATIC and not (spec.image or spec.base or spec.build)


async def start(them: "Previews", order: Order, missing: EngineMissing) -> PreviewStatus:
    """Have the pages served. ``missing`` is raised when nobody does."""
    tag = await starting.record(them, order, ENGINE)
    them.live += 1
    try:
        with anyio.move_on_after(SECONDS):
            while True:
                now = await views.one(them.db, tag.preview)
                if now.url:
                    return now
                await anyio.sleep(0.05)
    except BaseException as error:  # cancelled too: nobody serves what nobody waits for
        cancelled = isinstance(error, anyio.get_cancelled_exc_class())
        reason = "cancelled" if cancelled else str(error)
        with anyio.CancelScope(shield=True):
            await _end(them, tag.preview, previews.STOPPED, Cause.NONE, reason)
        raise
    await _end(them, tag.preview, previews.FAILED, Cause.ENGINE_LOST, missing.detail)
    raise missing


async def keep(them: "Previews") -> None:
    """Serve what is recorded, until cancelled; a failure is logged and tried again."""
    served: dict[str, _Served] = {}
    async with anyio.create_task_group() as tasks:
        while True:
            try:
                await _look(them, served, tasks)
            except SamokoderError as error:
                log.warning("pages could not be served", error=str(error))
            await anyio.sleep(LOOK if served else REST)


async def _look(them: "Previews", served: dict[str, _Served], tasks: TaskGroup) -> None:
    async with them.db.reading() as s:
        live = await previews.listing(s, phases=previews.LIVE, limit=100)
        roots = {w.id: Path(w.root) for w in await workspaces.listing(s)}
    rows = {row.id: row for row in live if row.engine == ENGINE}
    for gone in served.keys() - rows.keys():
        served.pop(gone).scope.cancel()
    for row in rows.values():
        one = served.get(row.id)
        if one is not None:
            await _deadline(them, row, one)
        else:
            await _begin(them, row, roots, served, tasks)


async def _begin(
    them: "Previews",
    row: previews.Preview,
    roots: Mapping[int, Path],
    served: dict[str, _Served],
    tasks: TaskGroup,
) -> None:
    spec = msgspec.json.decode(row.spec, type=PreviewSpec)
    root = roots[row.workspace_id]
    one = _Served()
    shown = join(spec.folder, spec.start[-1]) if spec.start[-1] != "." else spec.folder
    ignore = (await them.configure(root)).workspace.ignore
    site = Site(root, shown, one.touch, ignore, row.port)
    try:
        listener = await site.listen()
    except OSError:
        # another process serves it; when that one ends, this one does
        return
    served[row.id] = one
    one.port = site.port

    async def serving() -> None:
        with one.scope:
            await site.serve(listener)

    tasks.start_soon(serving)
    values = {"phase": previews.RUNNING, "owner_id": None, "port": site.port}
    async with them.db.session(durable=True) as s:
        await previews.state_facts(s, row.id, "note", (*spec.notes, NOTE))
        await previews.update_live(
            s, row.id, values if row.ready_at else {**values, "ready_at": clock.now_ms()}
        )


async def _deadline(them: "Previews", row: previews.Preview, one: _Served) -> None:
    deadline = row.deadline_at
    if one.used > row.used_at + starting.MINUTE // 10:
        async with them.db.session() as s:
            deadline = await previews.use(s, row.id, one.used, row.deadline_at - row.used_at)
    if clock.now_ms() >= deadline:
        minutes = round((deadline - max(row.used_at, one.used)) / starting.MINUTE)
        reason = f"nobody used it for {minutes} min"
        await _end(them, row.id, previews.STOPPED, Cause.EXPIRED, reason)


async def _end(them: "Previews", preview: str, phase: str, cause: Cause, reason: str) -> None:
    async with them.db.session(durable=True) as s:
        await previews.end(s, preview, phase=phase, cause=str(cause), reason=reason)
    them.live = max(0, them.live - 1)
