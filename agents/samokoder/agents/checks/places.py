"""From a path as some tool printed it to a path of the workspace, or to nothing."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

_FOREIGN = re.compile(
    r"(^|/)(site-packages|dist-packages|node_modules|\.venv|venv|\.tox|\.nox|\.cargo|rustlib|rustc"
    r"|lib(64)?/python\d[\d.]*|lib(64)?/go(-[\d.]+)?|go/pkg/mod|usr/include|\.pyenv|\.rustup)/"
)
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")


@dataclass(frozen=True)
class Places:
    """``roots`` are absolute folders that stand for the workspace: its own and any copy of it.

    ``cwd`` is where the tool ran, relative to the workspace. ``files`` are the workspace's files;
    None when they are not known, then every path that is not plainly foreign is believed.
    """

    roots: tuple[str, ...] = ()
    files: Collection[str] | None = None
    cwd: str = ""
    _cache: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def locate(self, raw: str) -> str | None:
        """The workspace's path for ``raw``; None for a path of somebody else."""
        if raw not in self._cache:
            self._cache[raw] = self._locate(raw)
        return self._cache[raw]

    def _locate(self, raw: str) -> str | None:
        path = raw.strip().strip("\"'")
        if path.startswith("file://"):
            path = unquote(path.removeprefix("file://"))
        if _WINDOWS.match(path) or ("\\" in path and "/" not in path):
            path = path.replace("\\", "/")
        if not path or path[0] in "<[" or path.startswith(("node:", "internal/")):
            return None
        if path.startswith("/") or _WINDOWS.match(path):
            path = normpath(path)
            for root in sorted(self.roots, key=len, reverse=True):
                if path.startswith(root.rstrip("/") + "/"):
                    return self._known(path[len(root.rstrip("/")) + 1 :])
            return self._by_suffix(path)
        for candidate in (normpath(f"{self.cwd}/{path}") if self.cwd else normpath(path), path):
            if not candidate.startswith("../") and self._is_file(normpath(candidate)):
                return normpath(candidate)
        return self._by_suffix(normpath(path)) if self.files is not None else None

    def _known(self, path: str) -> str | None:
        if self._is_file(path):
            return path
        return None

    def _is_file(self, path: str) -> bool:
        if self.files is not None:
            return path in self.files
        return not _FOREIGN.search("/" + path)

    def _by_suffix(self, path: str) -> str | None:
        """The workspace file that ends the path, longest first: logs of other machines."""
        if self.files is None or _FOREIGN.search("/" + path.lstrip("/")):
            return None
        parts = PurePosixPath(path).parts
        for start in range(len(parts)):
            if parts[start] in ("/", "..", "."):
                continue
            suffix = "/".join(parts[start:])
            found = self._suffixes.get(suffix)
            if found is not None:
                return found or None
        return None

    @cached_property
    def _suffixes(self) -> dict[str, str]:
        """Every ending of every path; an ending two files share maps to nothing."""
        found: dict[str, str] = {path: path for path in self.files or ()}
        for path in self.files or ():
            parts = path.split("/")
            for start in range(1, len(parts)):
                suffix = "/".join(parts[start:])
                if suffix not in found:
                    found[suffix] = path
                elif found[suffix] != path and found[suffix] != suffix:
                    found[suffix] = ""
        return found
