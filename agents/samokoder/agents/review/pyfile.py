"""One Python file under review: its text, tree, and where a node stands in people's coordinates."""

import ast
from dataclasses import dataclass
from functools import cached_property

from samokoder.agents import pysyntax
from samokoder.agents.review import finding, newsyntax
from samokoder.agents.review.finding import Place
from samokoder.agents.workspace import text as texts

LARGEST = 400_000
"""Characters of a file that is still looked into; larger ones are generated."""


@dataclass(frozen=True)
class PyFile:
    """``tree`` may be of the text as rewritten by :mod:`newsyntax`; its positions are the same."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> list[str]:
        return texts.lines(self.text)

    def place(self, node: ast.AST, note: str = "", *, first_line: bool = False) -> Place:
        """Where a node stands and what stands there; ``first_line`` cuts it after one line."""
        line, column = node.lineno, self._column(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        end_line = getattr(node, "end_lineno", None) or line
        end_column = self._column(end_line, getattr(node, "end_col_offset", None) or 0)
        if first_line and end_line > line:
            end_line, end_column = line, len(texts.body(self.lines[line - 1])) + 1
        quote = finding.quoted(self.lines, line, column, end_line, end_column) or ""
        return Place(self.path, line, column, end_line, end_column, quote, note)

    def line_of(self, node: ast.AST) -> str:
        """The whole line a node begins on, stripped."""
        number = getattr(node, "lineno", 0)
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def _column(self, line: int, offset: int) -> int:
        """From 1 in code points; the parser counts UTF-8 bytes from 0."""
        if not 0 < line <= len(self.lines):
            return offset + 1
        text = self.lines[line - 1]
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1


def read(path: str, text: str) -> PyFile | None:
    """The file with its tree; None when it cannot be parsed or is too large."""
    if len(text) > LARGEST:
        return None
    for version in (_as_is, newsyntax.readable):
        try:
            return PyFile(path, text, pysyntax.parse(version(text)))
        except SyntaxError:
            continue
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _as_is(text: str) -> str:
    return text
