"""Missing and stale imports of Python files: where a name comes from and where its import goes.

Sources, in this order: the standard library's names (a table that ships as data), the project's
own top-level definitions (only where there is exactly one), well-known aliases.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePosixPath

from rapidfuzz import fuzz, process

from samokoder.agents.repair import testcode

_UNDEFINED = (
    re.compile(r"name '(\w+)' is not defined"),
    re.compile(r"[Uu]ndefined name [`'\"](\w+)[`'\"]"),
    re.compile(r"Name [\"'](\w+)[\"'] is not defined"),
    re.compile(r"[\"'](\w+)[\"'] is not defined"),
)
_MODULE = re.compile(r"No module named '([\w.]+)'|Cannot find .* module named [\"']([\w.]+)[\"']")
_CANNOT = re.compile(
    r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'"
)
_ALIKE = 80.0
"""Similarity (0–100) from which a module may be the renamed one."""


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name``; without a name ``import module``."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def statement(self) -> str:
        head = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return f"{head} as {self.alias}" if self.alias else head


@dataclass(frozen=True, slots=True)
class Table:
    """The standard library: its modules, usual aliases, and the module of each symbol."""

    modules: frozenset[str]
    aliases: Mapping[str, str]
    symbols: Mapping[str, str]


@cache
def table() -> Table:
    """Read once from the packaged data. Blocking."""
    data = json.loads(resources.files(__package__).joinpath("data/stdlib.json").read_text("utf-8"))
    symbols = {name: module for module, names in data["symbols"].items() for name in names}
    return Table(frozenset(data["modules"]), data["aliases"], symbols)


def undefined(messages: Iterable[str]) -> tuple[str, ...]:
    """Names that the messages call undefined."""
    found = [m.group(1) for text in messages for p in _UNDEFINED for m in p.finditer(text)]
    return tuple(dict.fromkeys(found))


def unknown_modules(messages: Iterable[str]) -> tuple[str, ...]:
    """Modules that could not be found."""
    found = [m.group(1) or m.group(2) for text in messages for m in _MODULE.finditer(text)]
    return tuple(dict.fromkeys(found))


def unknown_symbols(messages: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(name, module) where the module is there and the name is not."""
    found = [(m.group(1), m.group(2)) for text in messages for m in _CANNOT.finditer(text)]
    return tuple(dict.fromkeys(found))


def sources(name: str, path: str, definitions: Mapping[str, Iterable[str]]) -> list[Import]:
    """Imports that would define ``name`` in the file at ``path``, likeliest first.

    ``definitions`` maps names to the paths of the project's files that define them at top level.
    """
    known = table()
    found: list[Import] = []
    places = [p for p in definitions.get(name, ()) if p != path]
    if len(places) == 1:
        found.append(Import(module_of(places[0], path), name))
    modules = [p for p in definitions.get(f"module {name}", ()) if p != path]
    if len(modules) == 1:
        found.append(_module_import(modules[0], path, name))
    if name in known.modules:
        found.append(Import(name))
    if name in known.symbols:
        found.append(Import(known.symbols[name], name))
    if name in known.aliases:
        found.append(Import(known.aliases[name], "", name))
    return found


def _module_import(place: str, path: str, name: str) -> Import:
    module = module_of(place, path)
    parent, _, last = module.rpartition(".")
    return Import(parent, last) if parent else Import(module)


