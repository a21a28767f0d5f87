"""Full names of what a module calls, from its imports alone: ``np.load`` is ``numpy.load``."""

import ast
from dataclasses import dataclass, field


@dataclass
class Names:
    """``known`` maps a name in the module to the dotted name it was imported from; ``shadowed``
    are names the module binds itself.
    """

    known: dict[str, str] = field(default_factory=dict)
    shadowed: frozenset[str] = frozenset()

    def of(self, node: ast.AST) -> str:
        """The dotted name of a name or attribute; "" when it is something else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self.shadowed and node.id not in self.known:
            return ""
        parts.append(self.known.get(node.id, node.id))
        return ".".join(reversed(parts))


def names(tree: ast.Module) -> Names:
    """The imports of a module, wherever they stand in it."""
    known: dict[str, str] = {}
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                known[alias.asname or alias.name] = f"{module}.{alias.name}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
    return Names(known, frozenset(bound))
