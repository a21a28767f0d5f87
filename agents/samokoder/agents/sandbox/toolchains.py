"""Where compilers, interpreters and package caches live below a home folder.

Inside a sandbox the home folder is hidden; these are shown again, read-only. None of them holds
credentials: of folders that hold some (``.cargo``, ``.m2``, ``.gradle``) only parts are named.
"""

import os
from collections.abc import Iterable
from pathlib import Path

_BELOW_HOME = (
    ".asdf",
    ".bun/bin",
    ".cargo/bin",
    ".cargo/git",
    ".cache/pyright-python",
    ".cargo/registry",
    ".conda/envs",
    ".deno/bin",
    ".fnm",
    ".gradle/caches",
    ".gradle/wrapper",
    ".jdks",
    ".local/bin",
    ".local/lib",
    ".local/pipx/venvs",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx/venvs",
    ".local/share/pnpm",
    ".local/share/uv",
    ".local/share/virtualenvs",
    ".m2/repository",
    ".nodenv",
    ".npm-global",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman/candidates",
    ".virtualenvs",
    ".volta",
    "anaconda3",
    "go/bin",
    "go/pkg",
    "mambaforge",
    "miniconda3",
    "miniforge3",
    "sdk",
)

_PROGRAMS = ("bin", "Scripts", "shims")
"""Folders of programs; what stands in ``shims`` (pyenv, asdf, rbenv) starts what is beside it."""
_LINKS = 8
"""Links followed from a program to its real place."""


def toolchains(home: Path) -> tuple[Path, ...]:
    """The folders of the list that exist. Blocking."""
    return tuple(folder for name in _BELOW_HOME if (folder := home / name).is_dir())


def installation(program: Path, hidden: Iterable[Path]) -> tuple[Path, ...]:
    """Folders that make a program outside the listed places work: its prefix, and each prefix on
    the way along its links. A prefix that holds a hidden folder is narrowed to its ``bin``.

    Blocking.
    """
    found: list[Path] = []
    hidden = tuple(hidden)
    for _ in range(_LINKS):
        folder = program.parent
        prefix = folder.parent if folder.name in _PROGRAMS else folder
        wide = any(place.is_relative_to(prefix) for place in hidden)
        found.append(folder if wide else prefix)
        if not program.is_symlink():
            break
        program = Path(os.path.normpath(folder / program.readlink()))
    return tuple(dict.fromkeys(found))
