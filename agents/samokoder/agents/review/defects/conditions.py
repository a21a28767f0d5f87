"""Conditions that cannot mean what they say: always true, never true, or about the wrong thing."""

import ast
from collections.abc import Iterator
from typing import Final

from samokoder.agents.review.defects.defect import INFO, Defect, Function, Module, named, pure, same

_SAYING: Final = (ast.Eq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn)
_CANCELLING: Final = (
    ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.BitXor, ast.BitAnd, ast.BitOr,
)  # fmt: skip
_TEXT_METHODS: Final = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "isdigit", "isalpha", "isupper",
     "islower", "isalnum", "isspace", "casefold"}
)  # fmt: skip


def twins(m: Module) -> Iterator[Defect]:
    """``x == x``, ``a and a``, ``n - n``."""
    for node in m.nodes:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right, op = node.left, node.comparators[0], node.ops[0]
            twin = isinstance(op, _SAYING) and same(left, right) and pure(left) and _varies(left)
            if twin and not _tested(m, node):
                yield Defect(
                    node, "same-operands", f"`{ast.unparse(left)}` is compared with itself"
                )
        elif isinstance(node, ast.BoolOp):
            seen: list[ast.expr] = []
            for part in node.values:
                if pure(part) and any(same(part, s) for s in seen):
                    word = "and" if isinstance(node.op, ast.And) else "or"
                    yield Defect(
                        part, "same-operands",
                        f"`{ast.unparse(part)}` stands twice in one `{word}`",
                    )  # fmt: skip
                    break
                seen.append(part)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _CANCELLING):
            if not same(node.left, node.right) or not pure(node.left) or not _varies(node.left):
                continue
            yield Defect(
                node, "same-operands", f"both sides are `{ast.unparse(node.left)}`", confidence=0.7
            )


def _varies(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) for n in ast.walk(node))


def _tested(m: Module, node: ast.AST) -> bool:
    """Inside an assertion: how a test of equality itself looks."""
    return any(
        isinstance(n, ast.Assert)
        or (isinstance(n, ast.Call) and named(n.func).lower().startswith("assert"))
        for n in m.around(node)
    )


def chains(m: Module) -> Iterator[Defect]:
    """The same test twice in one ``if … elif``; branches that are all alike."""
    for node in m.nodes:
        if not isinstance(node, ast.If) or _is_elif(m, node):
            continue
        links: list[ast.If] = [node]
        while len(links[-1].orelse) == 1 and isinstance(links[-1].orelse[0], ast.If):
            links.append(links[-1].orelse[0])
        seen: list[ast.If] = []
        for link in links:
            twin = next((s for s in seen if same(s.test, link.test) and pure(s.test)), None)
            if twin is not None:
                yield Defect(
                    link.test, "repeated-test",
                    f"`{ast.unparse(link.test)}` was already tested above, so this is never run",
                    also=((twin.test, "tested here"),),
                )  # fmt: skip
            seen.append(link)
        last = links[-1]
        if len(links) == 1 and last.orelse and _block(last.body) == _block(last.orelse):
            yield Defect(
                last.test, "same-branches", "both branches do the same, whatever the test says",
                INFO,
            )  # fmt: skip
    for node in m.nodes:
        if isinstance(node, ast.IfExp) and same(node.body, node.orelse):
            yield Defect(node, "same-branches", "both alternatives are the same")


def _is_elif(m: Module, node: ast.If) -> bool:
    parent = m.parents.get(node)
    return isinstance(parent, ast.If) and parent.orelse == [node]


def _block(block: list[ast.stmt]) -> str:
    return "\n".join(ast.dump(s) for s in block)


def contradictions(m: Module) -> Iterator[Defect]:
    """Parts of one ``and`` or ``or`` that exclude each other or leave nothing out."""
    for node in m.nodes:
        if not isinstance(node, ast.BoolOp):
            continue
        both = isinstance(node.op, ast.And)
        facts = [f for part in node.values if (f := _fact(part)) is not None]
        for index, (name, op, value) in enumerate(facts):
            for other_name, other_op, other_value in facts[index + 1 :]:
                if name != other_name or not _conflict(op, value, other_op, other_value, both):
                    continue
                word = "never" if both else "always"
                yield Defect(
                    node, "never-true" if both else "always-true",
                    f"this is {word} true: `{name}` cannot be both"
                    if both else f"this is always true, whatever `{name}` is",
                )  # fmt: skip
                break


def _fact(node: ast.expr) -> tuple[str, type[ast.cmpop], object] | None:
    """``name OP constant``."""
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and pure(node.left)):
        return None
    right = node.comparators[0]
    negative = isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub)
    value = right.operand if negative and isinstance(right, ast.UnaryOp) else right
    if not isinstance(value, ast.Constant) or isinstance(node.left, ast.Constant):
        return None
    found = value.value
    if negative:
        found = -found if isinstance(found, int | float) else None
    return ast.unparse(node.left), type(node.ops[0]), found


def _conflict(
    op: type[ast.cmpop], value: object, other_op: type[ast.cmpop], other: object, both: bool
) -> bool:
    if both and op is ast.Eq and other_op is ast.Eq:
        return value != other
    if not both and op is ast.NotEq and other_op is ast.NotEq:
        return value != other
    if not (isinstance(value, int | float) and isinstance(other, int | float)):
        return False
    if {op, other_op} == {ast.Eq, ast.NotEq} and value == other:
        return True
    less, more = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)
    if op in more and other_op in less:
        op, value, other_op, other = other_op, other, op, value
    if op in less and other_op in more:
        strict = op is ast.Lt or other_op is ast.Gt
        if both:
            return value < other or (value == other and strict)
        return value > other or (value == other and not (op is ast.Lt and other_op is ast.Gt))
    return False


