"""What is not part of a workspace: ignored files, secrets, caches, dependencies, version control.

Rules, later ones win: built-in patterns, ``.git/info/exclude``, then ``.gitignore`` and
``.samokoderignore`` of every folder from the root down, then the user's settings. As in git,
nothing inside an ignored folder can be taken back in. Secrets and version control are always out:
no file of the workspace can change that.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from samokoder.agents.workspace.paths import VCS

FILES: Final = (".gitignore", ".samokoderignore")
"""Ignore files, in the order they are read in each folder."""

SECRETS: Final = (
    ".env",
    ".env.*",
    "*.env",
    "!.env.example",
    "!.env.sample",
    "!.env.template",
    "!example.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    "credentials",
    "!credentials/",
    "credentials.*",
    "!credentials.py",
    "!credentials.ts",
    "!credentials.js",
    "!credentials.go",
    "!credentials.rs",
    "!credentials.java",
    "client_secret*.json",
    "service-account*.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.toml",
    "secrets.json",
    ".aws/",
    ".ssh/",
    ".gnupg/",
    ".kube/",
    "**/.docker/config.json",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
)
"""Files that are likely to hold a secret."""

_ALWAYS: Final = (*(f"{name.lower()}/" for name in VCS), ".git", ".samokoder-*.tmp", *SECRETS)

_BUILTIN: Final = (
    ".venv/",
    "node_modules/",
    "bower_components/",
    ".tox/",
    ".nox/",
    ".gradle/",
    "__pycache__/",
    "*.py[co]",
    ".*_cache/",
    ".hypothesis/",
    ".cache/",
    ".eggs/",
    ".next/",
    ".nuxt/",
    ".terraform/",
    ".DS_Store",
    "Thumbs.db",
    "*.swp",
    "*.swo",
    "*~",
    ".#*",
)

_KEPT: Final = 200_000
"""Decisions that are remembered."""

_MARKS: Final = ("CACHEDIR.TAG", "pyvenv.cfg")
"""A folder that holds one of these was made by a tool."""

_OURS: Final = ("STATE", "CACHE", "CONFIG", "RUNTIME")
"""Folders of our own, where the environment moved them (``SAMOKODER_STATE_DIR``, …)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file. ``path`` matches against the path relative to its folder, else
    against the name alone.
    """

    regex: re.Pattern[str]
    negated: bool
    folders_only: bool
    path: bool

    def matches(self, path: str, name: str, folder: bool) -> bool:
        if self.folders_only and not folder:
            return False
        return self.regex.match(path if self.path else name) is not None


class Ignore:
    """The rules of one workspace, read as they are needed and read again when they changed.

    Not thread-safe; blocking. Call :meth:`refresh` before each walk.
    """

    def __init__(self, root: Path, extra: Iterable[str] = ()) -> None:
        self._root = str(root)
        self._always = parse(_ALWAYS)
        self._builtin = parse(_BUILTIN)
        self._extra = parse(extra)
        self._levels: dict[str, tuple[tuple[object, ...], tuple[Rule, ...]]] = {}
        self._fresh: set[str] = set()
        self._decided: dict[tuple[str, bool], bool] = {}

    @cached_property
    def _ours(self) -> frozenset[str]:
        found = (_inside(self._root, name) for name in _OURS)
        return frozenset(path for path in found if path)

    def refresh(self) -> None:
        """Look at the ignore files again when they are next needed."""
        self._fresh.clear()

    def ignored(self, path: str, folder: bool = False) -> bool:
        """Whether a path, or a folder it lies in, is ignored."""
        parts = path.split("/")
        return any(
            self.matched("/".join(parts[:n]), folder or n < len(parts))
            for n in range(1, len(parts) + 1)
        )

    def matched(self, path: str, folder: bool) -> bool:
        """Whether this very path is ignored, given that the folders above it are not."""
        parent, _, name = path.rpartition("/")
        self._load(parent)
        if len(self._decided) > _KEPT:
            self._decided.clear()
        key = (path, folder)
        known = self._decided.get(key)
        if known is None:
            known = self._decided[key] = self._decide(path, parent, name, folder)
        return known or (folder and (path in self._ours or self._made_by_tool(path)))

    def _decide(self, path: str, parent: str, name: str, folder: bool) -> bool:
        if _verdict(self._always, path.lower(), name.lower(), folder):
            return True
        verdict = _verdict(self._extra, path, name, folder)
        while verdict is None:
            base = f"{parent}/" if parent else ""
            verdict = _verdict(self._levels[parent][1], path[len(base) :], name, folder)
            if not parent:
                break
            parent = parent.rpartition("/")[0]
        if verdict is None:
            verdict = _verdict(self._builtin, path, name, folder)
        return bool(verdict)

    def _made_by_tool(self, path: str) -> bool:
        return any(os.path.lexists(f"{self._root}/{path}/{mark}") for mark in _MARKS)

    def _load(self, folder: str) -> None:
        while folder not in self._fresh:
            names = (*(() if folder else (".git/info/exclude",)), *FILES)
            base = f"{self._root}/{folder}" if folder else self._root
            stamp = tuple(_stamp(f"{base}/{name}") for name in names)
            known = self._levels.get(folder)
            if known is None or known[0] != stamp:
                rules = [
                    rule
                    for name, mark in zip(names, stamp, strict=True)
                    if mark is not None
                    for rule in _read(f"{base}/{name}")
                ]
                if known is not None and known[1] != tuple(rules):
                    self._decided.clear()
                self._levels[folder] = (stamp, tuple(rules))
            self._fresh.add(folder)
            folder = folder.rpartition("/")[0]


def _inside(root: str, name: str) -> str:
    """Where one of our own folders lies in a workspace; empty when it lies elsewhere."""
    chosen = os.environ.get(f"SAMOKODER_{name}_DIR")
    if not chosen:
        return ""
    below = os.path.relpath(os.path.realpath(os.path.expanduser(chosen)), os.path.realpath(root))
    return "" if below.startswith("..") else Path(below).as_posix()


def parse(lines: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of an ignore file; lines that can never match are left out."""
    return tuple(rule for line in lines if (rule := _rule(line)) is not None)


