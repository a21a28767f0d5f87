"""One module out of two: a function of one version in the place of the same one in another."""

import ast


def functions(text: str) -> dict[str, ast.AST]:
    """The module's functions by name; empty for what is no Python."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return {}
    return {n.name: n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def mixed(base: str, other: str, name: str) -> str | None:
    """``base`` with the function as ``other`` has it, with what that needs; None when not both
    have it or nothing changes.
    """
    old, new = functions(base).get(name), functions(other).get(name)
    if not isinstance(old, ast.FunctionDef) or not isinstance(new, ast.FunctionDef):
        return None
    lines = base.splitlines(keepends=True)
    first, last = _span(old)
    theirs = other.splitlines(keepends=True)
    start, end = _span(new)
    body = "".join(theirs[start:end])
    if body.strip() == "".join(lines[first:last]).strip():
        return None
    needed = _needed(base, other, new)
    text = "".join([*lines[:first], *needed, body.rstrip() + "\n", *lines[last:]])
    return text if functions(text) else None


def _span(node: ast.FunctionDef) -> tuple[int, int]:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return first - 1, node.end_lineno or node.lineno


def _needed(base: str, other: str, function: ast.FunctionDef) -> list[str]:
    """Top-level statements of ``other`` that define names the function uses and ``base`` lacks."""
    have = set().union(*(_defined(n) for n in ast.parse(base).body))
    used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
    found: list[str] = []
    statements = [n for n in ast.parse(other).body if n.lineno != function.lineno]
    changed = True
    while changed:
        changed = False
        for node in statements:
            text = (ast.get_source_segment(other, node) or "") + "\n"
            names = _defined(node)
            if names & used and not names & have and text not in found:
                found.insert(0, text)
                have |= names
                used |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                changed = True
    return [*found, "\n\n"] if found else []


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).partition(".")[0] for a in node.names}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
