"""Loops that never end, never run, run past the end, or change what they walk over."""

import ast
from collections.abc import Iterator
from typing import Final

from samokoder.agents.review.defects.defect import (
    Defect,
    Module,
    named,
    own,
    pure,
    same,
    stored,
)

_LEAVING: Final = (ast.Break, ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)
_CHANGERS: Final = frozenset({"remove", "append", "insert", "pop", "add", "discard", "clear"})


def endless(m: Module) -> Iterator[Defect]:
    """``while`` tests that nothing in the loop can change, or that it only moves away from."""
    for node in m.nodes:
        if not isinstance(node, ast.While) or isinstance(node.test, ast.Constant):
            continue
        inside = [n for s in node.body for n in (s, *own(s))]
        if any(isinstance(n, _LEAVING) for n in inside):
            continue
        names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        plain = all(
            isinstance(n, ast.Name | ast.Compare | ast.Constant | ast.BinOp | ast.BoolOp
                       | ast.UnaryOp | ast.operator | ast.cmpop | ast.boolop | ast.unaryop
                       | ast.expr_context)
            for n in ast.walk(node.test)
        )  # fmt: skip
        if not plain or not names or (_bare(node.test) and not _counted(m, node)):
            continue
        changed = stored(inside)
        if not names & changed and not _elsewhere(m, node, names, inside):
            yield Defect(
                node.test, "endless-loop",
                f"nothing in the loop changes {_listed(names)}, so it never ends",
            )  # fmt: skip
        else:
            yield from _away(node, inside, changed)


def _bare(test: ast.expr) -> bool:
    """``while stack:``, which something that also holds the list may change."""
    return not any(isinstance(n, ast.Compare) for n in ast.walk(test))


