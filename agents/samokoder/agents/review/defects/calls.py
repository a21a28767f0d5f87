"""Calls that do nothing, get their arguments crosswise, or are not waited for."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from samokoder.agents.review.defects.defect import (
    Defect,
    Function,
    Module,
    named,
    own,
)
from samokoder.agents.review.finding import Category

_API = Category.API
_IN_PLACE: Final = frozenset({"sort", "reverse", "append", "extend", "insert", "clear"})
_FRESH: Final = frozenset(
    {"strip", "lstrip", "rstrip", "upper", "lower", "replace", "title", "capitalize", "casefold",
     "swapcase", "zfill", "ljust", "rjust", "center", "removeprefix", "removesuffix"}
)  # fmt: skip
_TYPES: Final = frozenset(
    {"str", "int", "float", "list", "dict", "tuple", "set", "bytes", "bool", "frozenset", "complex"}
)
_INDEX: Final = re.compile(r"^(?:i|j|k|n|idx|index|pos|position|num|number|count|ix)$")
_REVERSED: Final = re.compile(r"swap|reverse|invert|inverse|flip|mirror|transpose|gcd|rever", re.I)


def crosswise(m: Module) -> Iterator[Defect]:
    """``f(b, a)`` where ``f`` is defined as ``f(a, b)``."""
    for node in m.nodes:
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        target = _target(m, node)
        if target is None or any(isinstance(a, ast.Starred) for a in node.args):
            continue
        inside = m.function(node)
        if inside is target or (inside and _REVERSED.search(inside.name)):
            continue
        if _REVERSED.search(target.name):
            continue
        params = [a.arg for a in (*target.args.posonlyargs, *target.args.args)]
        if params[:1] == ["self"] or params[:1] == ["cls"]:
            params = params[1:]
        given = [named(a) for a in node.args]
        pair = _pair(given, params)
        if pair and not _guarded(m, node, *pair) and not _both_ways(m, node, pair):
            yield Defect(
                node, "swapped-arguments",
                f"`{pair[0]}` and `{pair[1]}` are passed crosswise: "
                f"`{target.name}` takes ({', '.join(params)})",
                also=((target, "defined here"),),
            )  # fmt: skip


def _pair(given: list[str], params: list[str]) -> tuple[str, str] | None:
    """Two names that stand in each other's place; single letters say too little."""
    for i, name in enumerate(given[: len(params)]):
        j = params.index(name) if name in params else -1
        if name and i < j < len(given) and given[j] == params[i] and len(name + given[j]) > 4:
            return name, given[j]
    return None


def _both_ways(m: Module, node: ast.Call, pair: tuple[str, str]) -> bool:
    """Whether the function around calls it straight too: a relation that is asked both ways."""
    function = m.function(node)
    straight = [pair[1], pair[0]]
    return function is not None and any(
        isinstance(n, ast.Call) and named(n.func) == named(node.func)
        and [x for x in map(named, n.args) if x in pair] == straight
        for n in ast.walk(function)
    )  # fmt: skip


def _guarded(m: Module, node: ast.Call, one: str, other: str) -> bool:
    """Under a test that compares the two: the caller orders them on purpose."""
    for outer in m.around(node):
        test = getattr(outer, "test", None)
        if test is not None:
            words = {named(n) for n in ast.walk(test)}
            if one in words and other in words:
                return True
        if isinstance(outer, Function):
            return False
    return False


def _target(m: Module, node: ast.Call) -> Function | None:
    if isinstance(node.func, ast.Name):
        found = m.functions.get(node.func.id)
        return found if found and isinstance(m.parents.get(found), ast.Module) else None
    if isinstance(node.func, ast.Attribute) and named(node.func.value) == "self":
        owner = next((n for n in m.around(node) if isinstance(n, ast.ClassDef)), None)
        methods = owner.body if owner is not None else []
        return next(
            (n for n in methods if isinstance(n, Function) and n.name == node.func.attr), None
        )
    return None


