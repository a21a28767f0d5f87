"""Does a change answer the failing input by heart instead of computing the answer?

New branches, tables and returns are compared with the literals of the failing evidence. Trivial
literals (-1, 0, 1, empty things, None, True, False) do not count: base cases need them.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from samokoder.agents.repair import testcode

_NOTHING: tuple[object, ...] = (
    -1,
    0,
    1,
    0.0,
    1.0,
    "",
    b"",
    None,
    True,
    False,
    [],
    (),
    {},
    " ",
    "\n",
)
_TRIVIAL = frozenset(map(repr, _NOTHING))
_TABLE = 2  # branches of the same kind that make a new one part of an existing table


@dataclass(frozen=True, slots=True)
class Literals:
    """``repr`` of the values that the failing evidence names, trivial ones left out."""

    values: frozenset[str] = frozenset()


def literals(texts: Iterable[str], messages: Iterable[str] = ()) -> Literals:
    """From the source of failing tests and from the failures' messages."""
    found: set[str] = set()
    for text in texts:
        tree = testcode.parse(text)
        if tree is not None:
            found |= {r for n in ast.walk(tree) if (r := constant(n)) is not None}
    for message in messages:
        for piece in re.findall(r"'[^'\n]*'|\"[^\"\n]*\"|[-+]?\d[\d_.eE]*|\[[^\]\n]*\]", message):
            try:
                found.add(repr(ast.literal_eval(piece)))
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    return Literals(frozenset(found - _TRIVIAL))


def constant(node: ast.AST) -> str | None:
    """``repr`` of a literal expression, containers included; None when it computes something."""
    if not isinstance(
        node, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict | ast.UnaryOp | ast.BinOp
    ):
        return None
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def hardcoded(old: str, new: str, evidence: Literals) -> tuple[str, ...]:
    """Sentences about answers known by heart in a Python file; empty when there are none."""
    before, after = testcode.parse(old), testcode.parse(new)
    if after is None:
        return ()
    was = _functions(before) if before else {}
    reasons: list[str] = []
    for name, function in _functions(after).items():
        twin = was.get(name)
        if twin is not None and ast.dump(twin) == ast.dump(function):
            continue
        reasons += [f"`{name}` {sentence}" for sentence in _function(twin, function, evidence)]
    known = Counter(_tables(before, evidence)) if before else Counter[str]()
    if Counter(_tables(after, evidence)) - known:
        reasons.append("a table holds the failing input with its answer")
    return tuple(dict.fromkeys(reasons))


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module) -> dict[str, _Function]:
    found: dict[str, _Function] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _Function):
                found[prefix + child.name] = child
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return found


def _function(old: _Function | None, new: _Function, evidence: Literals) -> Iterator[str]:
    fresh = Counter(_branches(new, evidence))
    if old is not None:
        fresh -= Counter(_branches(old, evidence))
        if _shape(old) >= _TABLE:
            fresh.clear()  # one more row of a table that was there
        elif _arm_count(new) <= _arm_count(old) and not _literals(new) - _literals(old):
            fresh.clear()  # a branch that was there, corrected
    if fresh:
        yield "answers the failing input by heart"
    if old is not None and _constant_only(new) and not _constant_only(old) and _uses(old):
        yield "returns a constant whatever its arguments are"


def _nontrivial(node: ast.AST, evidence: Literals) -> bool:
    return any(
        (r := constant(n)) is not None and r not in _TRIVIAL and r in evidence.values
        for n in ast.walk(node)
    )


def _compares(test: ast.AST) -> Iterator[ast.Compare]:
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and any(
            isinstance(op, ast.Eq | ast.In | ast.Is) for op in node.ops
        ):
            yield node


def _gives(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Literals that a branch returns, yields or assigns."""
    for statement in body:
        for node in ast.walk(statement):
            value = (
                node.value
                if isinstance(node, ast.Return | ast.Yield | ast.Assign | ast.AnnAssign)
                else None
            )
            if value is not None and (r := constant(value)) is not None:
                yield r


def _arms(node: ast.AST) -> Iterator[tuple[ast.AST, list[str]]]:
    """Condition and the literals given under it: if, conditional expression, match case."""
    if isinstance(node, ast.If):
        yield node.test, list(_gives(node.body))
    elif isinstance(node, ast.IfExp):
        given = constant(node.body)
        yield node.test, [given] if given is not None else []
    elif isinstance(node, ast.match_case):
        yield node.pattern, list(_gives(node.body))
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        given = constant(node.values[-1])
        yield node.values[0], [given] if given is not None else []


def _branches(function: _Function, evidence: Literals) -> Iterator[str]:
    for node in ast.walk(function):
        for test, given in _arms(node):
            literal = [r for r in given if r is not None]
            if not literal:
                continue
            asked = (
                _nontrivial(test, evidence)
                if isinstance(test, ast.pattern)
                else any(_nontrivial(c, evidence) for c in _compares(test))
            )
            told = any(r in evidence.values for r in literal)
            sized = not isinstance(test, ast.pattern) and any(
                _literal_side(c) for c in _compares(test)
            )
            if asked or (told and sized):
                yield ast.dump(test) + "→" + ",".join(literal)
        if isinstance(node, ast.BinOp):
            for side in (node.left, node.right):
                if any(_nontrivial(c, evidence) for c in _compares(side)):
                    yield ast.dump(side)


def _arm_count(function: _Function) -> int:
    return sum(1 for node in ast.walk(function) for _ in _arms(node))


def _literals(function: _Function) -> set[str]:
    return {r for n in ast.walk(function) if (r := constant(n)) is not None} - _TRIVIAL


def _literal_side(node: ast.Compare) -> bool:
    """Compared with a literal that no base case needs."""
    sides = (node.left, *node.comparators)
    return any((r := constant(s)) is not None and r not in _TRIVIAL for s in sides)


def _shape(function: _Function) -> int:
    """How many branches compare with a literal and give a literal."""
    count = 0
    for node in ast.walk(function):
        for test, given in _arms(node):
            if given and (
                isinstance(test, ast.pattern) or any(map(_literal_side, _compares(test)))
            ):
                count += 1
    return count


def _constant_only(function: _Function) -> bool:
    """Every return gives the same literal, one that no base case needs."""
    given = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
    values = {constant(v) if v is not None else None for v in given}
    return len(values) == 1 and None not in values and not values & _TRIVIAL


def _uses(function: _Function) -> bool:
    """True when the function reads one of its own arguments."""
    spec = function.args
    names = {a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(function))


def _tables(tree: ast.Module, evidence: Literals) -> Iterator[str]:
    """Dictionaries that map a literal of the evidence to another one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                left = constant(key) if key is not None else None
                right = constant(value)
                if left in evidence.values and right in evidence.values:
                    yield f"{left}:{right}"
