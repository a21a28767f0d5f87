"""Ways through a function that lead nowhere, and handlers nothing gets to."""

import ast
import builtins
import re
from collections.abc import Iterator

from samokoder.agents.review.defects.defect import (
    Block,
    Defect,
    Function,
    Module,
    blocks,
    ends,
    named,
    own,
)

_NOTHING = re.compile(
    r"\bNone\b|Optional|\bAny\b|NoReturn|Never|Iterator|Generator|Iterable|object"
)


def unreachable(m: Module) -> Iterator[Defect]:
    """Statements behind a return, raise, break or continue."""
    for node in m.nodes:
        for block in blocks(node):
            for position, statement in enumerate(block[:-1]):
                if ends([statement]) and not _harmless(m, block[position + 1 :], statement):
                    yield Defect(
                        block[position + 1], "unreachable",
                        "this is never run: the line before leaves",
                        confidence=0.7, also=((statement, "leaves here"),),
                    )  # fmt: skip
                    break


def _harmless(m: Module, rest: Block, statement: ast.stmt) -> bool:
    """What is kept on purpose: a yield that makes a generator, a plain return, a raise, pass."""
    first = rest[0]
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for s in rest for n in ast.walk(s)):
        return True
    if isinstance(first, ast.Pass | ast.Break | ast.Raise | ast.Continue | ast.Assert):
        return True
    if isinstance(first, ast.Return):
        return True
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return True
    return isinstance(statement, ast.If)


def falls_off(m: Module) -> Iterator[Defect]:
    """A function that promises a value and ends without one on some way."""
    for node in m.nodes:
        if not isinstance(node, Function) or node.returns is None:
            continue
        promised = ast.unparse(node.returns)
        if _NOTHING.search(promised) or node.decorator_list:
            continue
        inside = list(own(node))
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in inside):
            continue
        returns = [n for n in inside if isinstance(n, ast.Return)]
        valued = [n for n in returns if n.value is not None]
        if not valued or _leaves(node.body):
            continue
        last = node.body[-1]
        if not isinstance(last, ast.If):  # a loop may always return, and only its author knows
            continue
        while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
            last = last.orelse[0]
        if last.orelse:
            continue
        yield Defect(
            last.test, "missing-return",
            f"`{node.name}` promises {promised} but may end here without it",
            also=((node.returns, "the promise"),), confidence=0.7,
        )  # fmt: skip


def _leaves(block: Block) -> bool:
    """Whether every way through a block returns, raises or never ends."""
    last = block[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and _leaves(last.body) and _leaves(last.orelse)
    if isinstance(last, ast.With | ast.AsyncWith):
        return _leaves(last.body)
    if isinstance(last, ast.Match):
        return True  # whether it takes everything is not known
    if isinstance(last, ast.Try):
        if last.finalbody and _leaves(last.finalbody):
            return True
        body = _leaves(last.orelse) if last.orelse else _leaves(last.body)
        return body and all(_leaves(h.body) for h in last.handlers)
    if isinstance(last, ast.While):
        endless = isinstance(last.test, ast.Constant) and bool(last.test.value)
        return endless and not any(isinstance(n, ast.Break) for n in own(last))
    if isinstance(last, ast.Assert):
        return isinstance(last.test, ast.Constant) and not last.test.value
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        name = named(last.value.func)
        return bool(re.search(r"exit|abort|fail|error|raise|unreachable|never", name, re.I))
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)


def handlers(m: Module) -> Iterator[Defect]:
    """``except ValueError`` behind ``except Exception``: never reached."""
    for node in m.nodes:
        if not isinstance(node, ast.Try):
            continue
        seen: list[tuple[type[BaseException], ast.ExceptHandler]] = []
        for handler in node.handlers:
            kinds = _kinds(handler)
            for kind in kinds:
                wider = next((h for k, h in seen if issubclass(kind, k)), None)
                if wider is not None and len(kinds) == 1:
                    yield Defect(
                        handler.type or handler, "handler-never-reached",
                        f"`{kind.__name__}` is already caught above",
                        also=((wider, "caught here"),),
                    )  # fmt: skip
            seen += [(k, handler) for k in kinds]


def _kinds(handler: ast.ExceptHandler) -> list[type[BaseException]]:
    if handler.type is None:
        return [BaseException]
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    found = []
    for part in parts:
        kind = getattr(builtins, part.id, None) if isinstance(part, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, BaseException):
            found.append(kind)
    return found


def signs(m: Module) -> Iterator[Defect]:
    """``n =+ 1`` sets ``n`` to 1."""
    for node in m.nodes:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.UnaryOp)):
            continue
        if not isinstance(node.value.op, ast.UAdd | ast.USub):
            continue
        line = m.file.line_of(node)
        target = ast.unparse(node.targets[0])
        sign = "+" if isinstance(node.value.op, ast.UAdd) else "-"
        if re.match(rf"{re.escape(target)}\s*={re.escape(sign)} ", line):
            yield Defect(
                node, "reversed-operator", f"this sets `{target}`, it does not change it by that",
                advice=f"Write `{sign}=`.",
            )  # fmt: skip


FINDERS = (unreachable, falls_off, handlers, signs)
