"""Small changes of expressions: what people get wrong, as replacements by tree position.

Priors (0–1) rank operators against each other. They were set by hand with the bugs of public
benchmark sets in view, so figures on those very cases flatter them.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from samokoder.agents.repair.mutation import calls
from samokoder.agents.repair.mutation.changing import bracketed, negated, off_by_one, put
from samokoder.agents.repair.mutation.splice import Source, Splice

_COMPARE: dict[type[ast.cmpop], tuple[tuple[str, float], ...]] = {
    ast.Lt: (("<=", 0.95), (">", 0.7), (">=", 0.6), ("==", 0.3), ("!=", 0.3)),
    ast.LtE: (("<", 0.95), (">=", 0.7), (">", 0.6), ("==", 0.3), ("!=", 0.2)),
    ast.Gt: ((">=", 0.95), ("<", 0.7), ("<=", 0.6), ("==", 0.3), ("!=", 0.3)),
    ast.GtE: ((">", 0.95), ("<=", 0.7), ("<", 0.6), ("==", 0.3), ("!=", 0.2)),
    ast.Eq: (("!=", 0.9), ("<=", 0.5), (">=", 0.5), ("<", 0.4), (">", 0.4), ("in", 0.2)),
    ast.NotEq: (("==", 0.9), (">", 0.5), ("<", 0.5), (">=", 0.3), ("<=", 0.3)),
    ast.Is: (("is not", 0.9), ("==", 0.3)),
    ast.IsNot: (("is", 0.9), ("!=", 0.3)),
    ast.In: (("not in", 0.9), ("==", 0.2)),
    ast.NotIn: (("in", 0.9),),
}
_SIGNS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: r"is\s+not", ast.In: "in", ast.NotIn: r"not\s+in",
}  # fmt: skip
_BINARY: dict[type[ast.operator], tuple[tuple[str, float], ...]] = {
    ast.Add: (("-", 0.85), ("*", 0.6), ("|", 0.1), ("%", 0.1)),
    ast.Sub: (("+", 0.85), ("*", 0.3), ("/", 0.2), ("//", 0.2), ("%", 0.2)),
    ast.Mult: (("+", 0.6), ("/", 0.6), ("**", 0.5), ("//", 0.5), ("-", 0.2), ("%", 0.2)),
    ast.Div: (("//", 0.8), ("*", 0.7), ("%", 0.4), ("-", 0.2)),
    ast.FloorDiv: (("/", 0.7), ("%", 0.7), ("*", 0.6), ("-", 0.2)),
    ast.Mod: (("//", 0.8), ("/", 0.4), ("*", 0.4), ("+", 0.2), ("-", 0.2)),
    ast.Pow: (("*", 0.8), ("**-", 0.1)),
    ast.BitAnd: (("|", 0.8), ("^", 0.6), ("-", 0.3)),
    ast.BitOr: (("&", 0.8), ("^", 0.6), ("+", 0.3)),
    ast.BitXor: (("&", 0.8), ("|", 0.7)),
    ast.LShift: ((">>", 0.9), ("*", 0.2)),
    ast.RShift: (("<<", 0.9), ("//", 0.2)),
}
_BINARY_SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<",
    ast.RShift: ">>", ast.MatMult: "@",
}  # fmt: skip
_TWINS = (
    ("min", "max"), ("any", "all"), ("append", "extend"), ("append", "add"),
    ("append", "appendleft"), ("pop", "popleft"), ("lower", "upper"), ("islower", "isupper"),
    ("isdigit", "isalpha"), ("isalpha", "isalnum"), ("isdigit", "isalnum"),
    ("isdigit", "isnumeric"), ("startswith", "endswith"),
    ("find", "rfind"), ("find", "index"), ("floor", "ceil"), ("strip", "lstrip"),
    ("strip", "rstrip"), ("lstrip", "rstrip"), ("keys", "values"), ("values", "items"),
    ("keys", "items"), ("union", "intersection"), ("union", "difference"),
    ("intersection", "difference"), ("issubset", "issuperset"), ("round", "int"), ("int", "float"),
    ("sum", "max"), ("sum", "len"), ("sorted", "reversed"), ("sorted", "list"), ("list", "set"),
    ("set", "sorted"), ("left", "right"), ("first", "last"), ("start", "end"), ("next", "prev"),
    ("head", "tail"), ("row", "col"), ("x", "y"), ("width", "height"), ("lo", "hi"),
    ("low", "high"), ("bisect_left", "bisect_right"), ("permutations", "combinations"),
    ("heappush", "heappop"), ("split", "rsplit"), ("encode", "decode"), ("add", "remove"),
    ("str", "repr"), ("ord", "chr"), ("get", "pop"), ("remove", "discard"), ("capitalize", "title"),
    ("abs", "int"), ("hour", "minute"), ("days", "seconds"), ("enter", "exit"), ("zfill", "rjust"),
    ("ljust", "rjust"), ("insert", "append"), ("update", "add"), ("join", "split"),
)  # fmt: skip
_WRAPPED = ("abs", "len", "list", "str", "int", "sorted", "set", "tuple", "sum", "max", "min")


def twins() -> dict[str, list[str]]:
    """Names that are easily taken for each other."""
    found: dict[str, list[str]] = {}
    for one, other in _TWINS:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


_TWIN = twins()


def expressions(source: Source, node: ast.AST) -> Iterator[Splice]:
    """All changes of one node itself; children are visited by the caller."""
    if isinstance(node, ast.Compare):
        yield from _compare(source, node)
    elif isinstance(node, ast.BinOp):
        yield from _binary(source, node)
    elif isinstance(node, ast.BoolOp):
        yield from _boolean(source, node)
    elif isinstance(node, ast.UnaryOp):
        yield from _unary(source, node)
    elif isinstance(node, ast.Constant):
        yield from _constant(source, node)
    elif isinstance(node, ast.Call):
        yield from calls.call(source, node)
    elif isinstance(node, ast.Subscript):
        yield from calls.subscript(source, node)
    elif isinstance(node, ast.Attribute):
        yield from _attribute(source, node)
    elif isinstance(node, ast.IfExp):
        yield from _conditional(source, node)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from negated(source, test, 0.55)
            yield from off_by_one(source, test, 0.05)
    elif isinstance(node, ast.Lambda):
        body = node.body
        if isinstance(body, ast.Tuple | ast.Subscript | ast.Attribute | ast.Name):
            yield put(source, body, f"-{source.of(body)}", 0.2, "sign of a key")


def _gap(
    source: Source, left: ast.expr, right: ast.expr, sign: str, new: str, prior: float
) -> Splice | None:
    """Replaces the operator between two operands."""
    start, end = source.end(left), source.start(right)
    gap = source.between(start, end)
    match = re.search(sign, gap)
    if match is None:
        return None
    at = start + len(gap[: match.start()].encode())
    stop = start + len(gap[: match.end()].encode())
    return Splice(at, stop, new, left.end_lineno or left.lineno, prior, f"`{match[0]}` → `{new}`")


def _compare(source: Source, node: ast.Compare) -> Iterator[Splice]:
    sides = [node.left, *node.comparators]
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        sign = _SIGNS[type(op)]
        if sign.isalpha():
            sign = rf"\b{sign}\b"
        for new, prior in _COMPARE[type(op)]:
            splice = _gap(source, left, right, sign, new, prior)
            if splice is not None:
                yield splice
        if not isinstance(op, ast.In | ast.NotIn | ast.Is | ast.IsNot):
            yield from off_by_one(source, left, 0.45)
            yield from off_by_one(source, right, 0.5)
    if len(sides) == 2 and not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        left, right = sides
        middle = source.between(source.end(left), source.start(right))
        text = f"{source.of(right)}{middle}{source.of(left)}"
        yield put(source, node, text, 0.35, "sides swapped")


def _binary(source: Source, node: ast.BinOp) -> Iterator[Splice]:
    sign = re.escape(_BINARY_SIGNS[type(node.op)])
    text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
    for new, prior in _BINARY.get(type(node.op), ()):
        splice = _gap(source, node.left, node.right, sign, new, prior * (0.2 if text else 1))
        if splice is not None:
            yield splice
    yield put(source, node, source.of(node.left), 0.35, f"without `{source.of(node.right)}`")
    yield put(source, node, source.of(node.right), 0.35, f"without `{source.of(node.left)}`")
    if not isinstance(node.op, ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor):
        middle = source.between(source.end(node.left), source.start(node.right))
        if "(" not in middle and ")" not in middle:
            new = f"{bracketed(source, node.right)}{middle}{bracketed(source, node.left)}"
            yield put(source, node, new, 0.45, "operands swapped")
    for side in (node.left, node.right):
        if isinstance(side, ast.BinOp) and side is node.right:
            # a - (b + c) against a - b + c, and the like
            inner = source.of(side)
            before = source.between(source.end(node.left), source.start(side))
            if "(" in before:
                text_ = source.of(node.left) + before.replace("(", "", 1) + inner
                yield Splice(
                    source.start(node), source.end(node), text_, node.lineno, 0.2, "brackets"
                )
        elif isinstance(side, ast.BinOp) and type(side.op) is not type(node.op):
            regrouped = (
                f"{source.of(side.left)} {_BINARY_SIGNS[type(side.op)]} "
                f"({source.of(side.right)} {_BINARY_SIGNS[type(node.op)]} {source.of(node.right)})"
            )
            yield put(source, node, regrouped, 0.3, "brackets")


def _boolean(source: Source, node: ast.BoolOp) -> Iterator[Splice]:
    word, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in pairwise(node.values):
        splice = _gap(source, left, right, rf"\b{word}\b", new, 0.85)
        if splice is not None:
            yield splice
    for i, value in enumerate(node.values):
        rest = [v for j, v in enumerate(node.values) if j != i]
        text = f" {word} ".join(bracketed(source, v) for v in rest)
        yield put(source, node, text, 0.4, f"without `{source.of(value)[:40]}`")
        yield from negated(source, value, 0.4)


def _unary(source: Source, node: ast.UnaryOp) -> Iterator[Splice]:
    inner = source.of(node.operand)
    if isinstance(node.op, ast.Not):
        yield put(source, node, inner, 0.85, "without `not`")
    elif isinstance(node.op, ast.USub):
        if isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int):
            value = -node.operand.value
            for new, prior in ((value + 1, 0.7), (value - 1, 0.7), (-value, 0.5), (0, 0.4)):
                yield put(source, node, str(new), prior, f"`{value}` → `{new}`")
        else:
            yield put(source, node, inner, 0.6, "without `-`")
    elif isinstance(node.op, ast.Invert):
        yield put(source, node, inner, 0.5, "without `~`")


def _constant(source: Source, node: ast.Constant) -> Iterator[Splice]:
    value = node.value
    if isinstance(value, bool):
        yield put(source, node, str(not value), 0.8, f"`{value}` → `{not value}`")
        yield put(source, node, "None", 0.1, f"`{value}` → `None`")
    elif isinstance(value, int):
        for new, prior in (
            (value + 1, 0.9), (value - 1, 0.9), (0, 0.4), (1, 0.4), (value + 2, 0.15),
            (value - 2, 0.15), (-value, 0.25), (2, 0.2), (value * 2, 0.1), (value * 10, 0.08),
            (value // 10, 0.05),
        ):  # fmt: skip
            if new != value:
                yield put(source, node, str(new), prior, f"`{value}` → `{new}`")
    elif isinstance(value, float):
        for number in (value + 1, value - 1, -value, 0.0, float("inf"), value * 10, value / 10):
            text = "float('inf')" if number == float("inf") else repr(number)
            if number != value:
                yield put(source, node, text, 0.2, f"`{value}` → `{text}`")
    elif isinstance(value, str):
        own = source.of(node)
        if value and own[:1] in "'\"" and not own.startswith(('"""', "'''")):
            for changed in (value.swapcase(), value.strip(), value + " ", " " + value, ""):
                if changed != value:
                    yield put(source, node, repr(changed), 0.12, f"{own} → {changed!r}")
            if " " in value and value.strip():
                yield put(source, node, repr(value.replace(" ", "")), 0.1, "no spaces")
        elif value == "":
            yield put(source, node, "' '", 0.25, "'' → ' '")
    elif value is None:
        for text in ("0", "[]", "False", "True", "''"):
            yield put(source, node, text, 0.15, f"`None` → `{text}`")


