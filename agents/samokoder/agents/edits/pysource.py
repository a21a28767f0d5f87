"""Where things are in a Python file, and how its lines are indented."""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from samokoder.agents import pysyntax
from samokoder.agents.edits.likeness import indent
from samokoder.agents.workspace import text as texts

_WRAP = "if 1:\n"
"""Makes indented statements parse; one line."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Span:
    """Lines ``[start, end)`` of a definition, decorators included; counted from 0."""

    node: Definition
    start: int
    end: int
    parents: tuple[ast.AST, ...] = ()


def parse(text: str) -> ast.Module:
    """The tree of a file; SyntaxError or ValueError when it has none. Warnings are dropped."""
    return pysyntax.parse(text)


def parse_block(text: str) -> ast.Module:
    """The tree of statements that are indented as a whole, as they stand inside a class."""
    if not _indented(text):
        return parse(text)
    (block,) = parse(_WRAP + text).body
    assert isinstance(block, ast.If)
    return ast.Module(block.body, [])


def shift(text: str) -> int:
    """By how many lines the positions in :func:`parse_block`'s tree are too high."""
    return 1 if _indented(text) else 0


def _indented(text: str) -> bool:
    return bool(indent(next((x for x in texts.lines(text) if x.strip()), "")))


def definitions(tree: ast.AST) -> Iterator[tuple[str, Span]]:
    """Every function and class with its dotted name, outermost first."""
    stack: list[tuple[ast.AST, str, tuple[ast.AST, ...]]] = [(tree, "", ())]
    while stack:
        node, prefix, parents = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Definition):
                name = prefix + child.name
                yield name, span(child, (*parents, node))
                stack.append((child, f"{name}.", (*parents, node)))
            elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                stack.append((child, prefix, (*parents, node)))


def span(node: Definition, parents: tuple[ast.AST, ...] = ()) -> Span:
    """The lines of a definition."""
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return Span(node, first - 1, node.end_lineno or node.lineno, parents)


def find(tree: ast.AST, name: str) -> list[Span]:
    """The definitions of this dotted name (``Class.method``, ``outer.<locals>.inner``)."""
    wanted = name.replace(".<locals>", "")
    return [s for found, s in definitions(tree) if found == wanted]


def names_used(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name and attribute that is read in these nodes."""
    found: set[str] = set()
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                found.add(inner.id)
            elif isinstance(inner, ast.Attribute):
                found.add(inner.attr)
    return found


def names_bound(tree: ast.Module) -> set[str]:
    """Names bound at the top of a module, also inside ``if`` and ``try``."""
    found: set[str] = set()
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, Definition):
            found.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update((a.asname or a.name).partition(".")[0] for a in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        stack += ast.iter_child_nodes(node)
    return found


def same(one: str, other: str) -> bool:
    """Whether two pieces have the same tree; a docstring counts only where both have one."""
    try:
        trees = parse_block(one), parse_block(other)
    except (SyntaxError, ValueError):
        return False
    if not all(_docstrings(tree) for tree in trees):
        for tree in trees:
            _drop_docstrings(tree)
    return ast.dump(trees[0]) == ast.dump(trees[1])


def reindent(text: str, base: str, unit: str) -> list[str]:
    """The lines of one definition at indentation ``base``, a level being ``unit``; no line ends.

    The insides of strings keep their lines as they are, those of docstrings move along.
    """
    lines = [texts.body(line) for line in texts.lines(text)]
    fixed, logical, docs = _layout(lines)
    levels: dict[str, str] = {}
    for old, level in logical.values():
        levels.setdefault(old, base + unit * level)
    out: list[str] = []
    last = ""
    for n, line in enumerate(lines):
        if n in fixed and n not in docs:
            out.append(line)
        elif not line.strip():
            out.append("")
        elif n in logical:
            last = logical[n][0]
            out.append(levels[last] + line.lstrip(" \t"))
        else:
            out.append(_moved(line, last, levels))
    return out


def _moved(line: str, last: str, levels: dict[str, str]) -> str:
    old = indent(line)
    if line.lstrip().startswith("#") and old in levels:
        return levels[old] + line.lstrip(" \t")
    if old.startswith(last):
        return levels.get(last, "") + line[len(last) :]
    nearest = max((k for k in levels if old.startswith(k)), key=len, default="")
    return levels.get(nearest, "") + line[len(nearest) :]


def _layout(lines: list[str]) -> tuple[set[int], dict[int, tuple[str, int]], set[int]]:
    """Lines inside strings, first lines of statements with indentation and depth, and those
    lines inside docstrings.
    """
    extra = shift("\n".join(lines))
    text = _WRAP * extra + "\n".join(lines) + "\n"
    fixed: set[int] = set()
    logical: dict[int, tuple[str, int]] = {}
    docs: set[int] = set()
    depth, fresh, opened = -extra, True, 0
    start = getattr(tokenize, "FSTRING_START", -1)
    end = getattr(tokenize, "FSTRING_END", -1)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        first, last = token.start[0] - 1 - extra, token.end[0] - 1 - extra
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type == tokenize.NEWLINE:
            fresh = True
        elif token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER):
            if fresh and first >= 0:
                logical[first] = (indent(lines[first]), depth)
            if token.type == tokenize.STRING:
                fixed.update(range(first + 1, last + 1))
                if fresh:
                    docs.update(range(first + 1, last + 1))
            elif token.type == start:
                opened = first
            elif token.type == end:
                fixed.update(range(opened + 1, last + 1))
            fresh = False
    return fixed, logical, docs


def _docstrings(tree: ast.AST) -> bool:
    nodes = [n for n in ast.walk(tree) if isinstance(n, Definition)]
    return all(ast.get_docstring(node, clean=False) is not None for node in nodes[:1])


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, Definition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
