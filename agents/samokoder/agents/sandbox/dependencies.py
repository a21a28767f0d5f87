"""Dependency folders of a workspace: installed, ignored, needed by the checks, never copied."""

from collections.abc import Collection
from pathlib import Path

_NAMES = ("node_modules", ".venv", "venv", "env", "__pypackages__", ".yarn")

_MANIFESTS = frozenset({"package.json", "pyproject.toml", "setup.py", "requirements.txt"})


def dependency_folders(
    root: Path, files: Collection[str], folders: Collection[str]
) -> tuple[str, ...]:
    """Folders beside the root or a manifest, relative to ``root``, that checks see read-only.

    ``folders`` are the parents of ``files``: a folder of which the snapshot holds a file is the
    project's own and is copied instead. Blocking.
    """
    beside = {""} | {
        path[: -len(name)] for path in files if (name := path.rpartition("/")[2]) in _MANIFESTS
    }
    found = []
    for prefix in sorted(beside):
        found += [prefix + name for name in _NAMES if _is_dependency(root / prefix / name)]
        for source in (prefix, f"{prefix}src/"):
            # Metadata of an editable install: entry points and versions are read from it.
            found += [source + info.name for info in (root / source).glob("*.egg-info")]
    return tuple(path for path in dict.fromkeys(found) if path not in folders)


def _is_dependency(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    return folder.name not in ("venv", "env") or (folder / "pyvenv.cfg").is_file()
