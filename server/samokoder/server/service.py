"""The composition root: state, engine, models and settings put together for one process."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync

from samokoder.agents import configuration, logs
from samokoder.agents.checks.check import Problem
from samokoder.agents.configuration import Configuration
from samokoder.agents.generate.kinds import kinds as generate_kinds
from samokoder.agents.models.models import OpenModels, open_models
from samokoder.agents.preview import life as previews_life
from samokoder.agents.preview import loopback as previews_loopback
from samokoder.agents.preview import problems as previews_problems
from samokoder.agents.preview import sync as previews_sync
from samokoder.agents.preview.previews import Previews, open_previews
from samokoder.agents.preview.remembering import kinds as preview_kinds
from samokoder.agents.repair.kinds import kinds
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review.kinds import kinds as review_kinds
from samokoder.agents.review.opinions import ModelOpinions
from samokoder.agents.review.review import Reviewers
from samokoder.agents.review.shelf import StateShelf
from samokoder.agents.review.sources import static_sources
from samokoder.agents.runs.engine import Engine
from samokoder.agents.runs.engine import open_engine as open_runs
from samokoder.agents.runs.order import Order
from samokoder.agents.sandbox.scratch import ScratchPool, reap
from samokoder.agents.scaffold.making import kinds as scaffold_kinds
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.target import Editors, NoEditors
from samokoder.server.feed import Feed
from samokoder.server.findings import FindingsFace
from samokoder.server.forwarded import Forwarded
from samokoder.server.housekeeping import keep_house
from samokoder.server.protocol import current_request
from samokoder.state import notices, trusts, workspaces
from samokoder.state.database import Database

if TYPE_CHECKING:
    from samokoder.server.connection import Connection
    from samokoder.server.diagnostics import Mark
    from samokoder.server.host import Host

TAKE_UP_HOURS = 24.0
"""Runs interrupted longer ago than this wait for `run resume` instead of being taken up."""


@dataclass
class Service:
    """What commands work with. ``settings_of`` holds what each editor has configured."""

    db: Database
    engine: Engine
    models: OpenModels
    editors: Editors
    previews: Previews
    host: "Host | None" = None
    feed: "Feed | None" = None
    findings: FindingsFace | None = None
    connections: dict[str, "Connection"] = field(default_factory=dict)
    forwarded: Forwarded = field(default_factory=Forwarded)

    def publish(self, root: Path, problems: Iterable[Problem], owner: str = "check") -> None:
        """Show what one owner (checks, a preview) says of a workspace where it is open."""
        from samokoder.server.diagnostics import mark_of

        files: dict[Path, list[Mark]] = {}
        for problem in problems:
            files.setdefault(root / problem.path, []).append(mark_of(problem, root))
        for connection in self.connections.values():
            if any(root.is_relative_to(r) or r.is_relative_to(root) for r in connection.roots):
                connection.diagnostics.replace(f"{owner}:{root}", dict(files))

    def publish_preview(self, root: Path, problems: Iterable[Problem]) -> None:
        """Show what the previews of a workspace say is wrong."""
        self.publish(root, problems, "preview")

    def busy(self) -> bool:
        """Whether a run is active, so that the process must not end."""
        return self.engine.busy()

    async def connected(self, connection: "Connection") -> None:
        """A client is ready: tell it what it missed, let waiting runs see its documents."""
        self.connections[connection.id] = connection
        if connection.capabilities.events and self.feed is not None:
            connection.tasks.start_soon(self.feed.follow, connection)
        self.engine.editor_attached()
        await self._tell_unread(connection)
        if self.findings is not None:
            await self.findings.connected(connection)

    async def _tell_unread(self, connection: "Connection") -> None:
        """What ended while no editor was there."""
        async with self.db.session() as s:
            for root in connection.roots:
                workspace = await workspaces.find(s, str(root))
                unread = await notices.unread(s, workspace_id=workspace.id) if workspace else ()
                for notice in unread:
                    connection.notices.tell(notice.level, notice.text)
                await notices.mark_read(s, [notice.id for notice in unread])

    def submitted(self, order: Order, run_id: str) -> None:
        """A run has been ordered: tell the client that did, and which request of it that was."""
        connection, request = self.connections.get(order.client), current_request.get()
        if connection is not None and request is not None and connection.capabilities.events:
            facts = {"request": request.id, "run": run_id, "kind": order.kind, "title": order.title}
            connection.protocol.notify("samokoder/started", facts)

    async def disconnected(self, connection: "Connection") -> None:
        """A client is gone; its runs go on."""
        self.connections.pop(connection.id, None)

    async def configuration(
        self,
        root: Path | None,
        *,
        client: str | None = None,
        flags: Mapping[str, Any] | None = None,
        consent: bool = False,
    ) -> Configuration:
        """The settings in effect for a workspace, with their origins and problems.

        ``consent``: the user trusts the workspace for this once.
        """
        editor = self.connections[client].settings if client in self.connections else {}
        trusted = consent or await self.trusted(root, "commands")
        return await configuration.load(root, trusted=trusted, editor=editor, flags=flags or {})

    async def trusted(self, root: Path | None, kind: str, subject: str = "") -> bool:
        """Whether the user has consented to this in this workspace."""
        if root is None:
            return False
        async with self.db.reading() as s:
            workspace = await workspaces.find(s, str(root))
            if workspace is None:
                return False
            return await trusts.holds(s, workspace.id, kind, subject)

    async def trust(self, root: Path, kind: str, subject: str = "") -> None:
        """Remember a consent."""
        async with self.db.session(durable=True) as s:
            workspace = await workspaces.ensure(s, str(root))
            await trusts.grant(s, workspace.id, kind, subject)

    async def untrust(self, root: Path, kind: str, subject: str | None = None) -> int:
        """Take back consents; how many there were."""
        async with self.db.session(durable=True) as s:
            workspace = await workspaces.ensure(s, str(root))
            return await trusts.revoke(s, workspace.id, kind, subject)


@asynccontextmanager
async def _log(settings: Settings, name: str) -> AsyncIterator[None]:
    log = await run_sync(lambda: logs.Logs(settings.log, name))
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await log.aclose()


@asynccontextmanager
async def _pool() -> AsyncIterator[ScratchPool]:
    pool = ScratchPool()
    try:
        yield pool
    finally:
        with anyio.CancelScope(shield=True):
            await pool.close()


@asynccontextmanager
async def _open(editors: Editors, host: "Host | None") -> AsyncIterator[Service]:
    first = (await configuration.load(None)).settings
    name = "daemon" if host is not None else "shell"
    async with _log(first, name), Database.open(first.state.url or None) as db, _pool() as pool:
        holder: list[Service] = []

        tools = Tools(pool, db)
        reviewers = Reviewers(StateShelf(db), static_sources(tools), tools, ModelOpinions(tools))

        async def agreed(root: Path, provider: str) -> bool:
            return await holder[0].trusted(root, "provider", provider)

        async def configure(order: Order) -> Settings:
            found = await holder[0].configuration(
                Path(order.root), client=order.client, flags=order.flags, consent=order.consent
            )
            return found.settings

        async def of_previews(root: Path) -> Settings:
            return (await holder[0].configuration(root)).settings

        async with (
            open_models(agreed) as models,
            open_runs(
                db,
                editors=editors,
                models=models,
                configure=configure,
                kinds={
                    **kinds(tools),
                    **review_kinds(reviewers),
                    **scaffold_kinds(tools),
                    **generate_kinds(tools),
                    **preview_kinds(),
                },
                parallel=first.run.parallel,
            ) as engine,
            open_previews(db, engine.owner.id, of_previews) as previews,
        ):
            service = Service(db, engine, models, editors, previews, host)
            holder.append(service)
            yield service


@asynccontextmanager
async def open_engine(host: "Host") -> AsyncIterator[Service]:
    """The service of a process that serves editors: it takes up interrupted runs."""
    async with _open(host.editors, host) as service, anyio.create_task_group() as tasks:
        settings = (await configuration.load(None)).settings
        host.idle_seconds = settings.daemon.idle_minutes * 60
        tasks.start_soon(keep_house, service.db, settings)
        service.feed = Feed(service.engine.stream)
        service.engine.submitted = service.submitted
        service.findings = FindingsFace(service.db, service.engine.stream, service.connections)
        tasks.start_soon(previews_life.keep, service.previews)
        tasks.start_soon(previews_loopback.keep, service.previews)
        tasks.start_soon(previews_sync.watch, service.previews)
        tasks.start_soon(previews_problems.follow, service.previews, service.publish_preview)
        tasks.start_soon(_awake, host, service.previews)
        tasks.start_soon(service.feed.run)
        tasks.start_soon(service.findings.run)
        await service.engine.take_up()
        tasks.start_soon(lambda: run_sync(reap))
        try:
            yield service
        finally:
            tasks.cancel_scope.cancel()


async def _awake(host: "Host", previews: Previews) -> None:
    """A daemon that keeps the deadline of a preview does not end for want of work."""
    while True:
        if previews.live:
            host.idle_since = time.monotonic()
        await anyio.sleep(1.0)


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service of a shell command: nothing is open anywhere, nothing is taken up."""
    async with _open(NoEditors(), None) as service:
        yield service
