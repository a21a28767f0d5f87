"""Sources that judge each file by itself are asked only about files that are other than before.

What they said is kept in memory by the contents it depends on, so in a daemon a second review of a
change costs what changed since the first.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from samokoder.agents.review.finding import Finding
from samokoder.agents.review.source import Lines, Scope, Source
from samokoder.agents.workspace.snapshot import Snapshot

_MOST = 20_000
"""Files that are remembered, over all sources and workspaces."""
_SETTINGS = ("pyproject.toml", "ruff.toml", ".ruff.toml", "setup.cfg", "tox.ini", ".bandit")
"""Files at the root that tell analysers what to look for."""

_Key = tuple[str, str, str, str, "Lines | None", tuple[str, ...]]
_said: OrderedDict[_Key, tuple[Finding, ...]] = OrderedDict()


@dataclass(frozen=True)
class Remembered:
    """A source with a memory; see :class:`samokoder.agents.review.source.Source`."""

    source: Source

    @property
    def name(self) -> str:
        return self.source.name

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        settings = tuple(snapshot.files[path].hash for path in _SETTINGS if path in snapshot.files)
        keys = {path: self._key(snapshot, scope, path, settings) for path in scope.files}
        said = {path: _said[key] for path, key in keys.items() if key in _said}
        fresh = {path: lines for path, lines in scope.files.items() if path not in said}
        if fresh:
            found: dict[str, list[Finding]] = {path: [] for path in fresh}
            for one in await self.source.findings(snapshot, replace(scope, files=fresh)):
                found.setdefault(one.path, []).append(one)
            said |= {path: tuple(found[path]) for path in fresh}
        for path, key in keys.items():
            _said[key] = said[path]
            _said.move_to_end(key)
        while len(_said) > _MOST:
            _said.popitem(last=False)
        return tuple(one for path in scope.files for one in said[path])

    def _key(self, snapshot: Snapshot, scope: Scope, path: str, settings: tuple[str, ...]) -> _Key:
        entry = snapshot.files.get(path)
        old_path = scope.moved.get(path, path)
        old = scope.base.files.get(old_path) if scope.base is not None else None
        return (
            self.source.name,
            path,
            entry.hash if entry is not None else "",
            old.hash if old is not None else "",
            scope.files[path],
            settings,
        )