def _attribute(source: Source, node: ast.Attribute) -> Iterator[Splice]:
    end = source.end(node)
    start = end - len(node.attr.encode())
    for other in _TWIN.get(node.attr, ()):
        note = f"`{node.attr}` → `{other}`"
        yield Splice(start, end, other, node.end_lineno or node.lineno, 0.6, note)
    if isinstance(node.ctx, ast.Load):
        yield put(source, node, source.of(node.value), 0.12, f"without `.{node.attr}`")


def _conditional(source: Source, node: ast.IfExp) -> Iterator[Splice]:
    yield from negated(source, node.test, 0.55)
    new = f"{source.of(node.orelse)} if {source.of(node.test)} else {source.of(node.body)}"
    yield put(source, node, new, 0.4, "branches swapped")
    yield put(source, node, source.of(node.body), 0.2, "only the first branch")
    yield put(source, node, source.of(node.orelse), 0.2, "only the second branch")


def wrapped(source: Source, node: ast.expr, prior: float) -> Iterator[Splice]:
    """The expression inside a call, as ``abs(e)`` or ``max(0, e)``."""
    text = source.of(node)
    if isinstance(node, ast.Constant) or "\n" in text:
        return
    for name in _WRAPPED:
        yield put(source, node, f"{name}({text})", prior, f"`{name}()`")
    yield put(source, node, f"max(0, {text})", prior, "`max(0, …)`")
    yield put(source, node, f"-{bracketed(source, node)}", prior, "`-`")
    yield put(source, node, f"not {bracketed(source, node)}", prior, "`not`")
    yield put(source, node, f"[{text}]", prior, "a list of one")
    yield put(source, node, f"{bracketed(source, node)}[::-1]", prior, "reversed")
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield put(source, node, f"{text}()", prior, "called")
        yield put(source, node, f"{text}.copy()", prior * 0.8, "a copy")


def name_twins(name: str) -> list[str]:
    """Names that are easily taken for this one."""
    return _TWIN.get(name, [])
