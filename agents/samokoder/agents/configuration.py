"""The settings in effect: six places merged, each value with its origin, each fault as data.

Defaults < the user's ``config.toml`` < the workspace's ``samokoder.toml`` < the editor <
``SAMOKODER_<SECTION>_<KEY>`` < flags. A value that cannot be used falls back to the place below
it; where that could loosen a bound, to the most cautious value there is (``caution``).
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread

from samokoder.agents.caution import MOST_CAUTIOUS, allowed
from samokoder.agents.layer import (
    Layer,
    Origin,
    Place,
    Problem,
    from_environment,
    from_file,
    from_mapping,
)
from samokoder.agents.setting import SETTINGS, build
from samokoder.agents.settings import Settings
from samokoder.state.errors import StateUnwritable
from samokoder.state.paths import config_dir

USER_FILE = "config.toml"
WORKSPACE_FILE = "samokoder.toml"

ADDED_UP = frozenset({"workspace.ignore"})
"""Lists to which every place adds; elsewhere the last place wins."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A value of the workspace's file that waits for the user's trust."""

    place: Place
    key: str
    value: object

    def __str__(self) -> str:
        return f"{self.place}: `{self.key}` is held back until you trust this workspace"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is in effect, from where, and what was wrong on the way."""

    settings: Settings
    problems: tuple[Problem, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)

    def origin(self, key: str) -> Place:
        """Where the value in effect comes from; KeyError for a key that does not exist."""
        if key not in SETTINGS:
            raise KeyError(key)
        return self.places.get(key, Place(Origin.DEFAULT))


async def load(
    root: Path | None,
    *,
    trusted: bool = False,
    editor: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """The settings of one workspace (None: of none) as they are now; never fails.

    ``trusted``: the user trusts the workspace's file. ``editor`` and ``flags`` are nested or have
    dotted keys. Files are read again only after they changed.
    """
    return await anyio.to_thread.run_sync(
        lambda: read(root, trusted=trusted, editor=editor, flags=flags, environment=environment)
    )


def read(
    root: Path | None,
    *,
    trusted: bool = False,
    editor: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """As :func:`load`, reading the disk in this thread."""
    layers = [_users()]
    if root is not None:
        layers.append(_file(root / WORKSPACE_FILE, Origin.WORKSPACE, root))
    layers.append(from_mapping(editor or {}, Origin.EDITOR))
    layers.append(from_environment(os.environ if environment is None else environment))
    layers.append(from_mapping(flags or {}, Origin.FLAG))
    return merge(layers, trusted=trusted)


def _users() -> Layer:
    try:
        folder = config_dir()
    except StateUnwritable as error:
        return Layer(Origin.USER, problems=(Problem(Place(Origin.USER), "", str(error)),))
    return _file(folder / USER_FILE, Origin.USER, None)


def merge(layers: list[Layer], *, trusted: bool) -> Configuration:
    """Layers in rising precedence over the defaults."""
    values: dict[str, Any] = {key: setting.default for key, setting in SETTINGS.items()}
    places: dict[str, Place] = {}
    held: list[HeldBack] = []
    for layer in layers:
        bound = layer.origin is Origin.WORKSPACE and not trusted
        for key, value in layer.values.items():
            if bound and not allowed(key, value, values[key]):
                held.append(HeldBack(layer.places[key], key, value))
                continue
            added = key in ADDED_UP
            values[key] = tuple(dict.fromkeys((*values[key], *value))) if added else value
            places[key] = layer.places[key]
        for key in layer.unusable.keys() & MOST_CAUTIOUS.keys():
            values[key] = MOST_CAUTIOUS[key]
            places[key] = layer.unusable[key]
    problems = tuple(problem for layer in layers for problem in layer.problems)
    return Configuration(build(values), problems, tuple(held), places)


_SETTLED = 0.05
"""Seconds after which a file's time stamp tells two versions apart on every common file system."""

_files: dict[Path, tuple[tuple[int, int, int], Layer]] = {}


def _file(path: Path, origin: Origin, within: Path | None) -> Layer:
    try:
        stat = path.stat()
    except OSError:
        return from_file(path, origin, within)
    stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    known = _files.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    layer = from_file(path, origin, within)
    if time.time() - stat.st_mtime > _SETTLED:
        if len(_files) >= 256:
            _files.clear()
        _files[path] = (stamp, layer)
    return layer
