"""What a confined command sees of the file system, as a list of mounts in the order to make."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from samokoder.agents.sandbox.sandbox import Job
from samokoder.agents.sandbox.toolchains import installation, toolchains

_HIDDEN = ("/home", "/root", "/run", "/var/tmp", "/var/run", "/mnt", "/media")
"""Homes, sockets of services (a container engine's gives the whole machine), other disks."""

_NEEDED_IN_RUN = ("/run/systemd/resolve", "/run/current-system", "/run/opengl-driver")
"""Names resolved by links from /etc, and systems that keep their programs in /run."""


class Kind(Enum):
    """What is done at a mount's target."""

    HIDE = "hide"
    SHOW = "show"
    LEND = "lend"


@dataclass(frozen=True, slots=True)
class Mount:
    """``target`` becomes an empty folder (HIDE), ``source`` read-only (SHOW) or writable (LEND)."""

    kind: Kind
    target: Path
    source: Path | None = None


def mounts(job: Job) -> tuple[Mount, ...]:
    """Shallow targets first, so that a deeper one is never covered by one made later. Blocking."""
    return tuple(sorted(_mounts(job), key=lambda mount: len(mount.target.parts)))


def _mounts(job: Job) -> Iterator[Mount]:
    home = Path(os.path.expanduser("~"))
    hidden = [Path(name) for name in _HIDDEN if _is_real_folder(Path(name))]
    if home.is_dir() and home != Path("/"):
        hidden.append(home)
    for folder in hidden:
        yield Mount(Kind.HIDE, folder)
    if job.tmp is None:
        yield Mount(Kind.HIDE, Path("/tmp"))
    else:
        yield Mount(Kind.LEND, Path("/tmp"), job.tmp)
    for folder in own_folders():
        yield Mount(Kind.HIDE, folder)
    hidden.append(Path("/tmp"))
    shown = [Path(name) for name in _NEEDED_IN_RUN if os.path.isdir(name)]
    shown += toolchains(home)
    for program in _programs(job):
        shown += installation(program, (*hidden, home, job.root))
    shown += job.readable
    for folder in dict.fromkeys(shown):
        if _is_below(folder, hidden) and not folder.is_relative_to(job.root):
            yield Mount(Kind.SHOW, folder, folder)
    yield Mount(Kind.LEND, job.root, job.scratch)
    for name in job.readonly:
        yield Mount(Kind.SHOW, job.root / name, job.root / name)
    for folder in job.writable:
        yield Mount(Kind.LEND, folder, folder)


def own_folders() -> tuple[Path, ...]:
    """Our own state, settings and sockets, where the environment moved them. Blocking."""
    names = ("SAMOKODER_STATE_DIR", "SAMOKODER_CONFIG_DIR", "SAMOKODER_RUNTIME_DIR")
    found = (Path(value) for name in names if (value := os.environ.get(name)))
    return tuple(folder for folder in found if folder.is_absolute() and folder.is_dir())


def _programs(job: Job) -> Iterator[Path]:
    """Every program the command names by its path, and every folder of its PATH as one in it."""
    for word in (word for part in job.argv for word in part.split()):
        if os.path.isabs(word) and os.path.isfile(word) and os.access(word, os.X_OK):
            yield Path(word)
    for folder in job.env.get("PATH", "").split(os.pathsep):
        if os.path.isabs(folder) and os.path.isdir(folder):
            yield Path(folder) / "-"


def _is_below(folder: Path, places: list[Path]) -> bool:
    return any(folder.is_relative_to(place) for place in places)


def _is_real_folder(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink()
