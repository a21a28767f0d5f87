"""Changes many operators share: another text in a node's place, one more or less, the contrary."""

import ast
from collections.abc import Iterator

from samokoder.agents.repair.mutation.splice import Source, Splice


def put(source: Source, node: ast.expr | ast.stmt, text: str, prior: float, note: str) -> Splice:
    """Another text in a node's place."""
    return Splice(source.start(node), source.end(node), text, node.lineno, prior, note)


def bracketed(source: Source, node: ast.expr) -> str:
    """The node's text, in brackets where it binds loosely."""
    text = source.of(node)
    loose = isinstance(
        node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.BinOp | ast.Compare | ast.NamedExpr
    )
    return f"({text})" if loose or "\n" in text else text


def off_by_one(source: Source, node: ast.expr, prior: float) -> Iterator[Splice]:
    """``e + 1`` and ``e - 1``."""
    if isinstance(node, ast.Constant):
        return  # constants have changes of their own
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = node.right
        if isinstance(right, ast.Constant) and right.value == 1:
            yield put(source, node, source.of(node.left), prior, "no ±1")
            return
    if isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Set | ast.JoinedStr | ast.BoolOp):
        return
    text = bracketed(source, node)
    yield put(source, node, f"{text} + 1", prior, "`+ 1`")
    yield put(source, node, f"{text} - 1", prior, "`- 1`")


def negated(source: Source, test: ast.expr, prior: float) -> Iterator[Splice]:
    """A condition's contrary."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return  # the operator itself is taken away elsewhere
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        prior *= 0.5  # its operator has a negation of its own
    yield put(source, test, f"not {bracketed(source, test)}", prior, "condition negated")
