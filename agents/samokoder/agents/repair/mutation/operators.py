# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Small changes of expressions: what people get wrong, as replacements by tree position.

Priors (0–1) rank operators against each other. They were set by hand with the bugs of public
benchmark sets in view, so figures on those very cases flatter them.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

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
        yield from _call(source, node)
    elif isinstance(node, ast.Subscript):
        yield from _subscript(source, node)
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
            yield _put(source, body, f"-{source.of(body)}", 0.2, "sign of a key")


def _put(source: Source, node: ast.expr | ast.stmt, text: str, prior: float, note: str) -> Splice:
    return Splice(source.start(node), source.end(node), text, node.lineno, prior, note)


def bracketed(source: Source, node: ast.expr) -> str:
    """The node's text, in brackets where it binds loosely."""
    text = source.of(node)
    loose = isinstance(
        node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.BinOp | ast.Compare | ast.NamedExpr
    )
    return f"({text})" if loose or "\n" in text else text


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
        yield _put(source, node, text, 0.35, "sides swapped")


def off_by_one(source: Source, node: ast.expr, prior: float) -> Iterator[Splice]:
    """``e + 1`` and ``e - 1``."""
    if isinstance(node, ast.Constant):
        return  # constants have changes of their own
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = node.right
        if isinstance(right, ast.Constant) and right.value == 1:
            yield _put(source, node, source.of(node.left), prior, "no ±1")
            return
    if isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Set | ast.JoinedStr | ast.BoolOp):
        return
    text = bracketed(source, node)
    yield _put(source, node, f"{text} + 1", prior, "`+ 1`")
    yield _put(source, node, f"{text} - 1", prior, "`- 1`")


def negated(source: Source, test: ast.expr, prior: float) -> Iterator[Splice]:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return  # the operator itself is taken away elsewhere
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        prior *= 0.5  # its operator has a negation of its own
    yield _put(source, test, f"not {bracketed(source, test)}", prior, "condition negated")


def _binary(source: Source, node: ast.BinOp) -> Iterator[Splice]:
    sign = re.escape(_BINARY_SIGNS[type(node.op)])
    text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
    for new, prior in _BINARY.get(type(node.op), ()):
        splice = _gap(source, node.left, node.right, sign, new, prior * (0.2 if text else 1))
        if splice is not None:
            yield splice
    yield _put(source, node, source.of(node.left), 0.35, f"without `{source.of(node.right)}`")
    yield _put(source, node, source.of(node.right), 0.35, f"without `{source.of(node.left)}`")
    if not isinstance(node.op, ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor):
        middle = source.between(source.end(node.left), source.start(node.right))
        if "(" not in middle and ")" not in middle:
            new = f"{bracketed(source, node.right)}{middle}{bracketed(source, node.left)}"
            yield _put(source, node, new, 0.45, "operands swapped")
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
            yield _put(source, node, regrouped, 0.3, "brackets")


def _boolean(source: Source, node: ast.BoolOp) -> Iterator[Splice]:
    word, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in pairwise(node.values):
        splice = _gap(source, left, right, rf"\b{word}\b", new, 0.85)
        if splice is not None:
            yield splice
    for i, value in enumerate(node.values):
        rest = [v for j, v in enumerate(node.values) if j != i]
        text = f" {word} ".join(bracketed(source, v) for v in rest)
        yield _put(source, node, text, 0.4, f"without `{source.of(value)[:40]}`")
        yield from negated(source, value, 0.4)


def _unary(source: Source, node: ast.UnaryOp) -> Iterator[Splice]:
    inner = source.of(node.operand)
    if isinstance(node.op, ast.Not):
        yield _put(source, node, inner, 0.85, "without `not`")
    elif isinstance(node.op, ast.USub):
        if isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int):
            value = -node.operand.value
            for new, prior in ((value + 1, 0.7), (value - 1, 0.7), (-value, 0.5), (0, 0.4)):
                yield _put(source, node, str(new), prior, f"`{value}` → `{new}`")
        else:
            yield _put(source, node, inner, 0.6, "without `-`")
    elif isinstance(node.op, ast.Invert):
        yield _put(source, node, inner, 0.5, "without `~`")


