"""Previews: started, looked at, kept up to date, stopped. The one door to all of this package.

What is recorded comes first: a row before any container, so that whatever a crash leaves behind is
found again (see ``life``).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import msgspec

from samokoder.agents.errors import EngineFailed, EngineMissing, LimitReached
from samokoder.agents.preview import (
    cache,
    engine,
    hardening,
    images,
    install,
    labels,
    launch,
    life,
    output,
    plan,
    removal,
    runtimes,
    sync,
    tools,
    views,
)
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.outfit import EVERYWHERE, way_out
from samokoder.agents.preview.spec import Cause, LogLine, PreviewSpec, PreviewStatus
from samokoder.agents.settings import PreviewSettings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import clock, previews, workspaces
from samokoder.state.database import Database
from samokoder.state.errors import SamokoderError

Say = Callable[[str], Awaitable[None]]
MINUTE = 60_000
FOLLOW = 0.25
"""Seconds between looks for new lines."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to start. ``environment`` holds granted values, ``egress`` granted hosts."""

    snapshot: Snapshot
    spec: PreviewSpec
    settings: PreviewSettings
    network: Callable[[str], Awaitable[bool]]
    """Asked whether the network may be used for what the text says, only when it is needed."""
    own_command: bool = False
    """Whether an image that starts something by itself is to do so."""
    environment: Mapping[str, str] = field(default_factory=dict)
    egress: tuple[str, ...] = ()


