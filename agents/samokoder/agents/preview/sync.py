"""Hot reload: what was saved in the workspace reaches the container, and takes effect there.

Saved files only: a program that restarts at every key press helps nobody. A preview that was taken
up after a crash is filled anew, unless nothing was saved since.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from samokoder.agents import logs
from samokoder.agents.errors import EngineFailed, EngineMissing, PreviewFailed
from samokoder.agents.preview import (
    code,
    container,
    filling,
    hardening,
    install,
    labels,
    plan,
    removal,
    renewal,
    tools,
)
from samokoder.agents.preview.engine import Engine
from samokoder.agents.preview.labels import Tag
from samokoder.agents.preview.spec import Cause, PreviewSpec, Reload
from samokoder.agents.workspace.capture import Tree
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import clock, previews, workspaces
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

log = logs.get(__name__)

LOOK: Final = 0.4
"""Seconds between looks at the workspace; longer where a look takes long."""
REST: Final = 2.0
_SHARE: Final = 20
"""A look may take this part of the time at most."""
SNAPSHOT: Final = "snapshot"
"""The kind of fact that holds the hash of what a preview has."""


async def watch(them: "Previews") -> None:
    """Bring every live preview what is saved in its workspace, until cancelled."""
    trees: dict[Path, Tree] = {}
    while True:
        begun = time.monotonic()
        try:
            await _look(them, trees)
        except SamokoderError as error:
            log.warning("a preview could not be brought up to date", error=str(error))
        took = time.monotonic() - begun
        await anyio.sleep(max(LOOK, took * _SHARE) if them.live else REST)


async def _look(them: "Previews", trees: dict[Path, Tree]) -> None:
    if not them.live:
        trees.clear()
        them.shown.clear()
        return
    async with them.db.reading() as s:
        live = await previews.listing(s, phases=(previews.RUNNING,), limit=100)
        roots = {w.id: Path(w.root) for w in await workspaces.listing(s)}
    for gone in them.shown.keys() - {row.id for row in live}:
        del them.shown[gone]
    for row in live:
        root = roots[row.workspace_id]
        spec = msgspec.json.decode(row.spec, type=PreviewSpec)
        if spec.reload is Reload.NONE or not (of_image(spec) or row.code == code.PLACE):
            continue
        if root not in trees:
            ignore = (await them.configure(root)).workspace.ignore
            trees[root] = code.tree(anyio.Path(root), ignore)
        try:
            await refresh(them, row, spec, await trees[root].capture())
        except (EngineMissing, EngineFailed) as error:
            log.info("an engine is away", preview=row.id, error=str(error))


async def refresh(
    them: "Previews", row: previews.Preview, spec: PreviewSpec, now: Snapshot
) -> bool:
    """Make the container's copy equal to the snapshot; whether anything had to be done."""
    old = them.shown.get(row.id)
    if old is not None and old.hash == now.hash:
        return False
    if old is None and await _has(them, row, now):
        them.shown[row.id] = now
        return False
    if of_image(spec):
        return await _renewed(them, row, spec, old, now)
    found = await them.engine(row.engine)
    there = await removal.find(found, labels.PREVIEW, row.id)
    roles = {labels.of(c).get(labels.ROLE, ""): str(c["Id"]) for c in there.containers}
    if "gateway" not in roles or plan.MAIN not in roles:
        return False
    place = f"{container.FILLED}/0"
    if old is None:
        await filling.fill_anew(found, roles["gateway"], place, spec.folder, now)
    else:
        what = filling.difference(old, now, spec.folder)
        if not what:
            them.shown[row.id] = now
            return False
        await filling.bring(found, roles["gateway"], place, spec.folder, now, what)
    await _note(them, row.id, now)
    await _take_effect(them, found, row, spec, roles[plan.MAIN], now.root)
    return True


def of_image(spec: PreviewSpec) -> bool:
    """Whether its programs come with images that are built, and not in a volume of the project."""
    return bool(spec.dockerfile or spec.services)


async def _renewed(
    them: "Previews",
    row: previews.Preview,
    spec: PreviewSpec,
    old: Snapshot | None,
    now: Snapshot,
) -> bool:
    if old is not None and not filling.difference(old, now, spec.folder):
        them.shown[row.id] = now
        return False
    found = await them.engine(row.engine)
    done = await renewal.renew(them, found, row, spec, old, now)
    await _note(them, row.id, now)
    values = {"cause": "", "reason": "", "image": done.image}
    if done.failure is not None:
        values |= {"cause": str(Cause.BUILD_FAILED), "reason": done.failure.detail}
    async with them.db.session() as s:
        await previews.update_live(s, row.id, values)
    return True


async def _has(them: "Previews", row: previews.Preview, now: Snapshot) -> bool:
    """Whether this is what it was given last, by this process or another."""
    async with them.db.reading() as s:
        known = (await previews.facts(s, (row.id,))).get((row.id, SNAPSHOT), ("",))
    return known[0] == now.hash


async def _note(them: "Previews", preview: str, snapshot: Snapshot) -> None:
    """Record what a preview has."""
    them.shown[preview] = snapshot
    them.shown_at[preview] = clock.now_ms()
    async with them.db.session() as s:
        await previews.state_facts(s, preview, SNAPSHOT, (snapshot.hash,))


async def _take_effect(
    them: "Previews",
    found: Engine,
    row: previews.Preview,
    spec: PreviewSpec,
    main: str,
    root: Path,
) -> None:
    if spec.reload is Reload.WATCH:
        now = await container.condition(found, main)
        if now.running:
            return
    elif spec.reload is Reload.BUILD and not await _built(them, found, row, spec, root):
        return
    await found.call(found.client.restart, main, timeout=1)
    async with them.db.session() as s:
        await previews.update_live(s, row.id, {"cause": "", "reason": ""})


async def _never(_what: str) -> bool:
    return False


async def _built(
    them: "Previews", found: Engine, row: previews.Preview, spec: PreviewSpec, root: Path
) -> bool:
    """Build again; a build that fails leaves the old program running and is told as its cause."""
    settings = (await them.configure(root)).preview
    tag = Tag(row.id, them.state, row.deadline_at, row.latest_at)
    lines = them.early.setdefault(row.id, [])
    del lines[:]
    site = install.Site(
        engine=found,
        tag=tag,
        settings=settings,
        limits=hardening.limits(settings, ""),
        tools=await tools.image(found, settings.python_image),
        tell=lines.append,
        network=_never,
    )
    try:
        await install.build(site, spec, row.image, tag.name("code"))
    except PreviewFailed as error:
        values = {"cause": str(Cause.BUILD_FAILED), "reason": error.detail}
        async with them.db.session() as s:
            await previews.update_live(s, row.id, values)
        return False
    return True
