"""Editable installs that point into the workspace, pointed into the copy instead.

Without a sandbox the copy cannot stand at the workspace's own path, so an editable install would
import the code that is not being tested. Folders it names come first on the import path instead.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

_MAPPING = re.compile(r"^MAPPING(?::[^=]+)? = (\{.*\})$", re.MULTILINE)


def editable_paths(root: Path, tree: Path, dependencies: tuple[str, ...]) -> list[str]:
    """Folders of the copy to put first on the import path. Blocking."""
    found: list[str] = []
    for name in dependencies:
        for site in (*(root / name).glob("lib/python3*/site-packages"), root / name / "Lib"):
            found += [
                os.path.normpath(tree / place.relative_to(root))
                for place in _places(site)
                if place.is_relative_to(root) and not _in_dependency(place, root, dependencies)
            ]
    return list(dict.fromkeys(found))


def _places(site: Path) -> Iterator[Path]:
    """Folders named by ``.pth`` files and by the finders that setuptools writes."""
    for file in site.glob("*.pth"):
        for line in _lines(file):
            if line and not line.startswith(("import ", "import\t", "#")):
                yield Path(os.path.normpath(site / line))
    for file in site.glob("__editable___*_finder.py"):
        match = _MAPPING.search("\n".join(_lines(file)))
        try:
            mapping = ast.literal_eval(match[1]) if match is not None else {}
        except (ValueError, SyntaxError):
            continue
        for package in mapping.values():
            yield Path(str(package)).parent


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text("utf-8", errors="replace").splitlines()]
    except OSError:
        return []


def _in_dependency(place: Path, root: Path, dependencies: tuple[str, ...]) -> bool:
    return any(place.is_relative_to(root / name) for name in dependencies)