def _verdict(rules: tuple[Rule, ...], path: str, name: str, folder: bool) -> bool | None:
    for rule in reversed(rules):
        if rule.matches(path, name, folder):
            return not rule.negated
    return None


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: str) -> tuple[Rule, ...]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return parse(line.rstrip("\r\n") for line in file)
    except OSError:
        return ()


@lru_cache(maxsize=4096)
def _rule(line: str) -> Rule | None:
    line = re.sub(r"(?<!\\) +\Z", "", line)
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[negated:]
    folders_only = line.endswith("/")
    line = line[:-1] if folders_only else line
    if not line:
        return None
    anchored = "/" in line
    regex = _regex(line.removeprefix("/"))
    return Rule(regex, negated, folders_only, anchored) if regex is not None else None


def _regex(pattern: str) -> re.Pattern[str] | None:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        rest = pattern[at:]
        start = at == 0 or pattern[at - 1] == "/"
        if start and rest.startswith("**/"):
            out.append("(?:[^/]+/)*")
            at += 3
        elif start and rest == "**":
            out.append(".+")
            at += 2
        elif rest[0] == "*":
            out.append("[^/]*")
            at += len(rest) - len(rest.lstrip("*"))
        elif rest[0] == "?":
            out.append("[^/]")
            at += 1
        elif rest[0] == "[":
            found = _class(rest)
            if found is None:
                return None
            out.append(found[0])
            at += found[1]
        elif rest[0] == "\\":
            if len(rest) == 1:
                return None
            out.append(re.escape(rest[1]))
            at += 2
        else:
            out.append(re.escape(rest[0]))
            at += 1
    try:
        return re.compile("".join(out) + r"\Z", re.DOTALL)
    except re.error:
        return None


_POSIX: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9a-fA-F",
}


def _class(rest: str) -> tuple[str, int] | None:
    """A bracket expression as a regular expression, and its length; None when it never ends."""
    at = 1
    negated = rest[1:2] in ("!", "^")
    at += negated
    out: list[str] = []
    first = True
    while at < len(rest) and (first or rest[at] != "]"):
        first = False
        named = re.match(r"\[:(\w+):\]", rest[at:])
        if named and named[1] in _POSIX:
            out.append(_POSIX[named[1]])
            at += named.end()
        elif rest[at] == "\\" and at + 1 < len(rest):
            out.append(re.escape(rest[at + 1]))
            at += 2
        elif rest[at] == "-":
            out.append("-" if out and rest[at + 1 : at + 2] != "]" else r"\-")
            at += 1
        else:
            out.append(re.escape(rest[at]))
            at += 1
    if at >= len(rest):
        return None
    return f"(?!/)[{'^' if negated else ''}{''.join(out)}]", at + 1
