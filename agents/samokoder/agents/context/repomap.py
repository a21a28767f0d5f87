"""The repository map: what a workspace consists of, the most relevant first, within a budget.

    text = await map_of(snapshot, seeds=("src/app.py", "parse_date"), budget_tokens=1000)

Tags are kept by the content they were read from, so a file that did not change is never parsed
again, in no snapshot. The graph of a workspace is brought up to date by what differs from the
snapshot it was last asked about.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from samokoder.agents.context.graph import Graph
from samokoder.agents.context.outline import outline
from samokoder.agents.context.tags import NOTHING, Tags, is_test, readable, tags_of
from samokoder.agents.workspace.snapshot import Entry, Snapshot

T = TypeVar("T")

_KEPT_TAGS = 20_000
"""Contents whose tags are kept: 2–4 KiB each."""
_KEPT_GRAPHS = 8
"""Workspaces whose graph is kept."""
_DOUBTFUL = 2
"""Definitions of a name, none of them imported, of which one may still be meant."""
_CHUNK = 64
"""Files read at a time: their texts are in memory together."""


@dataclass(frozen=True, slots=True)
class Place:
    """A definition or a use. ``line`` and ``end`` count from 1. ``name`` is qualified by its
    scope; of a use, the definition it stands in, empty at a file's top level.
    """

    path: str
    line: int
    end: int
    name: str
    kind: str = ""
    signature: str = ""
    in_test: bool = False


class Atlas:
    """The graphs of some workspaces. The module's functions use one for the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: OrderedDict[tuple[str, str], Tags] = OrderedDict()
        self._graphs: OrderedDict[Path, Graph] = OrderedDict()
        self._drawn: dict[Path, Mapping[str, Entry]] = {}
        self.parsed = 0
        """Files that were parsed so far."""

    async def map_of(
        self, snapshot: Snapshot, seeds: Iterable[str] = (), budget_tokens: int = 1000
    ) -> str:
        """Files with the signatures in them, ranked by what the seeds refer to.

        ``seeds`` are paths or names; unknown ones are ignored. Empty for a workspace without any
        file. The text never takes more than ``budget_tokens`` at four characters each.
        """
        wanted = tuple(seeds)

        def ask(graph: Graph) -> str:
            return outline(graph, sorted(snapshot.files), wanted, budget_tokens)

        return await self._ask(snapshot, ask)

    async def definition(self, snapshot: Snapshot, name: str, near: str = "") -> tuple[Place, ...]:
        """Where a name (``parse``, ``Parser.parse``) is defined; those in ``near`` come first,
        then in files that ``near`` refers to.
        """

        def ask(graph: Graph) -> tuple[Place, ...]:
            row = graph.edges().get(near, {})
            found = [
                Place(path, d.line, d.end, d.qualified, d.kind, d.signature, is_test(path))
                for path, d in graph.definitions(name)
            ]
            return tuple(sorted(found, key=lambda p: (p.path != near, -row.get(p.path, 0.0))))

        return await self._ask(snapshot, ask)

    async def callers(self, snapshot: Snapshot, name: str, path: str = "") -> tuple[Place, ...]:
        """Places where a function or class is called, each with the definition it stands in.

        ``path``: where the callee is defined; calls in files where another definition of the same
        name is nearer are left out then.
        """

        return await self._ask(snapshot, lambda graph: _callers(graph, name, path))

    async def callees(self, snapshot: Snapshot, path: str, name: str) -> tuple[Place, ...]:
        """Definitions in the workspace that a function's body calls, in the order of the calls.

        Of several definitions of a name those in the same file are meant, else those in files it
        imports, else all when they are at most two.
        """

        return await self._ask(snapshot, lambda graph: _callees(graph, path, name))

    async def near(
        self, snapshot: Snapshot, path: str, names: Sequence[str]
    ) -> tuple[tuple[tuple[Place, ...], tuple[Place, ...]], ...]:
        """For each of a file's definitions what it calls and where it is called, asked at once."""

        def ask(graph: Graph) -> tuple[tuple[tuple[Place, ...], tuple[Place, ...]], ...]:
            return tuple((_callees(graph, path, n), _callers(graph, n, path)) for n in names)

        return await self._ask(snapshot, ask)

    async def defined(self, snapshot: Snapshot, path: str) -> tuple[Place, ...]:
        """What one file defines, in the order of its lines."""

        def ask(graph: Graph) -> tuple[Place, ...]:
            tags = graph.files.get(path, ("", NOTHING))[1]
            return tuple(
                Place(path, d.line, d.end, d.qualified, d.kind, d.signature, is_test(path))
                for d in tags.definitions
            )

        return await self._ask(snapshot, ask)

    async def _ask(self, snapshot: Snapshot, ask: Callable[[Graph], T]) -> T:
        drawn = self._drawn.get(snapshot.root) is snapshot.files
        fresh = {} if drawn else await self._fresh(snapshot)

        def work() -> T:
            with self._lock:
                return ask(self._graph(snapshot, fresh))

        return await to_thread.run_sync(work)

    async def _fresh(self, snapshot: Snapshot) -> dict[tuple[str, str], Tags]:
        """Tags of the contents nobody has read yet."""
        missing = await to_thread.run_sync(self._missing, snapshot)
        fresh: dict[tuple[str, str], Tags] = {}
        for at in range(0, len(missing), _CHUNK):
            texts = [(path, await _read(snapshot, path)) for path in missing[at : at + _CHUNK]]
            fresh |= await to_thread.run_sync(_parsed, snapshot, texts)
        self.parsed += len(fresh)
        return fresh

    def _missing(self, snapshot: Snapshot) -> list[str]:
        with self._lock:
            graph = self._graphs.get(snapshot.root)
            known = graph.files if graph is not None else {}
            return [
                path
                for path, entry in snapshot.files.items()
                if (path not in known or known[path][0] != entry.hash)
                and readable(path)
                and _key(path, entry.hash) not in self._tags
            ]

    def _graph(self, snapshot: Snapshot, fresh: dict[tuple[str, str], Tags]) -> Graph:
        """The workspace's graph as of this snapshot; call it with the lock held."""
        if self._drawn.get(snapshot.root) is snapshot.files:
            self._graphs.move_to_end(snapshot.root)
            return self._graphs[snapshot.root]
        self._tags |= fresh
        while len(self._tags) > _KEPT_TAGS:
            self._tags.popitem(last=False)
        graph = self._graphs.pop(snapshot.root, None) or Graph()
        self._graphs[snapshot.root] = graph
        while len(self._graphs) > _KEPT_GRAPHS:
            self._drawn.pop(self._graphs.popitem(last=False)[0], None)
        changed = {
            path: (entry.hash, tags)
            for path, entry in snapshot.files.items()
            if (path not in graph.files or graph.files[path][0] != entry.hash)
            and (tags := self._tags.get(_key(path, entry.hash))) is not None
        }
        gone = [path for path in graph.files if path not in snapshot.files]
        graph.update(changed, gone)
        self._drawn[snapshot.root] = snapshot.files
        return graph


