"""Code that judges other code wherever it stands: asserting helpers, fixtures, tests in scripts.

What the search may change is the product; a helper that asserts outside the tests' folders is not.
"""

import ast

from samokoder.agents.repair import testcode

_FRAMEWORKS = frozenset({"unittest", "pytest", "hypothesis", "nose", "testtools", "doctest"})
_NAMES = ("test", "assert", "expect", "verify", "should")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def judging_lines(text: str) -> frozenset[int]:
    """Lines (from 1) of a Python text that judge; all of them in a module of test helpers. Empty
    for a text that does not parse. Blocking.
    """
    tree = testcode.parse(text)
    if tree is None:
        return frozenset()
    helper = _imports(tree) & _FRAMEWORKS and not testcode.test_names(tree)
    if helper:
        return frozenset(range(1, text.count("\n") + 2))
    found: set[int] = set()
    for node in ast.walk(tree):
        if (isinstance(node, Function) and _judges(node)) or (
            isinstance(node, ast.ClassDef) and _is_tests(node)
        ):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(found)


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _is_tests(node: ast.ClassDef) -> bool:
    bases = {b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "") for b in node.bases}
    return node.name.startswith("Test") or any(b.endswith("TestCase") for b in bases)


def _judges(node: Function) -> bool:
    """Named like a judgement and really one: it asserts, or raises AssertionError."""
    named = node.name.lstrip("_").startswith(_NAMES)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and "AssertionError" in ast.dump(inner):
            return True
        if named and isinstance(inner, ast.Assert):
            return True
    return named and node.name.startswith("test")
