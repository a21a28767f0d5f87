"""Examples that documentation gives: calls and what they are said to return.

Doctests, ``f(1) == 2``, ``f(1) => 2``, ``f(1) returns 2`` and ``Input: … Output: …`` are read, in
the docstring of the function or in a text of the module. What is no value is left alone.
"""

import ast
import builtins
import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samokoder.agents.edits import pysource
from samokoder.agents.review.pyfile import PyFile

_MOST: Final = 40
"""Examples of one file."""
_LONGEST: Final = 2000
_SIGN: Final = re.compile(
    r"\s*(?:===?>|==|=>|➞|-->|->|→|⇒|➜|➔|↦|»|:=|=|(?:#\s*)?(?:should\s+|will\s+|must\s+)?"
    r"(?:returns?|equals?|evaluates? to|gives?|yields?|outputs?|results? in|is)\b:?|"
    r"#\s*(?:=>|->)?)\s*"
)
_INPUT: Final = re.compile(
    r"Inputs?\s*:?\s*(?P<given>.+?)\s*\n\s*(?:Outputs?|Returns?)\s*:?\s*(?P<want>.+)", re.I
)
_FOR: Final = re.compile(
    r"(?:For|If|When|Given)\s+(?P<given>\w+\s*=[^\n]+?),?\s+(?:then\s+)?(?:the\s+|it\s+)?"
    r"(?:(?:output|result|answer|function|return value)\s+)?(?:should\s+|must\s+|will\s+)?"
    r"(?:be|is|returns?|equals?)\s*:?\s*(?P<want>[^\n]+)"
)
_WORDS: Final = {"true": "True", "false": "False", "null": "None", "none": "None"}


@dataclass(frozen=True, slots=True)
class Step:
    """``source`` is run; ``want`` is what it must give, None when it only prepares."""

    source: str
    want: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """``function`` is the dotted name it speaks of, ``line`` the line of its text in the file."""

    function: str
    line: int
    steps: tuple[Step, ...]

    @property
    def last(self) -> Step:
        return self.steps[-1]


def examples(file: PyFile) -> tuple[Example, ...]:
    """All examples of a file, in the order of the text."""
    found: list[Example] = []
    functions = {
        name: span.node
        for name, span in pysource.definitions(file.tree)
        if isinstance(span.node, pysource.Function)
    }
    top = {name: node for name, node in functions.items() if "." not in name}
    known = set(dir(builtins)) | pysource.names_bound(file.tree)
    for name, node in functions.items():
        constant = _doc(node)
        if constant is not None and not _method(name, functions):
            found += _of(constant, {name: node} if name in top else {}, known)
    for statement in file.tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            found += _of(statement.value, top, known)
    unique = {tuple((s.source, s.want) for s in e.steps): e for e in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda e: e.line))[:_MOST]


def _method(name: str, functions: dict[str, pysource.Function]) -> bool:
    """Whether it stands inside another function, where nothing from outside can call it."""
    parts = name.split(".")
    return any(".".join(parts[:n]) in functions for n in range(1, len(parts)))


def _doc(node: pysource.Function) -> ast.Constant | None:
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first.value
    return None


def _of(
    constant: ast.Constant, functions: dict[str, pysource.Function], known: set[str]
) -> list[Example]:
    text = constant.value
    if not isinstance(text, str) or (not functions and ">>>" not in text):
        return []
    found = list(_doctests(text, constant.lineno, functions, known))
    taken = {s.source for e in found for s in e.steps}
    for name, node in functions.items():
        if not name.startswith("__"):
            found += (e for e in _inline(text, constant.lineno, name) if e.last.source not in taken)
            if len(functions) == 1:
                found += _given(text, constant.lineno, name, node)
    return found


def _doctests(
    text: str, line: int, functions: dict[str, pysource.Function], known: set[str]
) -> Iterator[Example]:
    """Steps up to each expectation share what the steps before them bound."""
    try:
        parsed = doctest.DocTestParser().get_examples(text)
    except ValueError:  # a prompt in prose
        return
    bound: set[str] = set()
    earlier: list[Step] = []
    for example in parsed:
        source = example.source.strip()
        tree = _parsed(source)
        told = example.want.lstrip().startswith("Traceback")
        if tree is None or told or example.exc_msg is not None or example.options:
            return
        used = pysource.names_used([tree])
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - _own(tree)
        bound |= pysource.names_bound(tree)
        if names - known - bound:
            return  # it needs something that is not there
        want = example.want.strip() or _implied(tree)
        step = Step(source, want or None)
        if want and "..." not in want and len(tree.body) == 1 and len(want) < _LONGEST:
            about = next((n for n in functions if n in used), "")
            yield Example(about, line + example.lineno, (*earlier, step))
        earlier.append(Step(source, None))


