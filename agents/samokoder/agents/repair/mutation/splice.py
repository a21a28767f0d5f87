"""Replacing pieces of a Python text by the positions of its syntax tree."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Splice:
    """Bytes ``[start, end)`` become ``text``. ``line`` counts from 1; ``prior`` is likelihood."""

    start: int
    end: int
    text: str
    line: int
    prior: float
    note: str


class Source:
    """A text with its tree and the offsets of its lines, in UTF-8 bytes."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.data = text.encode("utf-8", "surrogateescape")
        self.tree = tree
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The node's own text."""
        return self.data[self.start(node) : self.end(node)].decode("utf-8", "surrogateescape")

    def between(self, left: int, right: int) -> str:
        return self.data[left:right].decode("utf-8", "surrogateescape")

    def line(self, number: int) -> str:
        """A line by its number from 1, without its end."""
        data = self.data[self.starts[number - 1] : self.starts[number] - 1]
        return data.decode("utf-8", "surrogateescape")

    def applied(self, splice: Splice) -> str:
        data = self.data[: splice.start] + splice.text.encode("utf-8", "surrogateescape")
        return (data + self.data[splice.end :]).decode("utf-8", "surrogateescape")
