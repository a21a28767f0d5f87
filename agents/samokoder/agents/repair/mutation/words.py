"""Does a change contradict what the function says of itself, in its name or its docstring?"""

import ast
import re
from collections import Counter

from samokoder.agents.repair import testcode

_MEANS: dict[str, frozenset[str]] = {
    "all": frozenset({"all", "every", "each"}),
    "any": frozenset({"any", "some", "either"}),
    "intersection": frozenset({"all", "every", "both", "common", "intersection"}),
    "union": frozenset({"any", "either", "union"}),
    "difference": frozenset({"difference", "except", "without"}),
    "max": frozenset({"max", "maximum", "largest", "highest", "longest", "most", "greatest"}),
    "min": frozenset({"min", "minimum", "smallest", "lowest", "shortest", "least", "fewest"}),
}


def contradicted(old: str, new: str) -> str:
    """A word of a function's own description that stands for what a change took out of it and put
    the contrary in for; empty when there is none. Blocking.
    """
    before, after = testcode.parse(old), testcode.parse(new)
    if before is None or after is None:
        return ""
    functions = {n.name: n for n in ast.walk(after) if isinstance(n, ast.FunctionDef)}
    for node in ast.walk(before):
        if not isinstance(node, ast.FunctionDef) or node.name not in functions:
            continue
        was, now = _names(node), _names(functions[node.name])
        gone, come = was - now, now - was
        if not set(gone) & set(_MEANS) or not set(come) & set(_MEANS):
            continue
        told = re.findall(r"[a-z]+", f"{node.name} {ast.get_docstring(node) or ''}".lower())
        for name in gone:
            found = _MEANS.get(name, frozenset()) & set(told)
            if found:
                return min(found)
    return ""


def _names(node: ast.AST) -> Counter[str]:
    found: Counter[str] = Counter()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found[inner.id] += 1
        elif isinstance(inner, ast.Attribute):
            found[inner.attr] += 1
    return found
