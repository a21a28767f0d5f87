"""A test file without what was merely added to it: what is left is held against what it was.

An addition cannot weaken the tests that were there: a new class, helper or constant under a name
that nothing in the old file uses, and that no test tool calls by itself.
"""

import ast

from samokoder.agents.edits import pysource
from samokoder.agents.workspace import text as texts

_HOOKS = ("pytest_", "setUpModule", "tearDownModule", "load_tests", "__")


def without(before: bytes, after: bytes) -> bytes:
    """``after`` without additions; as it is where either does not parse."""
    try:
        old, new = pysource.parse(before.decode()), pysource.parse(after.decode())
    except (SyntaxError, ValueError):
        return after
    used = pysource.names_used([old]) | pysource.names_bound(old)
    lines = texts.byte_lines(after)
    for statement in reversed(new.body):
        name = _name(statement)
        if name and name not in used and not name.startswith(_HOOKS):
            first = min([statement.lineno, *(d.lineno for d in _decorators(statement))])
            del lines[first - 1 : statement.end_lineno or statement.lineno]
    return b"".join(lines)


def _name(statement: ast.stmt) -> str:
    """What the statement adds; empty when it could reach further than its name."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return "" if _decorators(statement) else statement.name
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        plain = isinstance(target, ast.Name) and _constant(statement.value)
        return target.id if plain and isinstance(target, ast.Name) else ""
    return ""


def _constant(value: ast.expr) -> bool:
    return not any(isinstance(n, ast.Call | ast.Await | ast.NamedExpr) for n in ast.walk(value))


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return list(getattr(statement, "decorator_list", []))
