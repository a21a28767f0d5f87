"""What a Python project needs, as far as it says so in a file."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from samokoder.agents.checks.detect.project import Project, join
from samokoder.agents.preview.spec import Argv

_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)")
_PIP = ("python", "-m", "pip", "install")


@dataclass(frozen=True, slots=True)
class Requirements:
    """``names`` in their normal form; ``locks`` are the files that decide what is installed."""

    names: frozenset[str] = frozenset()
    install: tuple[Argv, ...] = ()
    locks: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.names


async def read(project: Project, folder: str) -> Requirements:
    """A requirements file, else the package's own dependencies."""
    path = join(folder, "requirements.txt")
    text = await project.text(path)
    names = frozenset(
        _normal(match[1]) for line in text.splitlines() if (match := _NAME.match(line))
    )
    if names:
        return Requirements(names, ((*_PIP, "-r", "requirements.txt"),), (path,))
    manifest = join(folder, "pyproject.toml")
    asked = _dependencies(await project.text(manifest))
    names = frozenset(_normal(match[1]) for one in asked if (match := _NAME.match(one)))
    if names:
        return Requirements(names, ((*_PIP, *asked),), (manifest,))
    return Requirements()


def _dependencies(text: str) -> tuple[str, ...]:
    try:
        whole: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return ()
    project = whole.get("project")
    asked = project.get("dependencies") if isinstance(project, dict) else None
    return tuple(str(one) for one in asked) if isinstance(asked, list) else ()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
