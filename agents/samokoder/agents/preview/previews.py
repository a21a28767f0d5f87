"""Previews: started, looked at, kept up to date, stopped. The one door to all of this package.

What is recorded comes first: a row before any container, so that whatever a crash leaves behind is
found again (see ``life``).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from samokoder.agents.errors import EngineFailed, EngineMissing
from samokoder.agents.preview import cache, engine, life, loopback, output, removal, starting, views
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.order import Order, Say
from samokoder.agents.preview.spec import Cause, LogLine, PreviewStatus
from samokoder.agents.settings import Settings
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import previews
from samokoder.state.database import Database

FOLLOW = 0.25
"""Seconds between looks for new lines."""


@dataclass
class Previews:
    """All previews recorded in one state. ``owner`` is this process's id there."""

    db: Database
    owner: str
    state: str
    """Names the state in labels."""
    configure: Callable[[Path], Awaitable[Settings]]
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

    async def start(self, order: Order, say: Say) -> PreviewStatus:
        """Start a preview and wait until it is ready.

        Raises EngineMissing, RuntimeMissing, ImageMissing, LimitReached, NotTrusted, PreviewFailed
        or EngineFailed; whatever was made is removed then, and when the caller is cancelled.
        """
        try:
            found = await self.engine(order.settings.engine)
        except EngineMissing as error:
            if not loopback.possible(order.spec) or order.settings.runtime:
                raise
            return await loopback.start(self, order, error)
        return await starting.start(self, order, found, say)

    async def follow(self, preview: str) -> AsyncGenerator[LogLine, None]:
        """Every line of a live preview, those of the past first; ends when it does."""
        number = 0
        readers: dict[str, output.Reader] = {}
        row = await views.row(self.db, preview)
        for line in output.decoded(row.output):
            yield replace(line, number=(number := number + 1))
        while row.phase in previews.LIVE:
            if row.engine != loopback.ENGINE:
                found = await self.engine(row.engine)
                for line in await life.news(found, row.id, readers):
                    yield replace(line, number=(number := number + 1))
            await anyio.sleep(FOLLOW)
            row = await views.row(self.db, row.id)

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
        found = None
        try:
            if row.engine != loopback.ENGINE:
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
        if row.phase in previews.LIVE and row.engine != loopback.ENGINE:
            try:
                found = await self.engine(row.engine)
                lines += await life.printed(found, row.id)
            except (EngineMissing, EngineFailed):
                lines = lines[:]
        kept = lines if tail is None else lines[-tail:] if tail else []
        return tuple(replace(line, number=i) for i, line in enumerate(kept, 1))


@asynccontextmanager
async def open_previews(
    db: Database, owner: str, configure: Callable[[Path], Awaitable[Settings]]
) -> AsyncIterator[Previews]:
    """The previews of a state; leaving lets them live."""
    opened = Previews(db, owner, life.identity(db), configure)
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            await opened.aclose()
