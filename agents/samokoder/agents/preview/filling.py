"""The project's files in a volume, changed through the gateway while programs run."""

import json
import posixpath
from dataclasses import dataclass
from typing import Final

from samokoder.agents.preview import code
from samokoder.agents.preview.engine import Engine
from samokoder.agents.workspace.snapshot import Snapshot

_REMOVE: Final = (
    "import json, os, shutil, sys\n"
    "for path in json.loads(sys.argv[1]):\n"
    "    if os.path.isdir(path) and not os.path.islink(path):\n"
    "        shutil.rmtree(path, ignore_errors=True)\n"
    "    elif os.path.lexists(path):\n"
    "        os.unlink(path)\n"
)


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


async def bring(
    found: Engine, gateway: str, place: str, folder: str, now: Snapshot, what: Difference
) -> None:
    """Change a volume's files, which the gateway has at ``place``, by a difference."""
    if what.removed:
        await _remove(found, gateway, [posixpath.join(place, path) for path in what.removed])
    if what.changed:
        packed = await code.archive(now, folder, only=what.changed)
        await code.put(found, gateway, place, packed)


async def fill_anew(found: Engine, gateway: str, place: str, folder: str, now: Snapshot) -> None:
    """Replace a volume's files when it is not known which ones it has."""
    tops = {path.partition("/")[0] for path in code.below(now, folder)}
    # what no longer exists is not known: files of the same top folders are replaced
    await _remove(found, gateway, [posixpath.join(place, top) for top in sorted(tops)])
    await code.put(found, gateway, place, await code.archive(now, folder))


async def _remove(found: Engine, gateway: str, places: list[str]) -> None:
    """As root without capabilities: the files are root's, and so is the gateway's view of them."""
    client = found.client
    argv = ["python3", "-I", "-S", "-c", _REMOVE, json.dumps(places)]
    made = await found.call(client.exec_create, gateway, argv, user="0:0")
    await found.call(client.exec_start, made["Id"])