@dataclass
class Previews:
    """All previews recorded in one state. ``owner`` is this process's id there."""

    db: Database
    owner: str
    state: str
    """Names the state in labels."""
    configure: Callable[[Path], Awaitable[PreviewSettings]]
    """The settings of a workspace, for what happens without a command."""
    early: dict[str, list[LogLine]] = field(default_factory=dict)
    """What builds and installations of previews that are being started printed."""
    unclean: set[str] = field(default_factory=set)
    """Engines that may still have something of a preview that has ended."""
    shown: dict[str, Snapshot] = field(default_factory=dict)
    """What the previews this process looks after have of their workspaces."""
    shown_at: dict[str, int] = field(default_factory=dict)
    """When they got it, in milliseconds since the epoch."""
    live: int = 0
    """How many previews there were at the last look."""
    _engines: dict[str, Engine] = field(default_factory=dict)
    _connecting: anyio.Lock = field(default_factory=anyio.Lock)

    async def engine(self, named: str = "") -> Engine:
        """The engine at this address, or the one that is found. EngineMissing within a second."""
        async with self._connecting:
            known = self._engines.get(named)
            if known is not None:
                try:
                    await known.call(known.client.ping)
                except EngineFailed:
                    await self.lose(known)
                else:
                    return known
            found = await engine.connect(named)
            self._engines[named] = found
            return found

    async def lose(self, lost: Engine) -> None:
        """Forget an engine that no longer answers."""
        for address, known in tuple(self._engines.items()):
            if known is lost:
                del self._engines[address]
        await lost.aclose()

    async def aclose(self) -> None:
        """Let go of the engines; the previews live on."""
        for known in tuple(self._engines.values()):
            await self.lose(known)

    # -- starting -------------------------------------------------------------------------------

    async def start(self, order: Order, say: Say) -> PreviewStatus:
        """Start a preview and wait until it is ready.

        Raises EngineMissing, RuntimeMissing, ImageMissing, LimitReached, NotTrusted, PreviewFailed
        or EngineFailed; whatever was made is removed then, and when the caller is cancelled.
        """
        found = await self.engine(order.settings.engine)
        runtime = runtimes.choose(order.settings.runtime, found.facts)
        await life.reap(self, found)
        tag = await self._record(order, found)
        await say("The preview is being prepared.")
        self.early[tag.preview] = []
        self.live += 1
        try:
            return await self._start(order, found, tag, runtime, say)
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._failed(found, tag, error)
            raise
        finally:
            self.early.pop(tag.preview, None)

    async def _record(self, order: Order, found: Engine) -> Tag:
        settings, now = order.settings, clock.now_ms()
        deadline = now + int(settings.minutes * MINUTE)
        latest = max(deadline, now + int(settings.longest_minutes * MINUTE))
        root = str(order.snapshot.root)
        spec = order.spec
        async with self.db.session(durable=True) as s:
            workspace = await workspaces.ensure(s, root)
            row = previews.Preview(
                id=clock.new_id(),
                workspace_id=workspace.id,
                owner_id=self.owner,
                title=spec.title or spec.origin or order.snapshot.root.name,
                stack=str(spec.stack),
                phase=previews.STARTING,
                cause="",
                reason="",
                spec=msgspec.json.encode(spec),
                image="",
                command=" ".join(spec.start),
                runtime="",
                engine=found.address,
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
        return Tag(row.id, self.state, deadline, latest)

    async def _start(
        self, order: Order, found: Engine, tag: Tag, runtime: str, say: Say
    ) -> PreviewStatus:
        settings, spec = order.settings, order.spec
        limits = hardening.limits(settings, runtime)
        early = self.early[tag.preview]
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
        planned, notes = await self._plan(order, site, say)
        stage_site = launch.Site(
            engine=found,
            tag=tag,
            snapshot=order.snapshot,
            limits=limits,
            tools=own,
            egress=order.egress,
            careful=bool(settings.runtime),
        )
        stage = await launch.prepare(stage_site, planned)
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
        self.shown[tag.preview] = order.snapshot
        async with self.db.session(durable=True) as s:
            await previews.state_facts(s, tag.preview, "note", notes)
            await previews.state_facts(s, tag.preview, sync.SNAPSHOT, (order.snapshot.hash,))
            if not await previews.update_live(s, tag.preview, values):
                raise EngineFailed("it was stopped while it started", hint=" ")
        return await views.one(self.db, tag.preview)

    async def _plan(
        self, order: Order, site: install.Site, say: Say
    ) -> tuple[plan.Plan, tuple[str, ...]]:
        """Have every image, then say which containers there will be."""
        spec, found, granted = order.spec, site.engine, order.environment
        if spec.services:
            names, facts = {}, {}
            for service in spec.services:
                if service.dockerfile:
                    build = images.Build(
                        service.dockerfile,
                        service.context,
                        self._build_name(order, service.name),
                        service.target,
                        service.arguments,
                    )
                    await say(f"The image of {service.name} is being built.")
                    names[service.name] = await self._build(order, site, build)
                else:
                    await images.have(found, service.image, order.settings, site.tell)
                    names[service.name] = service.image
                facts[service.name] = await images.look(found, names[service.name])
            return plan.of_services(spec, site.tag, names, facts, granted), ()
        if spec.dockerfile:
            build = images.Build(
                spec.dockerfile,
                spec.context,
                self._build_name(order, "main"),
                spec.target,
                spec.arguments,
            )
            await say("The image is being built.")
            name = await self._build(order, site, build)
            return plan.of_image(spec, site.tag, name, await images.look(found, name), granted), ()
        await say("The image is being looked for.")
        base, notes = await images.base(found, spec, order.settings, site.tell)
        facts_of_base = await images.look(found, base)
        if facts_of_base.starts and (order.own_command or not spec.start):
            return plan.of_image(spec, site.tag, base, facts_of_base, granted), notes
        if spec.install:
            await say("The dependencies are being looked for.")
        name = await install.dependencies(site, spec, order.snapshot, base, facts_of_base.id)
        return plan.of_project(spec, site.tag, name, facts_of_base, granted), notes

    async def _build(self, order: Order, site: install.Site, build: images.Build) -> str:
        granted = await order.network(f"building {build.dockerfile}")
        hosts = (EVERYWHERE, *order.egress) if granted else ()
        async with way_out(site.engine, site.tag, site.tools, site.limits, hosts) as way:
            build = replace(build, network=way.network, proxies=way.proxies)
            await images.build(site.engine, order.snapshot, build, order.settings, site.tell)
        return build.name

    def _build_name(self, order: Order, part: str) -> str:
        import hashlib

        whose = f"{self.state} {order.snapshot.root} {order.spec.folder}"
        name = hashlib.sha256(whose.encode()).hexdigest()[:16]
        safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in part.lower())
        return f"{labels.CACHE_NAME}/build-{name}:{safe.strip('-') or 'main'}"

    async def _failed(self, found: Engine, tag: Tag, error: BaseException) -> None:
        """Keep what it printed, remove what was made, record why."""
        cancelled = isinstance(error, anyio.get_cancelled_exc_class())
        lines = [*self.early.get(tag.preview, ()), *await life.printed(found, tag.preview)]
        cause = launch.causes(error)
        reason = error.detail if isinstance(error, SamokoderError) else type(error).__name__
        async with self.db.session(durable=True) as s:
            await previews.end(
                s,
                tag.preview,
                phase=previews.STOPPED if cancelled else previews.FAILED,
                cause="" if cancelled else str(cause),
                reason="cancelled" if cancelled else reason,
            )
            await previews.keep_output(s, tag.preview, output.encoded(lines))
        self.live = max(0, self.live - 1)
        try:
            await removal.remove(found, tag.preview)
        except EngineFailed:
            # the next look at what is there removes it
            self.unclean.add(found.address)
            await self.lose(found)

    async def follow(self, preview: str) -> AsyncGenerator[LogLine, None]:
        """Every line of a live preview, those of the past first; ends when it does."""
        number = 0
        readers: dict[str, output.Reader] = {}
        row = await views.row(self.db, preview)
        for line in output.decoded(row.output):
            yield replace(line, number=(number := number + 1))
        while row.phase in previews.LIVE:
            found = await self.engine(row.engine)
            for line in await life.news(found, row.id, readers):
                yield replace(line, number=(number := number + 1))
            await anyio.sleep(FOLLOW)
            row = await views.row(self.db, row.id)

    # -- afterwards -----------------------------------------------------------------------------

    async def stop(self, preview: str, *, reason: str = "stopped") -> PreviewStatus:
        """Stop one; the beginning of its id is enough. Stopping again is fine."""
        row = await views.row(self.db, preview)
        if row.phase in previews.LIVE:
            await self.end(row, phase=previews.STOPPED, reason=reason)
        return await views.one(self.db, row.id)

    async def end(
        self, row: previews.Preview, *, phase: str, cause: Cause = Cause.NONE, reason: str
    ) -> None:
        """Record the end, then remove what there is; also without an engine."""
        try:
            found = await self.engine(row.engine)
        except EngineMissing:
            found = None
        lines = list(output.decoded(row.output))
        if found is not None:
            lines += await life.printed(found, row.id)
        async with self.db.session(durable=True) as s:
            await previews.end(s, row.id, phase=phase, cause=str(cause), reason=reason)
            await previews.keep_output(s, row.id, output.encoded(lines))
        self.live = max(0, self.live - 1)
        if found is not None:
            await removal.remove(found, row.id)
            await cache.tidy(found)

    async def forget(self, root: Path, named: str = "") -> int:
        """Remove the images that are kept for a workspace; how many went."""
        return await cache.forget(await self.engine(named), str(root))

    async def status(self, preview: str) -> PreviewStatus:
        """One preview; the beginning of its id is enough."""
        return await views.one(self.db, (await views.row(self.db, preview)).id)

    async def refresh_states(self) -> None:
        """Look at the engines now instead of waiting for the next look."""
        await life.look(self)

    async def listing(
        self, root: Path | None = None, *, ended: bool = False
    ) -> tuple[PreviewStatus, ...]:
        """Previews of a workspace (None: of all), the newest first; with ``ended`` those too."""
        return await views.listing(self.db, root, live=not ended)

    async def lines(self, preview: str, *, tail: int | None = None) -> tuple[LogLine, ...]:
        """What it printed, builds and installations first."""
        row = await views.row(self.db, preview)
        lines = [*output.decoded(row.output), *self.early.get(row.id, ())]
        if row.phase in previews.LIVE:
            try:
                found = await self.engine(row.engine)
                lines += await life.printed(found, row.id)
            except (EngineMissing, EngineFailed):
                lines = lines[:]
        kept = lines if tail is None else lines[-tail:] if tail else []
        return tuple(replace(line, number=i) for i, line in enumerate(kept, 1))


@asynccontextmanager
async def open_previews(
    db: Database, owner: str, configure: Callable[[Path], Awaitable[PreviewSettings]]
) -> AsyncIterator[Previews]:
    """The previews of a state; leaving lets them live."""
    opened = Previews(db, owner, life.identity(db), configure)
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            await opened.aclose()
