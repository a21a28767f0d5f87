"""What the finders of checks look at: the snapshot's files and the few texts they need."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samokoder.agents.settings import CheckSettings
from samokoder.agents.workspace.snapshot import Snapshot

_DEEPEST = 3
"""Folders below the root in which a project of its own is looked for."""

_MOST = 8
"""Projects of one kind in one workspace that get checks."""


@dataclass(frozen=True, slots=True)
class Project:
    """One workspace, as far as detection is concerned."""

    snapshot: Snapshot
    settings: CheckSettings

    @property
    def root(self) -> Path:
        return self.snapshot.root

    def has(self, path: str) -> bool:
        return path in self.snapshot.files

    async def text(self, path: str) -> str:
        """The file's text; empty when the snapshot does not hold it."""
        if path not in self.snapshot.files:
            return ""
        return (await self.snapshot.read(path)).decode("utf-8", errors="replace")

    def homes(self, *manifests: str) -> list[str]:
        """Folders ("" for the root) with one of these files, none of them inside another."""
        found: list[str] = []
        places = {
            path.rpartition("/")[0]
            for path in self.snapshot.files
            if path.rpartition("/")[2] in manifests and path.count("/") <= _DEEPEST
        }
        for place in sorted(places, key=lambda place: (place.count("/"), place)):
            if not any(place == home or _inside(place, home) for home in found):
                found.append(place)
        return found[:_MOST]

    def named(self, *endings: str) -> list[str]:
        """Files whose name ends so, in order."""
        return sorted(path for path in self.snapshot.files if path.endswith(endings))


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def suffix(folder: str) -> str:
    """What tells checks of several projects apart in their ids."""
    return f":{folder}" if folder else ""


def tops(paths: Iterable[str]) -> list[str]:
    """The first folder of each path, "" for a file in the root; each once, in order."""
    return list(dict.fromkeys(path.partition("/")[0] if "/" in path else "" for path in paths))


def _inside(place: str, home: str) -> bool:
    return not home or place.startswith(home + "/")