def module_of(place: str, importer: str = "") -> str:
    """The dotted name of a file, as the file at ``importer`` would import it."""
    parts = list(PurePosixPath(place).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if parts and parts[0] in ("src", "lib") and len(parts) > 1:
        parts = parts[1:]
    folder = list(PurePosixPath(importer).parent.parts) if importer else []
    beside = PurePosixPath(place).parent == PurePosixPath(importer).parent
    if beside and folder and testcode.is_test_path(importer):
        return parts[-1]
    return ".".join(parts)


def definitions(texts: Mapping[str, str], names: Iterable[str]) -> dict[str, list[str]]:
    """Which files define these names at top level; modules under ``module NAME``."""
    wanted = tuple(names)
    found: dict[str, list[str]] = {}
    for path, text in texts.items():
        stem = PurePosixPath(path).stem
        for name in wanted:
            if stem == name:
                found.setdefault(f"module {name}", []).append(path)
            if name not in text or testcode.is_test_path(path):
                continue
            word = re.escape(name)
            pattern = rf"(?m)^(?:async\s+def|def|class)\s+{word}\b|^{word}\s*(?::[^=\n]+)?=(?!=)"
            if re.search(pattern, text):
                found.setdefault(name, []).append(path)
    return found


def added(text: str, imports: Iterable[Import]) -> str | None:
    """The text with the imports where sorted imports would have them; None when it is broken."""
    for wanted in imports:
        tree = testcode.parse(text)
        if tree is None:
            return None
        text = _extended(text, tree, wanted) or _inserted(text, tree, wanted)
    return text


def _extended(text: str, tree: ast.Module, wanted: Import) -> str | None:
    """Adds a name to a one-line ``from module import …`` that is there."""
    if not wanted.name or wanted.alias:
        return None
    lines = text.split("\n")
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or node.level or node.module != wanted.module:
            continue
        line = lines[node.lineno - 1]
        if node.lineno != node.end_lineno or "(" in line or ";" in line or "*" in line:
            continue
        if any(a.asname for a in node.names):
            continue
        head, _, comment = line.partition("#")
        old = [a.name for a in node.names]
        names = [*old, wanted.name]
        if old == sorted(old, key=_order):
            names.sort(key=_order)
        tail = f"  #{comment}" if comment else ("\r" if head.endswith("\r") else "")
        lines[node.lineno - 1] = f"from {wanted.module} import {', '.join(names)}{tail}"
        return "\n".join(lines)
    return None


def _order(name: str) -> tuple[int, str]:
    """isort's order of members: CONSTANTS, Classes, functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _inserted(text: str, tree: ast.Module, wanted: Import) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    group = _group(wanted.module)
    top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    top = [n for n in top if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")]
    statement = wanted.statement + ("\r" if end == "\r\n" else "")
    block: list[ast.Import | ast.ImportFrom] = []
    for node in top:  # the first run of imports only
        if block and any(
            lines[i].strip() and not lines[i].lstrip().startswith("#")
            for i in range((block[-1].end_lineno or 0), node.lineno - 1)
        ):
            break
        block.append(node)
    if not block:
        at = _head(tree, lines)
        before = [""] if at and lines[at - 1].strip() else []
        after = [] if at < len(lines) and not lines[at].strip() else [""]
        if at < len(lines) and re.match(r"(?:async def |def |class |@)", lines[at]):
            after = ["", ""]
        return "\n".join([*lines[:at], *before, statement, *after, *lines[at:]])
    key = (_form(wanted), wanted.module.lower())
    same = [n for n in block if _group(_module(n)) == group]
    for node in same:
        if (_form(node), _module(node).lower()) > key:
            at = node.lineno - 1
            return "\n".join([*lines[:at], statement, *lines[at:]])
    if same:
        at = same[-1].end_lineno or len(lines)
        return "\n".join([*lines[:at], statement, *lines[at:]])
    later = [n for n in block if _group(_module(n)) > group]
    if later:
        at = later[0].lineno - 1
        return "\n".join([*lines[:at], statement, "", *lines[at:]])
    at = block[-1].end_lineno or len(lines)
    return "\n".join([*lines[:at], "", statement, *lines[at:]])


def _head(tree: ast.Module, lines: list[str]) -> int:
    """The line (from 0) before which the first import goes: after comments, docstring, future."""
    at = 0
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (docstring or future):
            break
        at = node.end_lineno or at
    if at == 0:
        while at < len(lines) and lines[at].startswith("#"):
            at += 1
    return at


def _module(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.ImportFrom):
        return "." * node.level + (node.module or "")
    return node.names[0].name


def _form(node: ast.Import | ast.ImportFrom | Import) -> int:
    if isinstance(node, Import):
        return 1 if node.name else 0
    return 1 if isinstance(node, ast.ImportFrom) else 0


def _group(module: str) -> int:
    """Standard library, others, relative."""
    if module.startswith("."):
        return 2
    return 0 if module.split(".")[0] in table().modules else 1


def moved(
    text: str, module: str, names_at: Mapping[str, Iterable[str]], files: Iterable[str], path: str
) -> list[tuple[str, str]]:
    """Repairs of imports from a module that is not there (any more): (new text, note).

    ``names_at`` as from :func:`definitions` for the names imported from it.
    """
    tree = testcode.parse(text)
    if tree is None:
        return []
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            homes = {tuple(p for p in names_at.get(a.name, ()) if p != path) for a in node.names}
            if len(homes) == 1 and len(home := homes.pop()) == 1:
                new = module_of(home[0], path)
                found.append((_renamed(text, node, module, new), f"`{module}` is now `{new}`"))
    alike = {module_of(f, path) for f in files if f.endswith(".py")} | set(table().modules)
    for new, _, _ in process.extract(
        module, sorted(alike - {module}), scorer=fuzz.ratio, limit=2, score_cutoff=_ALIKE
    ):
        changed = text
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and module in (
                _module(node),
                *(a.name for a in node.names if isinstance(node, ast.Import)),
            ):
                changed = _renamed(changed, node, module, new)
        if changed != text:
            if re.search(rf"(?m)^import {re.escape(module)}\s*$", text):
                changed = re.sub(rf"\b{re.escape(module)}\.", f"{new}.", changed)
            found.append((changed, f"`{module}` is spelt `{new}`"))
    return found


def _renamed(text: str, node: ast.stmt, old: str, new: str) -> str:
    lines = text.split("\n")
    for i in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[i] = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w])", new, lines[i], count=1)
    return "\n".join(lines)