def _counted(m: Module, node: ast.While) -> bool:
    """Whether the tested names are numbers: bound to arithmetic only."""
    function = m.function(node)
    names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    values = [
        n.value for n in (own(function) if function is not None else ())
        if isinstance(n, ast.Assign) and any(named(t) in names for t in n.targets)
    ]  # fmt: skip
    return bool(values) and all(
        isinstance(v, ast.BinOp) and not isinstance(v.op, ast.Add | ast.Mult | ast.Mod)
        for v in values
    )


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{n}`" for n in sorted(names))


def _elsewhere(m: Module, node: ast.While, names: set[str], inside: list[ast.AST]) -> bool:
    """Whether something else may change them: globals by calls, objects by methods."""
    function = m.function(node)
    local: set[str] = set()
    if function is not None:
        local = stored(list(own(function))) | {
            a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)
        }
        declared = {
            name for n in ast.walk(function) if isinstance(n, ast.Nonlocal | ast.Global)
            for name in n.names
        }  # fmt: skip
        local -= declared
    if not names <= local:
        return True
    return any(_touches(n, names) for n in inside)


def _touches(node: ast.AST, names: set[str]) -> bool:
    """Whether a call gets one of the names, or a part of one is stored."""
    stores = isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load)
    if not (stores or isinstance(node, ast.Call)):
        return False
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(node))


def _away(node: ast.While, inside: list[ast.AST], changed: set[str]) -> Iterator[Defect]:
    """``while i < n: i -= 1``: each step leads away from the end."""
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and pure(test)):
        return
    left, right, op = test.left, test.comparators[0], test.ops[0]
    if isinstance(op, ast.Gt | ast.GtE):
        left, right = right, left
    elif not isinstance(op, ast.Lt | ast.LtE):
        return
    # now it goes on while left is less than right
    for side, wrong in ((left, ast.Sub), (right, ast.Add)):
        other = right if side is left else left
        if not isinstance(side, ast.Name):
            continue
        if {n.id for n in ast.walk(other) if isinstance(n, ast.Name)} & changed:
            continue
        steps = [n for n in inside if isinstance(n, ast.AugAssign) and same_name(n.target, side.id)]
        plain = [
            n for n in inside
            if isinstance(n, ast.Name) and n.id == side.id and isinstance(n.ctx, ast.Store)
        ]  # fmt: skip
        if steps and len(plain) == len(steps) and all(
            isinstance(s.op, wrong) and _positive(s.value) for s in steps
        ):  # fmt: skip
            yield Defect(
                steps[0], "loop-moves-away",
                f"`{side.id}` moves away from what ends the loop at `{ast.unparse(test)}`",
                also=((test, "goes on while this holds"),),
            )  # fmt: skip


def same_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _positive(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > 0


def ranges(m: Module) -> Iterator[Defect]:
    """Ranges that are empty, and indices that leave the sequence."""
    for node in m.nodes:
        if isinstance(node, ast.Call) and named(node.func) == "range" and not node.keywords:
            yield from _empty(node)
        if isinstance(node, ast.Subscript) and _at_length(node):
            yield Defect(
                node, "index-past-end",
                f"the last index of `{ast.unparse(node.value)}` is one less than its length",
            )  # fmt: skip
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            yield from _past(m, node)


def _at_length(node: ast.Subscript) -> bool:
    """``a[len(a)]``."""
    index = node.slice
    return (
        isinstance(node.ctx, ast.Load)
        and isinstance(index, ast.Call)
        and named(index.func) == "len"
        and len(index.args) == 1
        and same(index.args[0], node.value)
    )


def _empty(node: ast.Call) -> Iterator[Defect]:
    if len(node.args) not in (2, 3):
        return
    start, stop = node.args[0], node.args[1]
    step = _number(node.args[2]) if len(node.args) == 3 else 1
    low, high = _number(start), _number(stop)
    downwards = high is not None and high <= 0 and (
        _sized(start) or (isinstance(start, ast.BinOp) and _sized(start.left))
    )  # fmt: skip
    if step is not None and step > 0 and downwards:
        yield Defect(
            node, "empty-range", "this counts up from the end, so it is empty",
            advice="Add a step of -1.",
        )  # fmt: skip
    elif step is not None and step < 0 and low is not None and low <= 0 and _sized(stop):
        yield Defect(node, "empty-range", "this counts down from the start, so it is empty")


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return -inner if inner is not None else None
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return int(node.value)
    return None


def _sized(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and named(node.func) == "len"


def _past(m: Module, node: ast.For) -> Iterator[Defect]:
    """``for i in range(len(a) + 1): a[i]`` and ``for i in range(len(a)): a[i + 1]``."""
    call = node.iter
    if not (isinstance(call, ast.Call) and named(call.func) == "range" and call.args):
        return
    stop = call.args[0] if len(call.args) == 1 else call.args[1]
    if len(call.args) == 3:
        return
    beyond = 0
    if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add) and _number(stop.right):
        beyond, stop = _number(stop.right) or 0, stop.left
    if not (_sized(stop) and isinstance(stop, ast.Call) and len(stop.args) == 1):
        return
    sequence = stop.args[0]
    assert isinstance(node.target, ast.Name)
    index = node.target.id
    if index in stored([n for s in node.body for n in (s, *own(s))]):
        return
    if any(_changes(n, sequence) for s in node.body for n in ast.walk(s)):
        return
    for statement in node.body:
        if isinstance(statement, ast.If | ast.Try | ast.While):
            return  # what follows may be guarded by it
        for inner in (statement, *own(statement)):
            if isinstance(inner, ast.IfExp | ast.BoolOp | ast.If | ast.Try | ast.comprehension):
                return
            if not (isinstance(inner, ast.Subscript) and same_base(inner, sequence)):
                continue
            ahead = _ahead(inner.slice, index)
            if ahead is not None and ahead + beyond > 0:
                yield Defect(
                    inner, "index-past-end",
                    f"at the last `{index}` this is past the end of `{ast.unparse(sequence)}`",
                    also=((call, "the range"),),
                )  # fmt: skip
                return


def same_base(node: ast.Subscript, sequence: ast.expr) -> bool:
    return same(node.value, sequence) or (
        isinstance(node.value, ast.Name) and isinstance(sequence, ast.Name)
        and node.value.id == sequence.id
    )  # fmt: skip


def _ahead(node: ast.expr, index: str) -> int | None:
    """By how much an index expression is ahead of the loop's variable."""
    if same_name(node, index):
        return 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and same_name(node.left, index):
        return _number(node.right)
    return None


def _changes(node: ast.AST, sequence: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in _CHANGERS | {"extend"} and same(node.func.value, sequence)
    if isinstance(node, ast.Name) and isinstance(sequence, ast.Name):
        return node.id == sequence.id and isinstance(node.ctx, ast.Store)
    return False


def changing(m: Module) -> Iterator[Defect]:
    """A list or mapping changed while it is walked over."""
    for node in m.nodes:
        if not isinstance(node, ast.For) or not pure(node.iter):
            continue
        if not isinstance(node.iter, ast.Name | ast.Attribute):
            continue
        for inner in (n for s in node.body for n in (s, *own(s))):
            if not (isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute)):
                continue
            method = inner.func.attr
            if method not in ("remove", "insert", "pop") or not same(inner.func.value, node.iter):
                continue
            if not _left(m, inner, node):
                yield Defect(
                    inner, "changed-while-walked",
                    f"`{ast.unparse(node.iter)}` changes while walked over: items are skipped",
                    also=((node.iter, "the walk"),), advice="Walk over a copy.",
                )  # fmt: skip


def _left(m: Module, node: ast.AST, loop: ast.For) -> bool:
    """Whether the loop is left right after."""
    for outer in m.around(node):
        if outer is loop:
            return False
        parent = m.parents.get(outer)
        if isinstance(outer, ast.stmt) and parent is not None:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, [])
                if isinstance(block, list) and outer in block:
                    rest = block[block.index(outer) :]
                    if any(isinstance(s, ast.Break | ast.Return | ast.Raise) for s in rest):
                        return True
    return False


def shadows(m: Module) -> Iterator[Defect]:
    """An inner loop that takes the outer loop's variable, which is used again afterwards."""
    for node in m.nodes:
        if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name):
            continue
        name = node.target.id
        for position, statement in enumerate(node.body):
            inner = statement
            if not (isinstance(inner, ast.For) and same_name(inner.target, name)):
                continue
            after = [n for s in node.body[position + 1 :] for n in ast.walk(s)]
            if name != "_" and any(
                isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
                for n in after
            ):
                yield Defect(
                    inner.target, "shadowed-loop-variable",
                    f"the inner loop takes `{name}` of the outer one, which needs it afterwards",
                    also=((node.target, "the outer loop"),),
                )  # fmt: skip


FINDERS = (endless, ranges, changing, shadows)
