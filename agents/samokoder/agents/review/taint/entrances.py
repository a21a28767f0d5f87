"""Which functions of a module outside data can come in at; only those are worth a walk."""

import ast
import re
from typing import Final

from samokoder.agents.review.taint import knowledge
from samokoder.agents.review.taint.machine import Function

_MARKS: Final = frozenset(
    {"request", "environ", "random", "Request", "HttpRequest", "WSGIRequest", "FieldStorage",
     *knowledge.SENT_METHODS}
)  # fmt: skip
_HINT: Final = re.compile(
    r"request|\benviron\b|get_\w*arguments?\b|HTTPRequestHandler|\brandom\b|FieldStorage|"
    r"^[ \t]*@[\w.]+\.(?:get|post|put|patch|delete|route|api_route|websocket)\(",
    re.I | re.M,
)


def possible(text: str) -> bool:
    """Whether anything can come in at all; False for most files, and cheap."""
    return _HINT.search(text) is not None


def entered(tree: ast.Module) -> set[int]:
    """The ids of the functions that outside data reaches by itself or through what they call."""
    words: dict[int, set[str]] = {}
    names: dict[int, str] = {}
    marks = set(_MARKS) | _aliases(tree)
    found: set[int] = set()
    _collect(tree, [], words, names, found, False)
    told = {names[node] for node in found}
    grown = True
    while grown:
        grown = False
        for node, used in words.items():
            if node not in found and (used & marks or used & told):
                found.add(node)
                told.add(names[node])
                grown = True
    return found


def _collect(
    node: ast.AST,
    around: list[int],
    words: dict[int, set[str]],
    names: dict[int, str],
    found: set[int],
    handler: bool,
) -> None:
    """The words of each function, those of functions within it included."""
    for child in ast.iter_child_nodes(node):
        inside, within = around, handler
        if isinstance(child, Function):
            key = id(child)
            words[key], names[key] = set(), child.name
            inside = [*around, key]
            if handler or any(_routes(d) for d in child.decorator_list):
                found.add(key)
        elif isinstance(child, ast.ClassDef):
            within = any("RequestHandler" in ast.unparse(base) for base in child.bases)
        word = (
            child.id if isinstance(child, ast.Name)
            else child.attr if isinstance(child, ast.Attribute)
            else child.arg if isinstance(child, ast.arg)
            else ""
        )  # fmt: skip
        if word:
            for key in around:
                words[key].add(word)
        _collect(child, inside, words, names, found, within)


def _routes(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)


def _aliases(tree: ast.Module) -> set[str]:
    """Names a module gave to a request object or to the random module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found.update(
                a.asname or a.name
                for a in node.names
                if a.name in _MARKS or (node.module or "").startswith("random")
            )
        elif isinstance(node, ast.Import):
            found.update(a.asname for a in node.names if a.asname and a.name in _MARKS)
    return found
