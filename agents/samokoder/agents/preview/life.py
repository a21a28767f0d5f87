"""How long previews live: the deadline, use that moves it, and what a crash left behind.

``reap`` compares what is recorded with what the engine has, and ends or removes what should not be.
It runs before every start and again and again in the daemon, and takes up what another process
began: a preview belongs to the state, not to the process that started it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio

from samokoder.agents import logs
from samokoder.agents.errors import EngineFailed, EngineMissing
from samokoder.agents.preview import gateway, health, labels, loopback, output, removal
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.plan import MAIN, Part
from samokoder.agents.preview.spec import Cause, LogLine
from samokoder.state import clock, owners, previews
from samokoder.state.database import Database
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

log = logs.get(__name__)

LOOK = 5.0
"""Seconds between looks while previews are live."""
REST = 3.0
"""Seconds between looks while none is."""
OURS = frozenset({"gateway", "install", "build", "look"})
"""Roles of containers that are not the project's programs."""
KEPT_DAYS = 30
"""Days rows of ended previews are kept."""
_DAY = 86_400_000
_MOST = 1000
"""Previews that are looked at; their number has a limit far below."""


def identity(db: Database) -> str:
    """Names a state in labels, without telling where it is."""
    return hashlib.sha256(db.address.label.encode()).hexdigest()[:16]


async def keep(them: "Previews") -> None:
    """Look again and again, until cancelled; a failure is logged and tried again."""
    async with them.db.reading() as s:
        past = await previews.listing(s, limit=20)
    them.unclean |= {row.engine for row in past if row.ended_at is not None} - {loopback.ENGINE}
    while True:
        try:
            async with them.db.reading() as s:
                them.live = await previews.count(s)
            if them.live or them.unclean:
                await look(them)
        except SamokoderError as error:
            log.warning("previews could not be looked after", error=str(error))
        await anyio.sleep(LOOK if them.live else REST)


async def look(them: "Previews") -> None:
    """One look at every engine there are previews in; one that is away is noted."""
    async with them.db.reading() as s:
        live = await previews.listing(s, phases=previews.LIVE, limit=_MOST)
    for address in ({row.engine for row in live} | them.unclean) - {loopback.ENGINE}:
        try:
            found = await them.engine(address)
            await reap(them, found)
            them.unclean.discard(address)
        except (EngineMissing, EngineFailed) as error:
            values = {"cause": str(Cause.ENGINE_LOST), "reason": str(error)}
            async with them.db.session() as s:
                for row in live:
                    if row.engine == address and row.phase == previews.RUNNING:
                        await previews.update_live(s, row.id, values)


async def reap(them: "Previews", found: Engine) -> None:
    """End what is over, remove what is nobody's, extend what is used."""
    there = await removal.find(found, labels.PREVIEW)
    async with them.db.session() as s:
        gone = {owner.id for owner in await owners.dead(s)}
        live = await previews.listing(s, phases=previews.LIVE, limit=_MOST)
    them.live = len(live)
    rows = {row.id: row for row in live if row.engine == found.address}
    containers: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in there.containers:
        containers[labels.of(one).get(labels.PREVIEW, "")].append(one)
    for row in rows.values():
        if row.phase == previews.STARTING:
            if row.owner_id is None or row.owner_id in gone:
                await them.end(
                    row,
                    phase=previews.FAILED,
                    cause=Cause.INTERRUPTED,
                    reason="the process that started it is gone",
                )
            continue
        await _look_at(them, found, row, containers.get(row.id, []))
    await _remove_strays(them, found, there, rows)
    async with them.db.session() as s:
        await previews.forget(s, clock.now_ms() - KEPT_DAYS * _DAY)


