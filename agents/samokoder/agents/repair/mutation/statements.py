# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Changes of whole statements: gone, moved, guarded, with another variable."""

import ast
from collections import Counter
from collections.abc import Iterator

from rapidfuzz.distance import JaroWinkler

from samokoder.agents.repair.mutation.changing import bracketed, negated, off_by_one
from samokoder.agents.repair.mutation.operators import name_twins, wrapped
from samokoder.agents.repair.mutation.splice import Source, Splice

_AUGMENTED: dict[type[ast.operator], tuple[tuple[str, float], ...]] = {
    ast.Add: (("-=", 0.9), ("*=", 0.3), ("=", 0.4)),
    ast.Sub: (("+=", 0.9), ("=", 0.3)),
    ast.Mult: (("+=", 0.5), ("/=", 0.4), ("//=", 0.4), ("=", 0.2), ("**=", 0.2)),
    ast.Div: (("*=", 0.6), ("//=", 0.7), ("-=", 0.2)),
    ast.FloorDiv: (("%=", 0.5), ("*=", 0.4), ("/=", 0.4), ("-=", 0.2)),
    ast.Mod: (("//=", 0.6), ("-=", 0.2)),
    ast.BitOr: (("&=", 0.7), ("^=", 0.6)),
    ast.BitAnd: (("|=", 0.7), ("^=", 0.4)),
    ast.BitXor: (("|=", 0.6), ("&=", 0.6)),
    ast.LShift: ((">>=", 0.8),),
    ast.RShift: (("<<=", 0.8),),
}
_SIGNS = {
    ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.FloorDiv: "//=",
    ast.Mod: "%=", ast.BitOr: "|=", ast.BitAnd: "&=", ast.BitXor: "^=", ast.LShift: "<<=",
    ast.RShift: ">>=", ast.Pow: "**=", ast.MatMult: "@=",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _whole(source: Source, node: ast.stmt, text: str, prior: float, note: str) -> Splice:
    return Splice(source.start(node), source.end(node), text, node.lineno, prior, note)


def statements(
    source: Source, node: ast.stmt, body: list[ast.stmt], function: Function | None
) -> Iterator[Splice]:
    """Changes of one statement in its block."""
    if isinstance(node, ast.If | ast.While):
        yield from negated(source, node.test, 0.7)
        for word in ("True", "False"):
            span = Splice(
                source.start(node.test), source.end(node.test), word, node.lineno, 0.06, word
            )
            yield span
        if isinstance(node, ast.While):
            yield from _while(source, node, function)
        if isinstance(node, ast.If):
            yield from _if(source, node)
    elif isinstance(node, ast.AugAssign):
        yield from _augmented(source, node)
    elif isinstance(node, ast.Assign):
        yield from _assign(source, node, body)
    elif isinstance(node, ast.Return):
        yield from _return(source, node, function)
    elif isinstance(node, ast.Break):
        yield _whole(source, node, "continue", 0.7, "`break` → `continue`")
        yield _whole(source, node, "pass", 0.3, "no `break`")
    elif isinstance(node, ast.Continue):
        yield _whole(source, node, "break", 0.7, "`continue` → `break`")
        yield _whole(source, node, "pass", 0.3, "no `continue`")
    elif isinstance(node, ast.For):
        yield from _for(source, node)
    elif isinstance(node, ast.Expr):
        yield from _expression(source, node, function)
    if not isinstance(node, Function | ast.ClassDef | ast.Import | ast.ImportFrom):
        simple = node.lineno == node.end_lineno
        yield _whole(source, node, "pass", 0.22 if simple else 0.08, "statement gone")
    yield from _moved(source, node, body)


def _while(source: Source, node: ast.While, function: Function | None) -> Iterator[Splice]:
    start, end = source.start(node.test), source.end(node.test)
    if isinstance(node.test, ast.Constant) and node.test.value:
        for name in local_names(function):
            yield Splice(start, end, name, node.lineno, 0.6, f"`while {name}`")
    else:
        for name in local_names(function)[:8]:
            text = bracketed(source, node.test)
            yield Splice(start, end, f"{name} and {text}", node.lineno, 0.12, f"`{name} and …`")


def _if(source: Source, node: ast.If) -> Iterator[Splice]:
    head = source.line(node.lineno).lstrip()
    at = (
        source.starts[node.lineno - 1] + len(source.line(node.lineno).encode()) - len(head.encode())
    )
    if head.startswith("elif "):
        yield Splice(at, at + 4, "if", node.lineno, 0.3, "`elif` → `if`")
    if len(node.body) == 1 and len(node.orelse) == 1:
        one, other = node.body[0], node.orelse[0]
        if one.lineno == one.end_lineno and other.lineno == other.end_lineno:
            middle = source.between(source.end(one), source.start(other))
            text = source.of(other) + middle + source.of(one)
            yield Splice(
                source.start(one), source.end(other), text, node.lineno, 0.35, "branches swapped"
            )


def _augmented(source: Source, node: ast.AugAssign) -> Iterator[Splice]:
    sign = _SIGNS[type(node.op)]
    start, end = source.end(node.target), source.start(node.value)
    gap = source.between(start, end)
    at = gap.find(sign)
    if at < 0:
        return
    at = start + len(gap[:at].encode())
    for new, prior in _AUGMENTED.get(type(node.op), ()):
        yield Splice(at, at + len(sign), new, node.lineno, prior, f"`{sign}` → `{new}`")
    yield from off_by_one(source, node.value, 0.35)


def _assign(source: Source, node: ast.Assign, body: list[ast.stmt]) -> Iterator[Splice]:
    yield from off_by_one(source, node.value, 0.5)
    yield from wrapped(source, node.value, 0.14)
    target = node.targets[0]
    if len(node.targets) == 1 and isinstance(target, ast.Name):
        start, end = source.end(target), source.start(node.value)
        gap = source.between(start, end)
        if gap.strip() == "=":
            at = start + gap.index("=")
            yield Splice(at, at + 1, "+=", node.lineno, 0.35, "`=` → `+=`")
            yield Splice(at, at + 1, "-=", node.lineno, 0.12, "`=` → `-=`")
        text = source.of(node.value)
        for name in ("max", "min"):
            new = f"{name}({target.id}, {text})"
            yield Splice(
                source.start(node.value), source.end(node.value), new, node.lineno, 0.3, f"`{name}`"
            )
        for text, prior in (("0", 0.2), ("1", 0.2), ("[]", 0.2), ("{}", 0.12), ("None", 0.1),
                            ("float('inf')", 0.15), ("float('-inf')", 0.15), ("-1", 0.12),
                            ("''", 0.1), ("set()", 0.12), ("True", 0.1), ("False", 0.1)):  # fmt: skip
            if isinstance(node.value, ast.Constant | ast.List | ast.Dict | ast.Call | ast.Set):
                yield Splice(
                    source.start(node.value),
                    source.end(node.value),
                    text,
                    node.lineno,
                    prior,
                    f"`{target.id} = {text}`",
                )
    if (
        isinstance(target, ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(target.elts) == 2
    ):
        one, other = node.value.elts[0], node.value.elts[-1]
        text = f"{source.of(other)}, {source.of(one)}"
        if len(node.value.elts) == 2 and "(" not in source.of(node.value)[:1]:
            span = Splice(
                source.start(node.value),
                source.end(node.value),
                text,
                node.lineno,
                0.5,
                "values swapped",
            )
            yield span


def _return(source: Source, node: ast.Return, function: Function | None) -> Iterator[Splice]:
    if node.value is None:
        yield _whole(source, node, "return []", 0.15, "`return []`")
        yield _whole(source, node, "continue", 0.1, "`continue`")
        return
    yield from off_by_one(source, node.value, 0.5)
    yield from wrapped(source, node.value, 0.2)
    names = local_names(function)
    for name in names[:10]:
        text = source.of(node.value)
        if text != name:
            yield _whole(source, node, f"return {name}", 0.28, f"`return {name}`")
            if isinstance(node.value, ast.List) and not node.value.elts:
                yield _whole(source, node, f"return [{name}]", 0.5, f"`return [{name}]`")
            if not isinstance(node.value, ast.Constant):
                yield _whole(
                    source,
                    node,
                    f"return {name} + {bracketed(source, node.value)}",
                    0.16,
                    f"`{name} + …`",
                )
                yield _whole(
                    source,
                    node,
                    f"return {bracketed(source, node.value)} + {name}",
                    0.16,
                    f"`… + {name}`",
                )
                yield _whole(
                    source,
                    node,
                    f"return {bracketed(source, node.value)} - {name}",
                    0.1,
                    f"`… - {name}`",
                )
    if isinstance(node.value, ast.List) and not node.value.elts:
        yield _whole(source, node, "return [[]]", 0.5, "`return [[]]`")
    for text in ("True", "False", "None", "[]", "0", "1", "''", "-1"):
        if source.of(node.value) != text:
            yield _whole(source, node, f"return {text}", 0.12, f"`return {text}`")
    yield _whole(source, node, f"yield {source.of(node.value)}", 0.1, "`yield`")


def _for(source: Source, node: ast.For) -> Iterator[Splice]:
    text = source.of(node.iter)
    start, end = source.start(node.iter), source.end(node.iter)
    for new, prior in (
        (f"{text}[1:]", 0.25), (f"{text}[:-1]", 0.25), (f"reversed({text})", 0.25),
        (f"sorted({text})", 0.3), (f"list({text})", 0.2), (f"enumerate({text})", 0.15),
        (f"{text}.items()", 0.2), (f"range({text})", 0.15), (f"range(len({text}))", 0.2),
        (f"set({text})", 0.15),
    ):  # fmt: skip
        yield Splice(start, end, new, node.lineno, prior, f"`for … in {new[:50]}`")
    call = node.iter
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "enumerate"
    ):
        inner = source.of(call.args[0]) if call.args else ""
        if len(call.args) == 1:
            yield Splice(
                start, end, f"enumerate({inner}, 1)", node.lineno, 0.4, "`enumerate(…, 1)`"
            )
        else:
            yield Splice(start, end, f"enumerate({inner})", node.lineno, 0.4, "`enumerate(…)`")


def _expression(source: Source, node: ast.Expr, function: Function | None) -> Iterator[Splice]:
    value = node.value
    if isinstance(value, ast.Yield) and value.value is not None:
        inner = source.of(value.value)
        yield _whole(source, node, f"yield from {inner}", 0.6, "`yield from`")
        yield _whole(source, node, f"return {inner}", 0.2, "`return`")
        call = value.value
        if isinstance(call, ast.Call) and len(call.args) == 1:
            yield _whole(
                source, node, f"yield {source.of(call.args[0])}", 0.6, "`yield` of the thing"
            )
    elif isinstance(value, ast.YieldFrom):
        yield _whole(source, node, f"yield {source.of(value.value)}", 0.5, "`yield`")
    elif (
        isinstance(value, ast.Compare) and len(value.ops) == 1 and isinstance(value.ops[0], ast.Eq)
    ):
        text = f"{source.of(value.left)} = {source.of(value.comparators[0])}"
        yield _whole(source, node, text, 0.9, "`==` → `=`")
    elif not isinstance(value, ast.Constant):
        yield _whole(source, node, f"return {source.of(value)}", 0.45, "`return`")
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            owner = source.of(value.func.value)
            yield _whole(source, node, f"{owner} = {source.of(value)}", 0.25, "result kept")
        for name in local_names(function)[:6]:
            yield _whole(source, node, f"{name} = {source.of(value)}", 0.1, f"`{name} = …`")


def _moved(source: Source, node: ast.stmt, body: list[ast.stmt]) -> Iterator[Splice]:
    """Swapped with the next statement; one level further out or in."""
    at = body.index(node)
    if isinstance(node, Function | ast.ClassDef):
        return
    if node.lineno != node.end_lineno:
        yield from _block_moved(source, node, body, at)
        return
    margin = node.col_offset
    line = source.starts[node.lineno - 1]
    own = source.of(node)
    if source.line(node.lineno)[:margin].strip():
        return  # not the first on its line
    stop = source.starts[node.lineno]
    if at + 1 < len(body):
        after = body[at + 1]
        if after.lineno == after.end_lineno:
            text = source.of(after) + source.between(source.end(node), source.start(after)) + own
            yield Splice(
                source.start(node), source.end(after), text, node.lineno, 0.3, "order of statements"
            )
    if at == len(body) - 1 and margin >= 4 and len(body) > 1:
        text = " " * (margin - 4) + own + "\n"
        yield Splice(line, stop, text, node.lineno, 0.35, "one level out")
        if margin >= 8:
            text = " " * (margin - 8) + own + "\n"
            yield Splice(line, stop, text, node.lineno, 0.12, "two levels out")
    if at > 0 and isinstance(body[at - 1], ast.For | ast.While | ast.If | ast.With):
        before = body[at - 1]
        inner = getattr(before, "orelse", None) or getattr(before, "body", None) or [before]
        text = " " * inner[-1].col_offset + own + "\n"
        yield Splice(line, stop, text, node.lineno, 0.35, "one level in")
        last = inner[-1]
        if isinstance(last, ast.For | ast.While | ast.If) and last.body:
            text = " " * last.body[-1].col_offset + own + "\n"
            yield Splice(line, stop, text, node.lineno, 0.12, "two levels in")


def _block_moved(source: Source, node: ast.stmt, body: list[ast.stmt], at: int) -> Iterator[Splice]:
    """A whole loop or condition goes to the end of the block before it, functions included."""
    if at == 0 or not isinstance(node, ast.For | ast.While | ast.If | ast.With | ast.Try):
        return
    before = body[at - 1]
    blocks = (Function, ast.For, ast.While, ast.If, ast.With)
    if not isinstance(before, blocks) or not before.body:
        return
    last = before.body[-1]
    by = last.col_offset - node.col_offset
    start = source.starts[node.lineno - 1]
    stop = source.starts[node.end_lineno or node.lineno]
    lines = source.between(start, stop).split("\n")
    if by <= 0 or source.line(node.lineno)[: node.col_offset].strip():
        return
    text = "\n".join(" " * by + line if line.strip() else line for line in lines)
    yield Splice(start, stop, text, node.lineno, 0.3, "the block one level in")


def local_names(function: Function | None) -> list[str]:
    """Arguments and local variables, most used first."""
    if function is None:
        return []
    spec = function.args
    names = Counter(a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs))
    stored = {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and (node.id in stored or node.id in names):
            names[node.id] += 1
    return [n for n, _ in names.most_common() if n not in ("self", "cls")]


def shifted(source: Source, node: ast.Call, function: Function | None) -> Iterator[Splice]:
    """An argument less or more by another variable."""
    names = local_names(function)[:8]
    for argument in node.args:
        if not isinstance(argument, ast.Name) or argument.id not in names:
            continue
        for name in names:
            if name != argument.id:
                for sign, prior in (("-", 0.16), ("+", 0.12)):
                    text = f"{argument.id} {sign} {name}"
                    yield Splice(
                        source.start(argument), source.end(argument), text, argument.lineno, prior,
                        f"`{text}`",
                    )  # fmt: skip


def variables(
    source: Source, node: ast.Name, function: Function | None, extra: list[str]
) -> Iterator[Splice]:
    """Another variable in this one's place."""
    if isinstance(node.ctx, ast.Del):
        return
    pool = [n for n in dict.fromkeys([*local_names(function), *extra]) if n != node.id]
    for rank, name in enumerate(pool[:24]):
        alike = JaroWinkler.similarity(name, node.id)
        prior = 0.25 + 0.35 * alike - 0.008 * rank
        if isinstance(node.ctx, ast.Store):
            prior *= 0.4
        span = Splice(
            source.start(node),
            source.end(node),
            name,
            node.lineno,
            prior,
            f"`{node.id}` → `{name}`",
        )
        yield span
    for name in name_twins(node.id):
        yield Splice(
            source.start(node), source.end(node), name, node.lineno, 0.7, f"`{node.id}` → `{name}`"
        )
