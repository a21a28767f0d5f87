"""A start from its row to the first answer; what fails on the way is recorded and removed."""

from typing import TYPE_CHECKING

import anyio
import msgspec

from samokoder.agents.errors import EngineFailed, LimitReached
from samokoder.agents.preview import (
    hardening,
    install,
    launch,
    life,
    output,
    plan,
    removal,
    runtimes,
    sources,
    sync,
    tools,
    views,
    witness,
)
from samokoder.agents.preview.engine import PODMAN, Engine
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.order import Order, Say
from samokoder.agents.preview.spec import PreviewStatus
from samokoder.agents.preview.together import together
from samokoder.state import clock, previews, workspaces
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

MINUTE = 60_000
"""Milliseconds."""


async def start(them: "Previews", order: Order, found: Engine, say: Say) -> PreviewStatus:
    """See :meth:`Previews.start`."""
    runtime = runtimes.choose(order.settings.runtime, found.facts)
    await life.reap(them, found)
    tag = await record(them, order, found.address)
    await say("The preview is being prepared.")
    them.early[tag.preview] = []
    them.live += 1
    try:
        return await _start(them, order, found, tag, runtime, say)
    except BaseException as error:  # cancelled too: nothing half started stays
        with anyio.CancelScope(shield=True):
            await _failed(them, found, tag, error)
        raise
    finally:
        them.early.pop(tag.preview, None)


async def record(them: "Previews", order: Order, address: str) -> Tag:
    """The row that stands for the preview from now on. LimitReached when there are enough."""
    settings, now = order.settings, clock.now_ms()
    deadline = now + int(settings.minutes * MINUTE)
    latest = max(deadline, now + int(settings.longest_minutes * MINUTE))
    root = str(order.snapshot.root)
    spec = order.spec
    async with them.db.session(durable=True) as s:
        workspace = await workspaces.ensure(s, root)
        row = previews.Preview(
            id=clock.new_id(),
            workspace_id=workspace.id,
            owner_id=them.owner,
            title=spec.title or spec.origin or order.snapshot.root.name,
            stack=str(spec.stack),
            phase=previews.STARTING,
            cause="",
            reason="",
            spec=msgspec.json.encode(spec),
            image="",
            command=" ".join(spec.start),
            runtime="",
            engine=address,
            code="",
            folder=spec.folder,
            port=0,
            created_at=now,
            ready_at=None,
            used_at=now,
            deadline_at=deadline,
            latest_at=latest,
            ended_at=None,
            output=None,
        )
        if not await previews.create(s, row, limit=settings.limit):
            live = await previews.listing(s, phases=previews.LIVE)
            titles = ", ".join(f"{p.id[:10]} {p.title}" for p in live[-3:])
            raise LimitReached(
                f"{settings.limit} previews are live (oldest: {titles})",
                hint="Stop one with `samokoder preview stop ID`, or raise `preview.limit`.",
            )
        await previews.state_facts(s, row.id, "environment", sorted(order.environment))
        await previews.state_facts(s, row.id, "egress", order.egress)
    return Tag(row.id, them.state, deadline, latest)


async def _start(
    them: "Previews", order: Order, found: Engine, tag: Tag, runtime: str, say: Say
) -> PreviewStatus:
    settings, spec = order.settings, order.spec
    limits = hardening.limits(settings, runtime)
    early = them.early[tag.preview]
    own = await tools.image(found, settings.python_image)
    site = install.Site(
        engine=found,
        tag=tag,
        settings=settings,
        limits=limits,
        tools=own,
        tell=early.append,
        network=order.network,
        hosts=order.egress,
    )
    ways: list[launch.Nets] = []
    plans: list[tuple[plan.Plan, tuple[str, ...]]] = []

    async def connect() -> None:
        ways.append(await launch.networks(found, tag))

    async def prepare() -> None:
        plans.append(await sources.planned(order, site, say))

    async with together() as tasks:
        tasks.start_soon(connect)
        tasks.start_soon(prepare)
    ((planned, notes),) = plans
    async with witness.listening(found) as port:
        stage_site = launch.Site(
            engine=found,
            tag=tag,
            snapshot=order.snapshot,
            limits=limits,
            tools=own,
            egress=order.egress,
            witness=port,
            careful=bool(settings.runtime) or found.facts.name == PODMAN,
        )
        stage = await launch.prepare(stage_site, planned, ways[0])
        if spec.build and not spec.services:
            await say("The project is being built.")
            await install.build(site, spec, planned.main.image, planned.fills[0].name)
        await say("The program is being started.")
        started = await launch.start(
            stage_site,
            planned,
            stage,
            settings.start_seconds,
            lambda seen: runtimes.refuse(settings.runtime, found.facts, seen),
        )
    weak = runtimes.weaknesses(started.confinement)
    notes = (*spec.notes, *spec.refused, *notes, *weak)
    if started.status >= 500:
        notes = (*notes, f"{spec.health.path} answers {started.status}.")
    values = {
        "phase": previews.RUNNING,
        "owner_id": None,
        "port": started.port,
        "image": planned.main.image,
        "command": " ".join(planned.main.command or ()),
        "runtime": runtimes.recognised(found.facts, started.confinement),
        "code": planned.code,
        "ready_at": clock.now_ms(),
        "output": output.encoded(early) if early else None,
    }
    them.shown[tag.preview] = order.snapshot
    async with them.db.session(durable=True) as s:
        await previews.state_facts(s, tag.preview, "note", notes)
        await previews.state_facts(s, tag.preview, sync.SNAPSHOT, (order.snapshot.hash,))
        if not await previews.update_live(s, tag.preview, values):
            raise EngineFailed("it was stopped while it started", hint=" ")
    return await views.one(them.db, tag.preview)


async def _failed(them: "Previews", found: Engine, tag: Tag, error: BaseException) -> None:
    """Keep what it printed, remove what was made, record why."""
    cancelled = isinstance(error, anyio.get_cancelled_exc_class())
    lines = [*them.early.get(tag.preview, ()), *await life.printed(found, tag.preview)]
    cause = launch.causes(error)
    reason = error.detail if isinstance(error, SamokoderError) else type(error).__name__
    async with them.db.session(durable=True) as s:
        await previews.end(
            s,
            tag.preview,
            phase=previews.STOPPED if cancelled else previews.FAILED,
            cause="" if cancelled else str(cause),
            reason="cancelled" if cancelled else reason,
        )
        await previews.keep_output(s, tag.preview, output.encoded(lines))
    them.live = max(0, them.live - 1)
    try:
        await removal.remove(found, tag.preview)
    except EngineFailed:
        # the next look at what is there removes it
        them.unclean.add(found.address)
        await them.lose(found)
