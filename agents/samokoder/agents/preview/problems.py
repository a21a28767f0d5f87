"""What previewed programs print, read as it comes, and told as problems of their workspaces."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from samokoder.agents import logs
from samokoder.agents.checks.check import Problem
from samokoder.agents.checks.places import Places
from samokoder.agents.errors import EngineFailed, EngineMissing, PreviewFailed
from samokoder.agents.preview import code, filling, life, loopback, output
from samokoder.agents.preview.logs import failures
from samokoder.agents.preview.logs.board import Board
from samokoder.agents.preview.logs.routes import Route, routes_in
from samokoder.agents.preview.spec import LogLine, PreviewSpec, Reload
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state import previews, workspaces
from samokoder.state.errors import SamokoderError

if TYPE_CHECKING:
    from samokoder.agents.preview.previews import Previews

log = logs.get(__name__)

Publish = Callable[[Path, tuple[Problem, ...]], None]
LOOK: Final = 0.5
_SOURCES: Final = (".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".go", ".rs")
_OTHERS: Final = (".txt", ".toml", ".json", ".mod", "file", ".c", ".cpp", ".cc")
"""Files that say what is installed, built, or listened on."""
_MOST: Final = 200
"""Files that are read for their routes."""


@dataclass
class Followed:
    """One preview whose output is read."""

    root: Path
    spec: PreviewSpec
    snapshot: Snapshot
    board: Board
    readers: dict[str, output.Reader] = field(default_factory=dict)
    built: tuple[LogLine, ...] = ()
    """What was read of the last build while it runs."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """With paths of the workspace, not of the project's folder."""
        prefix = f"{self.spec.folder}/" if self.spec.folder else ""
        return tuple(_below(prefix, problem) for problem in self.board.problems)


async def follow(them: "Previews", publish: Publish) -> None:
    """Read every live preview's output until cancelled, and publish what it says is wrong."""
    followed: dict[str, Followed] = {}
    while True:
        if them.live or followed:
            try:
                await _look(them, followed, publish)
            except SamokoderError as error:
                log.warning("the output of a preview could not be read", error=str(error))
        await anyio.sleep(LOOK)


async def of_failure(
    root: Path, spec: PreviewSpec, lines: tuple[LogLine, ...], error: PreviewFailed
) -> tuple[Problem, ...]:
    """What is wrong with a project that did not come up: by what it printed, else by the cause."""
    snapshot = await code.tree(anyio.Path(root), ()).capture()
    one = await _begin(root, spec, snapshot, code.PLACE)
    one.board.take(lines)
    texts = await _texts(snapshot, code.below(snapshot, spec.folder), (*_SOURCES, *_OTHERS))
    caused = failures.of_failure(error, spec, lines, texts)
    prefix = f"{spec.folder}/" if spec.folder else ""
    return (
        *(failures.told(problem, error) for problem in one.problems),
        *(_below(prefix, problem) for problem in caused),
    )


async def _look(them: "Previews", followed: dict[str, Followed], publish: Publish) -> None:
    async with them.db.reading() as s:
        live = await previews.listing(s, phases=(previews.RUNNING,), limit=100)
        roots = {w.id: Path(w.root) for w in await workspaces.listing(s)}
    live = tuple(row for row in live if row.engine != loopback.ENGINE)
    touched: set[Path] = set()
    for gone in followed.keys() - {row.id for row in live}:
        touched.add(followed.pop(gone).root)
    for row in live:
        one = followed.get(row.id)
        if one is None:
            root = roots[row.workspace_id]
            spec = msgspec.json.decode(row.spec, type=PreviewSpec)
            snapshot = them.shown.get(row.id) or await code.tree(anyio.Path(root), ()).capture()
            one = followed[row.id] = await _begin(root, spec, snapshot, row.code)
            touched.add(root)
        try:
            if await _news(them, row, one):
                touched.add(one.root)
        except (EngineMissing, EngineFailed) as error:
            log.info("an engine is away", preview=row.id, error=str(error))
    for root in touched:
        found = [p for one in followed.values() if one.root == root for p in one.problems]
        publish(root, tuple(found))


async def _news(them: "Previews", row: previews.Preview, one: Followed) -> bool:
    """Read on; whether the problems changed."""
    changed = False
    found = await them.engine(row.engine)
    lines = await life.news(found, row.id, one.readers)
    now = them.shown.get(row.id)
    if now is not None and now.hash != one.snapshot.hash:
        fresh = await _begin(one.root, one.spec, now, row.code)
        # what was printed before the files changed is over, what came after is not
        at = them.shown_at.get(row.id, 0)
        changed = one.board.take([line for line in lines if line.at < at])
        lines = [line for line in lines if line.at >= at]
        what = filling.difference(one.snapshot, now, one.spec.folder)
        changed |= one.board.changed(what.changed | what.removed)
        if one.spec.reload in (Reload.RESTART, Reload.BUILD):
            changed |= one.board.restarted()
        one.snapshot, board = now, fresh.board
        one.board.places, one.board.routes = board.places, board.routes
    return one.board.take([*_of_build(them, row.id, one), *lines]) or changed


def _of_build(them: "Previews", preview: str, one: Followed) -> tuple[LogLine, ...]:
    """What was built anew since a file changed has printed since the last look."""
    told = tuple(them.early.get(preview, ()))
    fresh = told[len(one.built) :] if told[: len(one.built)] == one.built else told
    one.built = told
    return fresh


async def _begin(root: Path, spec: PreviewSpec, snapshot: Snapshot, place: str) -> Followed:
    places = code.below(snapshot, spec.folder)
    known = Places(tuple(p for p in {place, code.PLACE} if p and p != "/"), frozenset(places))
    routes = await _routes(snapshot, places)
    return Followed(root, spec, snapshot, Board(lambda _service: known, lambda: routes))


async def _routes(snapshot: Snapshot, places: dict[str, str]) -> tuple[Route, ...]:
    texts = await _texts(snapshot, places, _SOURCES)
    return await anyio.to_thread.run_sync(routes_in, texts)


async def _texts(
    snapshot: Snapshot, places: dict[str, str], endings: tuple[str, ...]
) -> dict[str, str]:
    texts: dict[str, str] = {}
    for place, path in sorted(places.items())[: _MOST * 10]:
        if place.endswith(endings) and len(texts) < _MOST:
            try:
                texts[place] = (await snapshot.read(path)).decode("utf-8", "replace")
            except KeyError:
                # changed since: the next look has it
                continue
    return texts


def _below(prefix: str, problem: Problem) -> Problem:
    if not prefix:
        return problem
    related = tuple(replace(frame, path=prefix + frame.path) for frame in problem.related)
    return replace(problem, path=prefix + problem.path, related=related)