def fixed(m: Module) -> Iterator[Defect]:
    """Comparisons whose outcome is known: ``len(x) >= 0``, ``x == 1 or 2``, ``s.lower == "a"``."""
    for node in m.nodes:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, op, right = node.left, node.ops[0], node.comparators[0]
            zero = isinstance(right, ast.Constant) and right.value == 0
            size = isinstance(left, ast.Call) and named(left.func) in ("len", "abs")
            if size and zero and isinstance(op, ast.Lt | ast.GtE):
                word = "never" if isinstance(op, ast.Lt) else "always"
                yield Defect(node, f"{word}-true", f"`{ast.unparse(left)}` is {word} like that")
            for side, other in ((left, right), (right, left)):
                text = isinstance(other, ast.Constant) and isinstance(other.value, str)
                if text and isinstance(side, ast.Attribute) and side.attr in _TEXT_METHODS:
                    yield Defect(
                        side, "method-not-called",
                        f"`{ast.unparse(side)}` is the method itself; it is not called",
                    )  # fmt: skip
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            yield from _loose(m, node)


def _loose(m: Module, node: ast.BoolOp) -> Iterator[Defect]:
    """``x == "a" or "b"`` as a test."""
    parent = m.parents.get(node)
    tested = isinstance(parent, ast.If | ast.While | ast.IfExp) and parent.test is node
    first = node.values[0]
    if not tested or not isinstance(first, ast.Compare):
        return
    for part in node.values[1:]:
        if isinstance(part, ast.Constant) and part.value and not isinstance(part.value, bool):
            yield Defect(
                node, "always-true",
                f"`{ast.unparse(part)}` alone counts as true, so this always is",
                advice="Compare it too, or use `in`.",
            )  # fmt: skip
            return


def nothing(m: Module) -> Iterator[Defect]:
    """A value that was just found to be None is used: ``x is None and x.y``."""
    for node in m.nodes:
        if not isinstance(node, ast.BoolOp):
            continue
        for part, after in zip(node.values, node.values[1:], strict=False):
            name = _none_test(part, isinstance(node.op, ast.And))
            if name and _uses(after, name):
                yield Defect(
                    after, "none-used",
                    f"this is only reached when `{name}` is None, and then it fails",
                )  # fmt: skip


def _none_test(node: ast.expr, both: bool) -> str:
    """The name that is None when the next part is looked at."""
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1):
        return ""
    right, op = node.comparators[0], node.ops[0]
    if not (isinstance(right, ast.Constant) and right.value is None):
        return ""
    none = isinstance(op, ast.Is | ast.Eq) if both else isinstance(op, ast.IsNot | ast.NotEq)
    return node.left.id if none and isinstance(node.left, ast.Name) else ""


def _uses(node: ast.expr, name: str) -> bool:
    """Whether an attribute or item of the name is certainly taken."""
    first = node
    while isinstance(first, ast.BoolOp | ast.UnaryOp | ast.Compare | ast.Call):
        first = (
            first.values[0] if isinstance(first, ast.BoolOp)
            else first.operand if isinstance(first, ast.UnaryOp)
            else first.left if isinstance(first, ast.Compare)
            else first.func
        )  # fmt: skip
    if not isinstance(first, ast.Attribute | ast.Subscript):
        return False
    return isinstance(first.value, ast.Name) and first.value.id == name


def functions(m: Module) -> Iterator[Defect]:
    """A function of the module tested instead of called: ``if self.is_open:``."""
    methods = _methods(m)
    for node in m.nodes:
        if not isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            continue
        test: ast.expr = node.test
        while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test = test.operand
        parts = test.values if isinstance(test, ast.BoolOp) else [test]
        for part in parts:
            if isinstance(part, ast.UnaryOp):
                part = part.operand
            if _is_function(m, part, methods):
                yield Defect(
                    part, "function-not-called",
                    f"`{ast.unparse(part)}` is a function, which always counts as true",
                    advice="Call it.",
                )  # fmt: skip


def _methods(m: Module) -> dict[ast.ClassDef, set[str]]:
    found: dict[ast.ClassDef, set[str]] = {}
    for node in m.nodes:
        if isinstance(node, ast.ClassDef):
            plain = {n.name for n in node.body if isinstance(n, Function) and not n.decorator_list}
            others = {
                n.attr for n in ast.walk(node)
                if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
            } | {n.id for s in node.body if not isinstance(s, Function) for n in ast.walk(s)
                 if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
            found[node] = plain - others
    return found


def _is_function(m: Module, node: ast.expr, methods: dict[ast.ClassDef, set[str]]) -> bool:
    if isinstance(node, ast.Name):
        function = m.function(node)
        local = function is not None and node.id in {
            *(a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)),
            *(n.id for n in ast.walk(function)
              if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)),
        }  # fmt: skip
        top = m.functions.get(node.id)
        return (
            not local and top is not None and not top.decorator_list
            and isinstance(m.parents.get(top), ast.Module)
        )  # fmt: skip
    if isinstance(node, ast.Attribute) and named(node.value) == "self":
        owner = next((n for n in m.around(node) if isinstance(n, ast.ClassDef)), None)
        return owner is not None and node.attr in methods.get(owner, set())
    return False


FINDERS = (twins, chains, contradictions, fixed, nothing, functions)
