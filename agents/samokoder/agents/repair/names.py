"""Misspelt names: what the message suggests, and what is nearest among the names in reach."""

import ast
import builtins
import re
from collections.abc import Iterator

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from samokoder.agents.repair import testcode

_SUGGESTED = re.compile(
    r"(?:name|attribute) '(?P<wrong>\w+)'.*?Did you mean:? [`'\"](?P<right>[\w.]+)[`'\"]", re.DOTALL
)
_NAME = re.compile(r"(?:name|local variable) '(\w+)'|[Uu]ndefined name [`'\"](\w+)[`'\"]")
_ATTRIBUTE = re.compile(
    r"(?:type object )?'?(?P<owner>[\w.]+)'? (?:object )?has no attribute '(?P<wrong>\w+)'"
)
_CANNOT = re.compile(r"cannot import name '(\w+)'")
_NEAR = 0.86
"""Similarity from which another name may be the one that was meant (0–1)."""


def repairs(text: str, line: int, message: str) -> Iterator[tuple[str, str]]:
    """New texts with a note, likeliest first. ``line`` (from 1) is where the message points."""
    for match in _SUGGESTED.finditer(message):
        wrong, right = match["wrong"], match["right"]
        yield from replaced(text, line, wrong, right)
    tree = testcode.parse(text)
    if tree is None:
        return
    for match in _NAME.finditer(message):
        wrong = match.group(1) or match.group(2)
        for right in nearest(wrong, reachable(tree, line)):
            yield from replaced(text, line, wrong, right)
    for match in _ATTRIBUTE.finditer(message):
        wrong = match["wrong"]
        for right in nearest(wrong, attributes(tree, match["owner"])):
            yield from replaced(text, line, wrong, right)


def nearest(word: str, pool: set[str]) -> list[str]:
    """At most three similar names, most similar first."""
    found = process.extract(
        word,
        sorted(pool - {word}),
        scorer=JaroWinkler.similarity,
        limit=3,
        score_cutoff=_NEAR,
    )
    return [name for name, _, _ in found]


def reachable(tree: ast.Module, line: int) -> set[str]:
    """Names that code at this line can see: builtins, the module's, the enclosing functions'."""
    names = {n for n in dir(builtins) if not n.startswith("_")}
    for statement in tree.body:
        names |= _bound(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and (
            node.lineno <= line <= (node.end_lineno or node.lineno)
        ):
            spec = node.args
            names |= {a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
            names |= {a.arg for a in (spec.vararg, spec.kwarg) if a}
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    names.add(inner.id)
                elif isinstance(inner, ast.FunctionDef) and inner is not node:
                    names.add(inner.name)
    return names


def is_self(node: ast.expr) -> bool:
    """True for the name ``self``."""
    return isinstance(node, ast.Name) and node.id == "self"


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).split(".")[0] for a in node.names if a.name != "*"}
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def attributes(tree: ast.Module, owner: str) -> set[str]:
    """Attributes of a class or builtin type, and all that the file uses elsewhere."""
    found = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    kind = getattr(builtins, owner, None)
    if isinstance(kind, type):
        found |= {n for n in dir(kind) if not n.startswith("_")}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == owner:
            found |= {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    return found


def replaced(text: str, line: int, wrong: str, right: str) -> Iterator[tuple[str, str]]:
    """At the line, and everywhere in the file."""
    word = re.compile(rf"(?<!\w){re.escape(wrong)}(?!\w)")
    lines = text.split("\n")
    note = f"`{wrong}` is `{right}`"
    if 1 <= line <= len(lines) and word.search(lines[line - 1]):
        copy = list(lines)
        copy[line - 1] = word.sub(right, copy[line - 1])
        yield "\n".join(copy), note
    everywhere = word.sub(right, text)
    if everywhere != text:
        yield everywhere, note