def unpacked(m: Module) -> Iterator[Defect]:
    """``for item, i in enumerate(…)``, ``for value, key in d.items()``, a zip crosswise."""
    for node in m.nodes:
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        call, target = node.iter, node.target
        if not (isinstance(call, ast.Call) and isinstance(target, ast.Tuple | ast.List)):
            continue
        names = [named(e) for e in target.elts]
        if len(names) != 2 or not all(names):
            continue
        function = named(call.func)
        wrong = (
            (function == "enumerate" and bool(_INDEX.match(names[1]))
             and not _INDEX.match(names[0]) and names[0] != "_")
            or (function == "items" and names[0] in ("value", "val", "v")
                and names[1] in ("key", "k", "name"))
            or (function == "zip" and len(call.args) == 2
                and _crossed(names, [named(a) for a in call.args]))
        )  # fmt: skip
        if wrong:
            yield Defect(
                call if function == "zip" else target, "swapped-names",
                f"`{names[0]}` and `{names[1]}` get each other's values from `{function}`",
            )  # fmt: skip


def _crossed(names: list[str], sources: list[str]) -> bool:
    (first, second), (one, other) = map(_singular, names), map(_singular, sources)
    return bool(first & other) and bool(second & one) and not (first & one or second & other)


def _singular(name: str) -> set[str]:
    """What one item of something called so may be called."""
    word = name.lower().strip("_")
    forms = {word}
    if word.endswith("s") and len(word) > 3:
        forms |= {word[:-1], word.removesuffix("es"), word.removesuffix("ies") + "y"}
    return forms - {""}


def builtins(m: Module) -> Iterator[Defect]:
    """Arguments of well-known functions in the wrong order."""
    for node in m.nodes:
        if not isinstance(node, ast.Call):
            continue
        path = m.names.of(node.func)
        if path in ("isinstance", "issubclass") and len(node.args) == 2:
            first, second = node.args
            if named(first) in _TYPES and isinstance(first, ast.Name) and (
                named(second) not in _TYPES and not isinstance(second, ast.Tuple | ast.BinOp)
                and named(second)[:1].islower() and "type" not in named(second)
            ):  # fmt: skip
                yield Defect(
                    node, "swapped-arguments", f"`{path}` takes the value first, then the type",
                    category=_API,
                )  # fmt: skip
        elif path in ("json.dump", "pickle.dump", "yaml.dump") and len(node.args) >= 2:
            if named(node.args[0]) in ("f", "fp", "file", "fh", "outfile", "out", "handle"):
                yield Defect(
                    node, "swapped-arguments", f"`{path}` takes the value first, then the file",
                    category=_API,
                )  # fmt: skip
        elif path == "os.path.join" and any(
            isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value.startswith("/")
            for a in node.args[1:]
        ):
            yield Defect(
                node, "absolute-join", "a part that begins with `/` drops everything before it",
                category=_API,
            )  # fmt: skip
        elif path in ("re.sub", "re.split") and len(node.args) == (4 if path == "re.sub" else 3):
            flag = m.names.of(node.args[-1])
            if flag.startswith("re.") and flag[3:].isupper():
                yield Defect(
                    node.args[-1], "flag-as-count",
                    f"this argument of `{path}` is a count; the flags must be named",
                    category=_API, advice=f"Pass `flags={flag}`.",
                )  # fmt: skip


def lost(m: Module) -> Iterator[Defect]:
    """Results that are thrown away, and results that are not there."""
    for node in m.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from _thrown(m, node.value)
        value = node.value if isinstance(node, ast.Assign | ast.Return) else None
        if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
            continue
        if value.func.attr in _IN_PLACE and _is_list(m, value.func.value):
            yield Defect(
                node, "nothing-returned",
                f"`{value.func.attr}` changes the list in place and returns None",
                category=_API,
            )  # fmt: skip


def _thrown(m: Module, call: ast.Call) -> Iterator[Defect]:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _FRESH:
        if _is_text(m, call.func.value):
            yield Defect(
                call, "result-lost",
                f"`{call.func.attr}` returns a new text; this one stays as it is", category=_API,
            )  # fmt: skip
    elif m.names.of(call.func) in ("sorted", "reversed"):
        yield Defect(
            call, "result-lost", f"the result of `{named(call.func)}` is thrown away",
            category=_API,
        )  # fmt: skip


def _is_list(m: Module, node: ast.expr) -> bool:
    return _bound_to(m, node, (ast.List, ast.ListComp), frozenset({"list", "sorted"}))


