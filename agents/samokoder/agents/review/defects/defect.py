"""What a finder of defects is given and what it gives."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Severity
from samokoder.agents.review.dotted import Names
from samokoder.agents.review.finding import Category
from samokoder.agents.review.pyfile import PyFile

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
Block = list[ast.stmt]

HINT, INFO, WARNING = Severity.HINT, Severity.INFO, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake. ``also`` are other nodes it is about, each with a note."""

    node: ast.AST
    rule: str
    message: str
    severity: Severity = WARNING
    confidence: float = 0.8
    category: Category = Category.CORRECTNESS
    advice: str = ""
    also: tuple[tuple[ast.AST, str], ...] = ()
    cwe: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """A file with what all finders need of it. ``functions`` are those at the top of the module
    and the methods, by name; a name defined twice is not in it.
    """

    file: PyFile
    names: Names
    nodes: tuple[ast.AST, ...]
    parents: dict[ast.AST, ast.AST]
    functions: dict[str, Function] = field(default_factory=dict)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: ast.AST) -> Function | None:
        """The function a node belongs to."""
        return next((n for n in self.around(node) if isinstance(n, Function)), None)


Finder = Callable[[Module], Iterator[Defect]]


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two expressions are the same text."""
    return ast.dump(one) == ast.dump(other)


def pure(node: ast.AST) -> bool:
    """Whether evaluating an expression twice gives the same and changes nothing."""
    return not any(
        isinstance(n, ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
        for n in ast.walk(node)
    )


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Everything inside a function or block, functions and classes within it left out."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        child = stack.pop()
        yield child
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            stack += ast.iter_child_nodes(child)


def blocks(node: ast.AST) -> Iterator[Block]:
    """The lists of statements directly inside a statement."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body
    for case in getattr(node, "cases", ()):
        yield case.body


def ends(block: Block) -> bool:
    """Whether what follows the block is never reached."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and ends(last.body) and ends(last.orelse)
    if isinstance(last, ast.With | ast.AsyncWith):
        return False  # it may swallow what is raised
    if isinstance(last, ast.Try):
        if ends(last.finalbody):
            return True
        body = ends(last.orelse) if last.orelse else ends(last.body)
        return body and all(ends(h.body) for h in last.handlers)
    return False


def stored(nodes: Iterator[ast.AST] | list[ast.AST]) -> set[str]:
    """Names that are bound or deleted in these nodes."""
    return {
        n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store | ast.Del)
    }


def named(node: ast.AST) -> str:
    """The last part of a name or attribute; "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