def _own(tree: ast.Module) -> set[str]:
    """Names that comprehensions and lambdas bind for themselves."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension):
            found |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    return found


def _implied(tree: ast.Module) -> str:
    """``f(1) == 2`` without an expectation is meant to be true."""
    statement = tree.body[0] if len(tree.body) == 1 else None
    said = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Compare)
    return "True" if said else ""


def _parsed(source: str) -> ast.Module | None:
    try:
        return pysource.parse(source)
    except (SyntaxError, ValueError):
        return None


def _inline(text: str, line: int, name: str) -> Iterator[Example]:
    """``name(…) SIGN VALUE`` anywhere in prose."""
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}\(", text):
        start = text.rfind("\n", 0, match.start()) + 1
        if ">>>" in text[start : match.start()]:
            continue
        end = _closed(text, match.end())
        if end is None or not _literal_call(text[match.start() : end]):
            continue
        sign = _SIGN.match(text, end)
        value = _value(text, sign.end()) if sign else None
        if value is not None:
            at = line + text.count("\n", 0, match.start())
            source = " ".join(text[match.start() : end].split("\n"))
            yield Example(name, at, (Step(source, value),))


def _closed(text: str, at: int) -> int | None:
    """Behind the bracket that closes the one before ``at``."""
    depth, quote = 1, ""
    for index in range(at, min(len(text), at + _LONGEST)):
        char = text[index]
        if quote:
            if char == quote and text[index - 1] != "\\":
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return index + 1
    return None


def _literal_call(text: str) -> bool:
    tree = _parsed(text.strip())
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return False
    call = tree.body[0].value
    if not isinstance(call, ast.Call):
        return False
    return all(_is_literal(a) for a in (*call.args, *(k.value for k in call.keywords)))


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _value(text: str, at: int) -> str | None:
    """The longest value that begins here and ends with its line, or with its brackets."""
    if text[at : at + 1] in "([{":
        end = _closed(text, at + 1)
        rest = text[end : text.find("\n", end)].strip() if end is not None else ""
        if end is None or rest[:1] in ("+", "*", "[", "(", "."):
            return None
        return text[at:end] if _literal_text(text[at:end]) else None
    stop = text.find("\n", at)
    line = text[at : len(text) if stop < 0 else stop].strip()
    comment = [m.start() for m in re.finditer(r"\s+#", line)]
    for end in (
        *comment,
        len(line),
        *(m.start() for m in re.finditer(r"\s+[#(,;–—-]|[.,;]?\s|[.,;]$", line)),
    ):
        piece = _WORDS.get(line[:end].strip(), line[:end].strip())
        if not piece or piece[-1] in "+*/-":
            continue
        rest = line[end:].strip()
        piece = re.sub(r"^(-?\d+)\.$", r"\1", piece)  # the full stop of a sentence
        if _literal_text(piece) and not re.match(r"[+*/%<>=-]|(?:or|and|if|for|in)\b", rest):
            return piece
    return None


def _literal_text(text: str) -> bool:
    tree = _parsed(text.strip())
    return (
        tree is not None
        and len(tree.body) == 1
        and isinstance(tree.body[0], ast.Expr)
        and _is_literal(tree.body[0].value)
    )


def _given(text: str, line: int, name: str, node: pysource.Function) -> Iterator[Example]:
    """Arguments and a result in words: ``Input: … Output: …``, ``For n = 1 the output is …``."""
    params = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    for match in (*_INPUT.finditer(text), *_FOR.finditer(text)):
        call = f"{name}({match['given'].strip()})"
        want = _value(text, match.start("want"))
        if want is None or not _literal_call(call):
            continue
        tree = _parsed(call)
        assert tree is not None
        statement = tree.body[0]
        assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        given = statement.value
        if {k.arg for k in given.keywords} <= set(params) and (
            len(given.args) + len(given.keywords) == len(params) - len(node.args.defaults)
        ):
            at = line + text.count("\n", 0, match.start())
            yield Example(name, at, (Step(call, want),))
