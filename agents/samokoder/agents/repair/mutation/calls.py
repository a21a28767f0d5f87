# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Small changes of calls and subscripts: arguments, ranges, slices, indices."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from samokoder.agents.repair.mutation.changing import off_by_one, put
from samokoder.agents.repair.mutation.splice import Source, Splice


def call(source: Source, node: ast.Call) -> Iterator[Splice]:
    """Other arguments, another order, one less, none; without the call."""
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
            yield put(source, node, inner, 0.4, f"without `{source.of(node.func)}()`")
    if isinstance(node.func, ast.Attribute):
        owner = source.of(node.func.value)
        yield put(source, node, owner, 0.25, f"without `.{node.func.attr}()`")
        if args:
            yield put(source, node, f"{source.of(node.func)}()", 0.15, "without arguments")
    if len(args) > 1:
        for i in range(len(args)):
            rest = ", ".join(source.of(a) for j, a in enumerate(args) if j != i)
            rest += "".join(f", {source.of(k.value)}" for k in node.keywords if k.arg is None)
            yield put(source, node, f"{source.of(node.func)}({rest})", 0.15, "one argument less")
    if name == "sorted" or (isinstance(node.func, ast.Attribute) and node.func.attr == "sort"):
        flag = next((k for k in node.keywords if k.arg == "reverse"), None)
        if flag is None:
            inner = ", ".join(
                [*(source.of(a) for a in args)] + [_keyword(source, k) for k in node.keywords]
            )
            new = f"{source.of(node.func)}({inner}{', ' if inner else ''}reverse=True)"
            yield put(source, node, new, 0.4, "sorted the other way round")


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
        yield put(source, node, text, prior, f"`{text}`")


def subscript(source: Source, node: ast.Subscript) -> Iterator[Splice]:
    """Other bounds and indices."""
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
            yield put(source, node, new, prior, f"`{new[:60]}`")
        if index.step is None and not lower and not upper:
            yield put(source, node, owner, 0.15, "no copy")
        return
    if isinstance(index, ast.Tuple):
        for part in index.elts:
            yield from off_by_one(source, part, 0.45)
        return
    yield from off_by_one(source, index, 0.6)
    if isinstance(node.ctx, ast.Load):
        text = source.of(index)
        owner = source.of(node.value)
        yield put(source, node, f"{owner}[{text}:]", 0.15, "a slice")
        yield put(source, node, owner, 0.2, "no index")
        if isinstance(index, ast.Constant) and index.value == 0:
            yield put(source, node, f"{owner}[-1]", 0.5, "the last one")
    if isinstance(node.value, ast.Subscript) and not isinstance(
        node.value.slice, ast.Slice | ast.Tuple
    ):
        inner = node.value
        base = source.of(inner.value)
        new = f"{base}[{source.of(index)}][{source.of(inner.slice)}]"
        yield put(source, node, new, 0.45, "indices swapped")
