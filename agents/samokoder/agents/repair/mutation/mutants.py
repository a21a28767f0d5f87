"""All mutants of a file, ranked: likelihood of the change times suspicion of its line."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from samokoder.agents.repair import testcode
from samokoder.agents.repair.mutation import insertions, operators, statements
from samokoder.agents.repair.mutation.splice import Source, Splice


@dataclass(frozen=True, slots=True)
class Mutant:
    """A whole new text of ``path``. ``score`` ranks it, higher first."""

    path: str
    text: str
    score: float
    line: int
    note: str


def mutants(path: str, text: str, suspicion: Mapping[int, float], limit: int) -> list[Mutant]:
    """The likeliest mutants on suspicious lines; each text once and every one parses."""
    tree = testcode.parse(text)
    if tree is None:
        return []
    source = Source(text, tree)
    ranked = sorted(
        _splices(source, suspicion),
        key=lambda s: (-s.prior * suspicion.get(s.line, 0.0), s.start, s.text),
    )
    found: list[Mutant] = []
    seen = {text}
    for splice in ranked:
        if len(found) >= limit:
            break
        new = source.applied(splice)
        if new in seen:
            continue
        seen.add(new)
        if testcode.parse(new) is None:
            continue
        score = splice.prior * suspicion.get(splice.line, 0.0)
        found.append(Mutant(path, new, score, splice.line, f"line {splice.line}: {splice.note}"))
    return found


def _splices(source: Source, suspicion: Mapping[int, float]) -> Iterator[Splice]:
    module_names = _module_names(source.tree)
    fields = _fields(source.tree)

    def visit(node: ast.AST, function: statements.Function | None) -> Iterator[Splice]:
        if isinstance(node, statements.Function):
            if _suspicious(node, suspicion):
                yield from _rated(insertions.guards(source, node), node, suspicion)
                yield from _rated(insertions.insertions(source, node), node, suspicion)
            function = node
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                for statement in block:
                    if _on(statement, suspicion):
                        yield from statements.statements(source, statement, block, function)
        if isinstance(node, ast.expr | ast.comprehension):
            yield from operators.expressions(source, node)
        if isinstance(node, ast.Call):
            yield from statements.shifted(source, node, function)
        if isinstance(node, ast.Name):
            yield from statements.variables(source, node, function, module_names)
        elif isinstance(node, ast.Attribute):
            yield from _other_field(source, node, fields)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt) and not _suspicious(child, suspicion):
                continue
            if isinstance(child, ast.arguments):
                for default in (*child.defaults, *(d for d in child.kw_defaults if d)):
                    yield from operators.expressions(source, default)
                continue
            if isinstance(child, ast.expr) and isinstance(node, statements.Function):
                continue  # decorators and annotations
            yield from visit(child, function)

    yield from visit(source.tree, None)


def _on(statement: ast.stmt, suspicion: Mapping[int, float]) -> bool:
    return statement.lineno in suspicion


def _suspicious(statement: ast.stmt, suspicion: Mapping[int, float]) -> bool:
    return any(n in suspicion for n in range(statement.lineno, (statement.end_lineno or 0) + 1))


def _rated(
    splices: Iterator[Splice], function: statements.Function, suspicion: Mapping[int, float]
) -> Iterator[Splice]:
    """Inserted lines are as suspicious as the line they come before, or the function's worst."""
    lines = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    worst = max((suspicion.get(n, 0.0) for n in lines), default=0.0)
    for s in splices:
        if s.line in suspicion:
            yield s
        else:
            near = next((n for n in range(s.line, s.line - 8, -1) if n in suspicion), None)
            if near is not None and worst:
                yield Splice(s.start, s.end, s.text, near, s.prior * 0.8, s.note)


def _module_names(tree: ast.Module) -> list[str]:
    """Functions and constants of the module that could stand for each other."""
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, statements.Function):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [t.id for t in node.targets if isinstance(t, ast.Name)]
    return found[:12]


def _fields(tree: ast.Module) -> dict[str, list[str]]:
    """Attributes that are used on the same variable."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = found.setdefault(node.value.id, [])
            if node.attr not in names:
                names.append(node.attr)
    return found


def _other_field(
    source: Source, node: ast.Attribute, fields: dict[str, list[str]]
) -> Iterator[Splice]:
    if not isinstance(node.value, ast.Name):
        return
    end = source.end(node)
    start = end - len(node.attr.encode())
    for other in fields.get(node.value.id, ())[:16]:
        if other != node.attr:
            note = f"`.{node.attr}` → `.{other}`"
            yield Splice(start, end, other, node.end_lineno or node.lineno, 0.3, note)