def _constant(source: Source, node: ast.Constant) -> Iterator[Splice]:
    value = node.value
    if isinstance(value, bool):
        yield _put(source, node, str(not value), 0.8, f"`{value}` → `{not value}`")
        yield _put(source, node, "None", 0.1, f"`{value}` → `None`")
    elif isinstance(value, int):
        for new, prior in (
            (value + 1, 0.9), (value - 1, 0.9), (0, 0.4), (1, 0.4), (value + 2, 0.15),
            (value - 2, 0.15), (-value, 0.25), (2, 0.2), (value * 2, 0.1), (value * 10, 0.08),
            (value // 10, 0.05),
        ):  # fmt: skip
            if new != value:
                yield _put(source, node, str(new), prior, f"`{value}` → `{new}`")
    elif isinstance(value, float):
        for number in (value + 1, value - 1, -value, 0.0, float("inf"), value * 10, value / 10):
            text = "float('inf')" if number == float("inf") else repr(number)
            if number != value:
                yield _put(source, node, text, 0.2, f"`{value}` → `{text}`")
    elif isinstance(value, str):
        own = source.of(node)
        if value and own[:1] in "'\"" and not own.startswith(('"""', "'''")):
            for changed in (value.swapcase(), value.strip(), value + " ", " " + value, ""):
                if changed != value:
                    yield _put(source, node, repr(changed), 0.12, f"{own} → {changed!r}")
            if " " in value and value.strip():
                yield _put(source, node, repr(value.replace(" ", "")), 0.1, "no spaces")
        elif value == "":
            yield _put(source, node, "' '", 0.25, "'' → ' '")
    elif value is None:
        for text in ("0", "[]", "False", "True", "''"):
            yield _put(source, node, text, 0.15, f"`None` → `{text}`")


def _call(source: Source, node: ast.Call) -> Iterator[Splice]:
    args = node.args
    plain = [a for a in args if not isinstance(a, ast.Starred)]
    for one, other in pairwise(plain):
        middle = source.between(source.end(one), source.start(other))
        new = f"{source.of(other)}{middle}{source.of(one)}"
        span = Splice(
            source.start(one), source.end(other), new, one.lineno, 0.7, "arguments swapped"
        )
        yield span
    if len(plain) == 3:
        one, _, other = plain
        inner = source.between(source.end(one), source.start(other))
        new = f"{source.of(other)}{inner}{source.of(one)}"
        yield Splice(
            source.start(one), source.end(other), new, one.lineno, 0.3, "arguments swapped"
        )
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    for argument in plain:
        yield from off_by_one(source, argument, 0.75 if name == "range" else 0.3)
    if name == "range":
        yield from _range(source, node)
    if len(args) == 1 and not node.keywords:
        inner = source.of(args[0])
        if not isinstance(args[0], ast.Starred | ast.GeneratorExp):
            yield _put(source, node, inner, 0.4, f"without `{source.of(node.func)}()`")
    if isinstance(node.func, ast.Attribute):
        owner = source.of(node.func.value)
        yield _put(source, node, owner, 0.25, f"without `.{node.func.attr}()`")
        if args:
            yield _put(source, node, f"{source.of(node.func)}()", 0.15, "without arguments")
    if len(args) > 1:
        for i in range(len(args)):
            rest = ", ".join(source.of(a) for j, a in enumerate(args) if j != i)
            rest += "".join(f", {source.of(k.value)}" for k in node.keywords if k.arg is None)
            yield _put(source, node, f"{source.of(node.func)}({rest})", 0.15, "one argument less")
    if name == "sorted" or (isinstance(node.func, ast.Attribute) and node.func.attr == "sort"):
        flag = next((k for k in node.keywords if k.arg == "reverse"), None)
        if flag is None:
            inner = ", ".join(
                [*(source.of(a) for a in args)] + [_keyword(source, k) for k in node.keywords]
            )
            new = f"{source.of(node.func)}({inner}{', ' if inner else ''}reverse=True)"
            yield _put(source, node, new, 0.4, "sorted the other way round")


def _keyword(source: Source, keyword: ast.keyword) -> str:
    head = f"{keyword.arg}=" if keyword.arg else "**"
    return head + source.of(keyword.value)


def _range(source: Source, node: ast.Call) -> Iterator[Splice]:
    args = [source.of(a) for a in node.args]
    options: list[tuple[str, float]] = []
    if len(args) == 1:
        options = [
            (f"range(1, {args[0]})", 0.5), (f"range(1, {args[0]} + 1)", 0.5),
            (f"range({args[0]}, 0, -1)", 0.15), (f"range({args[0]} - 1, -1, -1)", 0.25),
            (f"range(2, {args[0]})", 0.15), (f"range(0, {args[0]}, 2)", 0.1),
        ]  # fmt: skip
    elif len(args) == 2:
        options = [
            (f"range({args[1]})", 0.4), (f"range({args[1]}, {args[0]}, -1)", 0.2),
            (f"range({args[1]} - 1, {args[0]} - 1, -1)", 0.2), (f"range({args[0]} + 1, {args[1]} + 1)", 0.3),
            (f"range({args[0]}, {args[1]}, 2)", 0.1), (f"range({args[1]}, {args[0]})", 0.1),
        ]  # fmt: skip
    elif len(args) == 3:
        options = [
            (f"range({args[0]}, {args[1]})", 0.3), (f"range({args[0]}, {args[1]} + 1, {args[2]})", 0.4),
        ]  # fmt: skip
    for text, prior in options:
        yield _put(source, node, text, prior, f"`{text}`")


def _subscript(source: Source, node: ast.Subscript) -> Iterator[Splice]:
    index = node.slice
    if isinstance(index, ast.Slice):
        owner = source.of(node.value)
        lower = source.of(index.lower) if index.lower else ""
        upper = source.of(index.upper) if index.upper else ""
        step = f":{source.of(index.step)}" if index.step else ""
        for bound in (index.lower, index.upper):
            if bound is not None:
                yield from off_by_one(source, bound, 0.6)
        options = []
        if lower and upper:
            options += [(f"{lower}:", 0.25), (f":{upper}", 0.25)]
        elif lower:
            options += [(f":{lower}", 0.35), ("", 0.1)]
        elif upper:
            options += [(f"{upper}:", 0.35), (f"1:{upper}", 0.2)]
        else:
            options += [("1:", 0.2), (":-1", 0.2)]
            if not step:
                step = ":-1"
                options += [(":", 0.3)]
        for text, prior in options:
            new = f"{owner}[{text}{step if ':' in text else ''}]" if text else owner
            yield _put(source, node, new, prior, f"`{new[:60]}`")
        if index.step is None and not lower and not upper:
            yield _put(source, node, owner, 0.15, "no copy")
        return
    if isinstance(index, ast.Tuple):
        for part in index.elts:
            yield from off_by_one(source, part, 0.45)
        return
    yield from off_by_one(source, index, 0.6)
    if isinstance(node.ctx, ast.Load):
        text = source.of(index)
        owner = source.of(node.value)
        yield _put(source, node, f"{owner}[{text}:]", 0.15, "a slice")
        yield _put(source, node, owner, 0.2, "no index")
        if isinstance(index, ast.Constant) and index.value == 0:
            yield _put(source, node, f"{owner}[-1]", 0.5, "the last one")
    if isinstance(node.value, ast.Subscript) and not isinstance(
        node.value.slice, ast.Slice | ast.Tuple
    ):
        inner = node.value
        base = source.of(inner.value)
        new = f"{base}[{source.of(index)}][{source.of(inner.slice)}]"
        yield _put(source, node, new, 0.45, "indices swapped")


def _attribute(source: Source, node: ast.Attribute) -> Iterator[Splice]:
    end = source.end(node)
    start = end - len(node.attr.encode())
    for other in _TWIN.get(node.attr, ()):
        note = f"`{node.attr}` → `{other}`"
        yield Splice(start, end, other, node.end_lineno or node.lineno, 0.6, note)
    if isinstance(node.ctx, ast.Load):
        yield _put(source, node, source.of(node.value), 0.12, f"without `.{node.attr}`")


def _conditional(source: Source, node: ast.IfExp) -> Iterator[Splice]:
    yield from negated(source, node.test, 0.55)
    new = f"{source.of(node.orelse)} if {source.of(node.test)} else {source.of(node.body)}"
    yield _put(source, node, new, 0.4, "branches swapped")
    yield _put(source, node, source.of(node.body), 0.2, "only the first branch")
    yield _put(source, node, source.of(node.orelse), 0.2, "only the second branch")


def wrapped(source: Source, node: ast.expr, prior: float) -> Iterator[Splice]:
    """The expression inside a call, as ``abs(e)`` or ``max(0, e)``."""
    text = source.of(node)
    if isinstance(node, ast.Constant) or "\n" in text:
        return
    for name in _WRAPPED:
        yield _put(source, node, f"{name}({text})", prior, f"`{name}()`")
    yield _put(source, node, f"max(0, {text})", prior, "`max(0, …)`")
    yield _put(source, node, f"-{bracketed(source, node)}", prior, "`-`")
    yield _put(source, node, f"not {bracketed(source, node)}", prior, "`not`")
    yield _put(source, node, f"[{text}]", prior, "a list of one")
    yield _put(source, node, f"{bracketed(source, node)}[::-1]", prior, "reversed")
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield _put(source, node, f"{text}()", prior, "called")
        yield _put(source, node, f"{text}.copy()", prior * 0.8, "a copy")


def name_twins(name: str) -> list[str]:
    """Names that are easily taken for this one."""
    return _TWIN.get(name, [])
