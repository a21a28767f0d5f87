"""The languages whose structure is read, their grammars loaded when first needed.

Each has two queries in ``queries``: what is defined (the captured node is the whole definition,
``@name`` its name, the capture's name the kind) and what is referred to (``@call``, ``@use``, or
``@module`` for where imports come from).
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

_QUERIES = Path(__file__).with_name("queries")

_LANGUAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "python": ("tree_sitter_python", "language", ("python",)),
    "javascript": ("tree_sitter_javascript", "language", ("javascript", "jsx")),
    "typescript": ("tree_sitter_typescript", "language_typescript", ("typescript", "javascript")),
    "tsx": ("tree_sitter_typescript", "language_tsx", ("typescript", "javascript", "jsx")),
    "go": ("tree_sitter_go", "language", ("go",)),
    "rust": ("tree_sitter_rust", "language", ("rust",)),
    "java": ("tree_sitter_java", "language", ("java",)),
    "c": ("tree_sitter_c", "language", ("c",)),
    "cpp": ("tree_sitter_cpp", "language", ("cpp", "c")),
}
"""The package of the grammar, its function, the files of queries it uses, most telling first."""

_SUFFIXES = {
    "py": "python", "pyi": "python",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "tsx",
    "go": "go", "rs": "rust", "java": "java",
    "c": "c", "h": "cpp", "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hh": "cpp", "hpp": "cpp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """A grammar with its two queries. One may be used by several threads at once."""

    name: str
    grammar: Any
    defining: Any
    referring: Any

    def parse(self, data: bytes) -> "Node":
        """The tree of a file; a parser is made for each, they must not be shared."""
        from tree_sitter import Parser

        return Parser(self.grammar).parse(data).root_node

    def definitions(self, root: Any) -> Iterator[tuple[str, "Node", "Node"]]:
        """(kind, name, whole) of what is defined, most telling pattern first."""
        from tree_sitter import QueryCursor

        for _, captures in sorted(QueryCursor(self.defining).matches(root), key=lambda m: m[0]):
            name = captures["name"][0]
            for kind, nodes in captures.items():
                if kind != "name":
                    yield kind, name, nodes[0]

    def references(self, root: Any) -> "dict[str, list[Node]]":
        """Names by ``call`` and ``use``, and the paths of imports by ``module``."""
        from tree_sitter import QueryCursor

        return QueryCursor(self.referring).captures(root)


def language_of(path: str) -> Language | None:
    """The language of a file by its name; None when it is none of ours."""
    name = _SUFFIXES.get(PurePosixPath(path).suffix.lower().lstrip("."))
    return _load(name) if name is not None else None


@cache
def _load(name: str) -> Language:
    from tree_sitter import Language as Grammar
    from tree_sitter import Query

    module, function, parts = _LANGUAGES[name]
    grammar = Grammar(getattr(importlib.import_module(module), function)())
    defining, referring = (
        Query(grammar, "".join(_query(f"{part}.{side}.scm") for part in parts))
        for side in ("defines", "refers")
    )
    return Language(name, grammar, defining, referring)


def _query(name: str) -> str:
    file = _QUERIES / name
    return file.read_text("utf-8") if file.is_file() else ""