def _is_text(m: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return True
    return _bound_to(m, node, (ast.JoinedStr, ast.Constant), frozenset({"str", "input"}))


def _bound_to(
    m: Module, node: ast.expr, kinds: tuple[type[ast.expr], ...], makers: frozenset[str]
) -> bool:
    """Whether a local name is only ever bound to values of this kind."""
    function = m.function(node)
    if not isinstance(node, ast.Name) or function is None:
        return False
    if node.id in {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}:
        return False
    found = []
    for inner in own(function):
        if isinstance(inner, ast.Name) and inner.id == node.id and isinstance(inner.ctx, ast.Store):
            parent = m.parents.get(inner)
            value = parent.value if isinstance(parent, ast.Assign) else None
            if isinstance(value, ast.Constant) and not isinstance(value.value, str):
                return False
            found.append(
                isinstance(value, kinds)
                or (isinstance(value, ast.Call) and named(value.func) in makers)
            )
    return bool(found) and all(found)


def unawaited(m: Module) -> Iterator[Defect]:
    """A coroutine of the module that is made and never waited for."""
    for node in m.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            target = _target(m, node.value)
            generator = target is not None and any(
                isinstance(n, ast.Yield | ast.YieldFrom) for n in own(target)
            )
            if isinstance(target, ast.AsyncFunctionDef) and not generator:
                if target.decorator_list:
                    continue
                yield Defect(
                    node, "missing-await", f"`{target.name}` is never run: it is not awaited",
                    category=Category.CONCURRENCY, confidence=0.9, also=((target, "async here"),),
                )  # fmt: skip
        elif isinstance(node, ast.Call) and named(node.func) in ("Thread", "Process", "Timer"):
            for keyword in node.keywords:
                if keyword.arg == "target" and isinstance(keyword.value, ast.Call):
                    called = _target(m, keyword.value)
                    if called is not None and not any(
                        isinstance(n, ast.Return) and n.value is not None for n in own(called)
                    ):
                        yield Defect(
                            keyword.value, "called-too-early",
                            "this calls the function here instead of in the new thread",
                            category=Category.CONCURRENCY,
                        )  # fmt: skip


def defaults(m: Module) -> Iterator[Defect]:
    """A default that is shared by all calls and changed by one."""
    for node in m.nodes:
        if not isinstance(node, Function):
            continue
        spec = node.args
        params = [*spec.posonlyargs, *spec.args]
        pairs = [
            *zip(params[len(params) - len(spec.defaults) :], spec.defaults, strict=True),
            *((a, d) for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d),
        ]
        for param, default in pairs:
            fresh = isinstance(default, ast.List | ast.Dict | ast.Set) or (
                isinstance(default, ast.Call) and named(default.func) in ("list", "dict", "set")
            )
            kept = re.search(r"cache|memo|^_|seen", param.arg)  # meant to be shared
            changed = _mutated(node, param.arg) if fresh and not kept else None
            if changed is not None:
                yield Defect(
                    default, "shared-default",
                    f"all calls share this default of `{param.arg}`, and the function changes it",
                    also=((changed, "changed here"),), advice="Use None and make a fresh one.",
                )  # fmt: skip


def _mutated(function: Function, name: str) -> ast.AST | None:
    """Where the function changes a parameter that it never binds anew."""
    changed: ast.AST | None = None
    for node in own(function):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func.attr in {"append", "add", "update", "extend", "insert", "setdefault"}
            if method and named(node.func.value) == name and isinstance(node.func.value, ast.Name):
                changed = changed or node
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            part = isinstance(node.value, ast.Name) and node.value.id == name
            changed = changed or (node if part else None)
    return changed


def found_as_truth(m: Module) -> Iterator[Defect]:
    """``if text.find("x"):`` is true for everything but a find at the very start."""
    for node in m.nodes:
        if not isinstance(node, ast.If | ast.While | ast.IfExp):
            continue
        test: ast.expr = node.test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test = test.operand
        if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute)):
            continue
        first = test.args[0] if len(test.args) == 1 else None
        literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
        other = re.search(r"soup|tree|root|elem|node|xml|page|tag", ast.unparse(test.func))
        if test.func.attr in ("find", "rfind") and literal and not other:
            yield Defect(
                test, "position-as-truth",
                "`find` gives -1, which counts as true, when nothing is found",
                category=_API, advice="Use `in`.",
            )  # fmt: skip


FINDERS = (crosswise, unpacked, builtins, lost, unawaited, defaults, found_as_truth)