async def _look_at(
    them: "Previews", found: Engine, row: previews.Preview, containers: list[Mapping[str, Any]]
) -> None:
    """One preview that runs by itself."""
    by_role = {labels.of(c).get(labels.ROLE, ""): c for c in containers}
    door = by_role.get("gateway")
    if door is None or door.get("State") != "running":
        await them.end(
            row,
            phase=previews.FAILED,
            cause=Cause.ENGINE_LOST,
            reason="the engine was stopped, and its containers with it",
        )
        return
    now = clock.now_ms()
    deadline = row.deadline_at
    said = await gateway.said(found, str(door["Id"]))
    if said.used > row.used_at:
        lifetime = row.deadline_at - row.used_at
        async with them.db.session() as s:
            deadline = await previews.use(s, row.id, said.used, lifetime)
    if now >= deadline:
        reason = (
            f"nobody used it for {round((deadline - max(row.used_at, said.used)) / 60_000)} min"
        )
        await them.end(row, phase=previews.STOPPED, cause=Cause.EXPIRED, reason=reason)
        return
    await _condition(them, found, row, by_role)


async def _condition(
    them: "Previews",
    found: Engine,
    row: previews.Preview,
    by_role: Mapping[str, Mapping[str, Any]],
) -> None:
    """A program that ended is told; a changed file may start it again."""
    ended = [
        (role, one)
        for role, one in by_role.items()
        if role not in OURS and one.get("State") == "exited"
    ]
    cause, reason = Cause.NONE, ""
    for role, one in ended:
        raw = (await found.call(found.client.inspect_container, str(one["Id"])))["State"]
        code = int(raw.get("ExitCode") or 0)
        if raw.get("OOMKilled"):
            cause, reason = Cause.OUT_OF_MEMORY, "out of memory"
        elif code or row.port:
            said = await output.Reader(found, str(one["Id"]), role).read(tail=40)
            part = Part(role, row.image, "", command=(row.command or role,))
            cause, reason = Cause.CRASHED, health.ended(part, code, said)
    if (str(cause), reason) != (row.cause, row.reason):
        async with them.db.session() as s:
            await previews.update_live(s, row.id, {"cause": str(cause), "reason": reason})


async def _remove_strays(
    them: "Previews", found: Engine, there: removal.Found, rows: Mapping[str, previews.Preview]
) -> None:
    """Remove what no live row stands for; of other states only what has outlived its time."""
    now = clock.now_ms()
    strays = set()
    for marks in there.labels():
        preview = marks.get(labels.PREVIEW, "")
        if marks.get(labels.STATE) == them.state:
            if preview.partition(".")[0] not in rows:
                strays.add(preview)
        elif int(marks.get(labels.LATEST) or 0) < now:
            strays.add(preview)
    if not strays:
        return
    async with them.db.reading() as s:
        # begun since the look at the rows
        live = {row.id for row in await previews.listing(s, phases=previews.LIVE, limit=_MOST)}
    for preview in strays:
        if preview.partition(".")[0] in live:
            continue
        try:
            await removal.remove(found, preview)
        except EngineFailed as error:
            log.warning("something of a preview could not be removed", error=str(error))


async def printed(found: Engine, preview: str) -> list[LogLine]:
    """What the programs of a preview printed; nothing when the engine does not answer."""
    try:
        return await news(found, preview, {})
    except EngineFailed:
        return []


async def news(found: Engine, preview: str, readers: dict[str, output.Reader]) -> list[LogLine]:
    """What the programs of a preview printed since the last time, in the order of its times.

    Installations and builds are not among them: they are told while they run.
    """
    chosen = labels.chosen(labels.PREVIEW, preview)
    containers = await found.call(found.client.containers, all=True, filters=chosen)
    lines: list[LogLine] = []
    for one in containers:
        role, number = labels.of(one).get(labels.ROLE, ""), str(one["Id"])
        if role in OURS:
            continue
        service = "" if role == MAIN else role
        reader = readers.setdefault(number, output.Reader(found, number, service))
        lines += await reader.read()
    lines.sort(key=lambda line: line.at)
    return lines
