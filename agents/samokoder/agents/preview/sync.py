"""Hot reload: what was saved in the workspace reaches the container, and takes effect there.

Saved files only: a program that restarts at every key press helps nobody. A preview that was taken
up after a crash is filled anew, unless nothing was saved since.
"""

import json
import posixpath
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from samokoder.agents import logs
from samokoder.agents.errors import EngineFailed, EngineMissing, PreviewFailed
from samokoder.agents.preview import (
    code,
    container,
    hardening,
    install,
    labels,
    plan,
    removal,
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
_REMOVE: Final = (
    "import json, os, shutil, sys\n"
    "for path in json.loads(sys.argv[1]):\n"
    "    if os.path.isdir(path) and not os.path.islink(path):\n"
    "        shutil.rmtree(path, ignore_errors=True)\n"
    "    elif os.path.lexists(path):\n"
    "        os.unlink(path)\n"
)
SNAPSHOT: Final = "snapshot"
"""The kind of fact that holds the hash of what a preview has."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Places below the project's folder."""

    changed: frozenset[str]
    removed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


def difference(old: Snapshot, new: Snapshot, folder: str) -> Difference:
    """What has to be done to a copy of the one to make it the other."""
    before, after = code.below(old, folder), code.below(new, folder)
    changed = {
        place
        for place, path in after.items()
        if place not in before
        or old.files[before[place]].hash != new.files[path].hash
        or (old.files[before[place]].mode ^ new.files[path].mode) & 0o111
    }
    return Difference(frozenset(changed), frozenset(before.keys() - after.keys()))


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
        if spec.reload is Reload.NONE or row.code != code.PLACE:
            continue
        tree = trees.setdefault(root, code.tree(anyio.Path(root), ()))
        try:
            await refresh(them, row, spec, await tree.capture())
        except (EngineMissing, EngineFailed) as error:
            log.info("an engine is away", preview=row.id, error=str(error))


async def refresh(
    them: "Previews", row: previews.Preview, spec: PreviewSpec, now: Snapshot
) -> bool:
    """Make the container's copy equal to the snapshot; whether anything had to be done."""
    old = them.shown.get(row.id)
    if old is not None and old.hash == now.hash:
        return False
    found = await them.engine(row.engine)
    there = await removal.find(found, labels.PREVIEW, row.id)
    roles = {labels.of(c).get(labels.ROLE, ""): str(c["Id"]) for c in there.containers}
    if "gateway" not in roles or plan.MAIN not in roles:
        return False
    if old is None:
        async with them.db.reading() as s:
            known = (await previews.facts(s, (row.id,))).get((row.id, SNAPSHOT), ("",))
        if known[0] == now.hash:
            them.shown[row.id] = now
            return False
        await _fill_anew(found, roles["gateway"], spec, now)
    else:
        what = difference(old, now, spec.folder)
        if not what:
            them.shown[row.id] = now
            return False
        await _bring(found, roles["gateway"], spec, now, what)
    them.shown[row.id] = now
    them.shown_at[row.id] = clock.now_ms()
    await note(them, row.id, now)
    await _take_effect(them, found, row, spec, roles[plan.MAIN], now.root)
    return True


async def note(them: "Previews", preview: str, snapshot: Snapshot) -> None:
    """Record what a preview has."""
    async with them.db.session() as s:
        await previews.state_facts(s, preview, SNAPSHOT, (snapshot.hash,))


async def _bring(
    found: Engine, gateway: str, spec: PreviewSpec, now: Snapshot, what: Difference
) -> None:
    place = f"{container.FILLED}/0"
    if what.removed:
        await _remove(found, gateway, [posixpath.join(place, path) for path in what.removed])
    if what.changed:
        packed = await code.archive(now, spec.folder, only=what.changed)
        await code.put(found, gateway, place, packed)


async def _fill_anew(found: Engine, gateway: str, spec: PreviewSpec, now: Snapshot) -> None:
    place = f"{container.FILLED}/0"
    tops = {path.partition("/")[0] for path in code.below(now, spec.folder)}
    # what no longer exists is not known: files of the same top folders are replaced
    await _remove(found, gateway, [posixpath.join(place, top) for top in sorted(tops)])
    await code.put(found, gateway, place, await code.archive(now, spec.folder))


async def _remove(found: Engine, gateway: str, places: list[str]) -> None:
    """As root without capabilities: the files are root's, and so is the gateway's view of them."""
    client = found.client
    argv = ["python3", "-I", "-S", "-c", _REMOVE, json.dumps(places)]
    made = await found.call(client.exec_create, gateway, argv, user="0:0")
    await found.call(client.exec_start, made["Id"])


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
    settings = await them.configure(root)
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
