# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Statements that are missing: guards at the top, something collected, counted, marked as seen."""

import ast
from collections.abc import Iterator

from samokoder.agents.repair.mutation.splice import Source, Splice
from samokoder.agents.repair.mutation.statements import Function, local_names


def guards(source: Source, function: Function) -> Iterator[Splice]:
    """A guard that is missing at the top of a function."""
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and len(function.body) > 1
    ):
        first = function.body[1]
    at = source.starts[first.lineno - 1]
    margin = " " * first.col_offset
    spec = function.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args) if a.arg not in ("self", "cls")]
    for name in names[:4]:
        for test, prior in ((f"not {name}", 0.3), (f"{name} is None", 0.2), (f"{name} <= 1", 0.08),
                            (f"len({name}) <= 1", 0.1), (f"{name} < 0", 0.08)):  # fmt: skip
            for value, factor in (("None", 0.7), (name, 0.6), ("0", 0.7), ("[]", 0.8), ("False", 0.8),
                                  ("True", 0.5), ("''", 0.5), ("1", 0.4), ("-1", 0.4), ("{}", 0.2)):  # fmt: skip
                text = f"{margin}if {test}:\n{margin}    return {value}\n"
                note = f"`if {test}: return {value}`"
                yield Splice(at, at, text, first.lineno, prior * factor, note)


def insertions(source: Source, function: Function) -> Iterator[Splice]:
    """A statement that is missing: something is collected, marked as seen, counted."""
    names = local_names(function)
    calls = [
        (n.func.value.id, n.func.attr)
        for n in ast.walk(function)
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and isinstance(n.func.value, ast.Name)
    ]
    holders: dict[str, set[str]] = {}
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
        ):
            value = node.value
            kind = (
                "append" if isinstance(value, ast.List)
                else "add" if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "set"
                else ""
            )  # fmt: skip
            if kind:
                holders.setdefault(node.targets[0].id, set()).add(kind)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            side = node.comparators[0]
            if isinstance(side, ast.Name) and side.id in names:
                holders.setdefault(side.id, set()).add("add")
    for owner, method in calls:
        if method in ("append", "add", "appendleft"):
            holders.setdefault(owner, set()).add(method)
    for node in ast.walk(function):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if not isinstance(block, list) or not block or not isinstance(block[0], ast.stmt):
                continue
            if isinstance(node, ast.ClassDef | ast.Lambda):
                continue
            yield from _inserted(source, block, holders, names)


def _inserted(
    source: Source, block: list[ast.stmt], holders: dict[str, set[str]], names: list[str]
) -> Iterator[Splice]:
    margin = " " * block[0].col_offset
    if source.line(block[0].lineno)[: block[0].col_offset].strip():
        return
    places = [(source.starts[s.lineno - 1], s.lineno) for s in block]
    last = block[-1]
    if not isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Raise):
        end = last.end_lineno or last.lineno
        places.append((source.starts[end], end))
    for at, line in places:
        for holder, methods in holders.items():
            for method in methods:
                for name in names[:10]:
                    if name != holder:
                        text = f"{margin}{holder}.{method}({name})\n"
                        yield Splice(at, at, text, line, 0.1, f"`{text.strip()}`")
        for name in names[:8]:
            for text in (f"{name} += 1", f"{name} -= 1"):
                yield Splice(at, at, f"{margin}{text}\n", line, 0.05, f"`{text}`")
