"""Which file defines what and which file refers to it; kept up per change, never rebuilt.

A file refers to another where it uses a name the other defines. A name that many files define
says little about which one is meant, so its weight is shared among them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from samokoder.agents.context.tags import NOTHING, Definition, Reference, Tags

_COMMON = 3
"""Files that define a name before it says nothing at all."""


_CHANCE = 0.1
"""What a name counts that none of the imported files defines: it is likely another one."""
_SHARED = frozenset({"go", "java", "rs", "c", "h", "cc", "cpp", "cxx", "hh", "hpp"})
"""Files of these languages see their folder without an import."""

Links = dict[tuple[str, str], float]
"""Weight by (file, name)."""


@dataclass
class Graph:
    """The files of one workspace. Not safe for several threads at once."""

    files: dict[str, tuple[str, Tags]] = field(default_factory=dict)
    """By path: hash of the content, tags."""
    defining: dict[str, set[str]] = field(default_factory=dict)
    referring: dict[str, set[str]] = field(default_factory=dict)
    _links: dict[str, Links] = field(default_factory=dict)
    _edges: dict[str, dict[str, float]] = field(default_factory=dict)
    _tails: dict[str, frozenset[str]] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)

    def update(self, changed: Mapping[str, tuple[str, Tags]], gone: Iterable[str] = ()) -> None:
        """Take in files that are new or other, and forget those that are gone."""
        for path in gone:
            self._replace(path, None)
        for path, entry in changed.items():
            self._replace(path, entry)

    def _replace(self, path: str, entry: tuple[str, Tags] | None) -> None:
        old = self.files.pop(path, ("", NOTHING))[1]
        new = entry[1] if entry is not None else NOTHING
        if entry is not None:
            self.files[path] = entry
        defined, defines = _defined(old), _defined(new)
        for name in defined ^ defines:
            _toggle(self.defining, name, path, present=name in defines)
            # whoever uses the name may mean another file now
            self._stale |= self.referring.get(name, set())
        used, uses = _used(old), _used(new)
        for name in used ^ uses:
            _toggle(self.referring, name, path, present=name in uses)
        self._stale.add(path)

    def links(self) -> Mapping[str, Links]:
        """By file, what it refers to and how strongly; only files it matters to are made anew."""
        self._freshen()
        return self._links

    def edges(self) -> Mapping[str, Mapping[str, float]]:
        """The same from file to file."""
        self._freshen()
        return self._edges

    def _freshen(self) -> None:
        for path in self._stale:
            self._links.pop(path, None)
            self._edges.pop(path, None)
            links = self._linked(path)
            if links:
                self._links[path] = links
                row: dict[str, float] = {}
                for (home, _), weight in links.items():
                    row[home] = row.get(home, 0.0) + weight
                self._edges[path] = row
        self._stale.clear()

    def _linked(self, path: str) -> Links:
        found: Links = {}
        if path not in self.files:
            return found
        counts = Counter(r.name for r in self.files[path][1].references)
        for name, count in counts.items():
            homes = self.defining.get(name, ())
            if path in homes or not homes:
                continue
            near = self.near(path, homes)
            if not near and len(homes) > _COMMON:
                continue
            weight = math.sqrt(count) * telling(name) * (1.0 if near else _CHANCE)
            for home in near or homes:
                found[home, name] = weight / len(near or homes)
        return found

    def near(self, path: str, homes: Iterable[str]) -> list[str]:
        """Those of the files that ``path`` imports, or sees without an import."""
        modules = self.files[path][1].modules
        folder, _, name = path.rpartition("/")
        open_folder = name.rpartition(".")[2] in _SHARED
        return [
            home
            for home in homes
            if not modules.isdisjoint(self._tail(home))
            or (open_folder and home.rpartition("/")[0] == folder)
        ]

    def _tail(self, path: str) -> frozenset[str]:
        """Every way an import may name this file: the ends of its path and of its folder's."""
        if path not in self._tails:
            whole = path.rpartition(".")[0]
            folder = whole.rpartition("/")[0]
            self._tails[path] = frozenset(_ends(whole)) | frozenset(_ends(folder))
        return self._tails[path]

    def definitions(self, name: str) -> Iterator[tuple[str, Definition]]:
        """Where a name is defined; ``name`` may be qualified with its scope by dots."""
        last = name.rpartition(".")[2]
        for path in sorted(self.defining.get(last, ())):
            for definition in self.files[path][1].definitions:
                if definition.name == last and _fits(definition, name):
                    yield path, definition

    def references(self, name: str) -> Iterator[tuple[str, Reference]]:
        """Where the last part of a name is used."""
        last = name.rpartition(".")[2]
        for path in sorted(self.referring.get(last, ())):
            for reference in self.files[path][1].references:
                if reference.name == last:
                    yield path, reference

    def around(self, path: str, line: int) -> Definition | None:
        """The innermost definition that holds a line, constants left out."""
        found = None
        for definition in self.files.get(path, ("", NOTHING))[1].definitions:
            inside = definition.line <= line <= definition.end and definition.kind != "constant"
            if inside and (found is None or definition.line >= found.line):
                found = definition
        return found


def telling(name: str) -> float:
    """How much a name says by itself: long compound names are seldom chance, short ones often."""
    if len(name) <= 2 or name.startswith("__"):
        return 0.1
    compound = "_" in name.strip("_") or (name != name.lower() and name != name.upper())
    return 1.0 if len(name) >= 8 and compound else 0.6 if len(name) >= 5 else 0.3


def _ends(path: str) -> Iterator[str]:
    """``a/b/c``, ``b/c``, ``c``."""
    while path:
        yield path
        path = path.partition("/")[2]


def _fits(definition: Definition, name: str) -> bool:
    return f".{definition.qualified}".endswith(f".{name}")


def _defined(tags: Tags) -> set[str]:
    return {definition.name for definition in tags.definitions}


def _used(tags: Tags) -> set[str]:
    return {reference.name for reference in tags.references}


def _toggle(table: dict[str, set[str]], name: str, path: str, *, present: bool) -> None:
    if present:
        table.setdefault(name, set()).add(path)
        return
    paths = table.get(name)
    if paths is not None:
        paths.discard(path)
        if not paths:
            del table[name]