def _callers(graph: Graph, name: str, path: str) -> tuple[Place, ...]:
    last = name.rpartition(".")[2]
    homes = {home for home, _ in graph.definitions(last)}
    found = []
    for where, reference in graph.references(last):
        if not reference.called or (path and where != path and where in homes):
            continue
        inside = graph.around(where, reference.line)
        found.append(
            Place(
                where,
                reference.line,
                reference.line,
                inside.qualified if inside is not None else "",
                inside.kind if inside is not None else "",
                inside.signature if inside is not None else "",
                is_test(where),
            )
        )
    return tuple(found)


def _callees(graph: Graph, path: str, name: str) -> tuple[Place, ...]:
    found: dict[tuple[str, int], Place] = {}
    bodies = [d for home, d in graph.definitions(name) if home == path]
    tags = graph.files.get(path, ("", NOTHING))[1]
    for reference in tags.references:
        if not any(b.line <= reference.line <= b.end for b in bodies):
            continue
        if not reference.called:
            continue
        places = list(graph.definitions(reference.name))
        own = [(home, d) for home, d in places if home == path]
        near = graph.near(path, {home for home, _ in places})
        if not own and not near and len(places) > _DOUBTFUL:
            continue
        for home, d in own or [(h, d) for h, d in places if not near or h in near]:
            if (home, d) not in [(path, b) for b in bodies]:
                place = Place(home, d.line, d.end, d.qualified, d.kind, d.signature, is_test(home))
                found.setdefault((home, d.line), place)
    return tuple(found.values())


def _key(path: str, content: str) -> tuple[str, str]:
    """The same bytes mean other things in another language."""
    return path.rpartition(".")[2].lower(), content


async def _read(snapshot: Snapshot, path: str) -> bytes:
    try:
        return await snapshot.read(path)
    except KeyError:  # its text can no longer be had: it has no tags then
        return b""


def _parsed(snapshot: Snapshot, texts: list[tuple[str, bytes]]) -> dict[tuple[str, str], Tags]:
    return {_key(path, snapshot.files[path].hash): tags_of(path, data) for path, data in texts}


_ATLAS = Atlas()

map_of = _ATLAS.map_of
definition = _ATLAS.definition
callers = _ATLAS.callers
callees = _ATLAS.callees
near = _ATLAS.near
defined = _ATLAS.defined
