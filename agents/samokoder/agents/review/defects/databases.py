"""Object-relational mistakes: lost updates and rows loaded only to be counted (Django)."""

import ast
from collections.abc import Iterator
from typing import Final

from samokoder.agents.review.defects.defect import (
    INFO,
    Defect,
    Function,
    Module,
    named,
    own,
)
from samokoder.agents.review.finding import Category

_QUERYING: Final = frozenset({"all", "filter", "exclude"})
_GUARDS: Final = frozenset({"select_for_update", "F", "lock", "with_for_update"})


def counted(m: Module) -> Iterator[Defect]:
    """``len(order.items.all())``."""
    if not _django(m):
        return
    for node in m.nodes:
        if not (isinstance(node, ast.Call) and m.names.of(node.func) == "len" and node.args):
            continue
        query = node.args[0]
        if not (isinstance(query, ast.Call) and isinstance(query.func, ast.Attribute)):
            continue
        if query.func.attr in _QUERYING and _manager(query.func.value):
            yield Defect(
                node, "counted-in-memory", "all rows are loaded only to be counted",
                category=Category.RESOURCES, advice="Use `.count()`.",
            )  # fmt: skip


def _manager(node: ast.expr) -> bool:
    """``Model.objects`` or ``order.items``: what such queries start at."""
    return isinstance(node, ast.Attribute | ast.Call)


def lost_updates(m: Module) -> Iterator[Defect]:
    """``row.n += 1; row.save()`` on a row that others may change at the same time."""
    if not _django(m):
        return
    for function in (n for n in m.nodes if isinstance(n, Function)):
        inside = list(own(function))
        words = {named(n) for n in inside if isinstance(n, ast.Name | ast.Attribute)}
        decorated = {named(n) for d in function.decorator_list for n in ast.walk(d)}
        if (words | decorated) & _GUARDS:
            continue
        saved = {
            ast.unparse(n.func.value)
            for n in inside
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
            and n.func.attr == "save"
        }  # fmt: skip
        for node in inside:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                owner = ast.unparse(node.target.value)
                if isinstance(node.op, ast.Add | ast.Sub) and owner in saved:
                    yield Defect(
                        node, "lost-update",
                        f"two requests at once both read the old `{node.target.attr}`, and one "
                        "of the changes is lost",
                        INFO, 0.6, Category.CONCURRENCY,
                        "Lock the row with `select_for_update`, or use an `F` expression.",
                        cwe="362",
                    )  # fmt: skip


def _django(m: Module) -> bool:
    return any(path.startswith(("django", "rest_framework")) for path in m.names.known.values())


FINDERS = (counted, lost_updates)
