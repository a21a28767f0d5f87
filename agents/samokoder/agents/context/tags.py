"""What a source file defines and what it refers to, found by its grammar."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from samokoder.agents.context.languages import Language, language_of

if TYPE_CHECKING:
    from tree_sitter import Node

LARGEST = 512 << 10
"""Bytes of a file that is still read; larger ones are generated."""

_FILE = re.compile(r"\.(?:[cm]?[jt]sx?|h|hh|hpp|json)$")
_WIDEST = 160
"""Characters kept of a signature."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Something with a name. Lines count from 1, ``end`` is the last one of its body.

    ``kind`` is function, class, type, constant or module; ``scope`` the dotted names around it,
    empty at the top; ``signature`` its first line without the body.
    """

    name: str
    kind: str
    line: int
    end: int
    scope: str
    signature: str

    @property
    def qualified(self) -> str:
        return f"{self.scope}.{self.name}" if self.scope else self.name


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is used; ``called`` when it is called, instantiated or used as a decorator."""

    name: str
    line: int
    called: bool = False


@dataclass(frozen=True, slots=True)
class Tags:
    """One file. Both lists are in the order of the lines. ``modules`` are the places it imports
    from, written as paths without a suffix (``a/b`` for ``a.b``, ``./a/b.js``, ``a::b``).
    """

    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    modules: frozenset[str] = frozenset()


NOTHING = Tags()
"""The tags of a file in no language that is known."""


def tags_of(path: str, data: bytes) -> Tags:
    """Parse one file; what cannot be parsed gives what could be read. Blocking."""
    language = language_of(path)
    if language is None or len(data) > LARGEST or b"\0" in data:
        return NOTHING
    root = language.parse(data)
    found = _found(language, root, data)
    places = {(f.row, f.column) for f in found if f.kind != "impl"}
    captured = language.references(root)
    used = sorted(
        (*node.start_point, _text(node.text), capture == "call")
        for capture in ("call", "use")
        for node in captured.get(capture, ())
    )
    return Tags(
        _definitions(found),
        tuple(
            Reference(name, row + 1, called)
            for row, column, name, called in _once(used)
            if (row, column) not in places
        ),
        frozenset(m for node in captured.get("module", ()) for m in _modules(_text(node.text))),
    )


def readable(path: str) -> bool:
    """Whether the file is in a language that is known."""
    return language_of(path) is not None


def is_test(path: str) -> bool:
    """Whether the file looks like one of tests."""
    parts = PurePosixPath(path).parts
    stem = parts[-1].lower()
    return (
        stem.startswith("test_")
        or any(mark in stem for mark in ("_test.", ".test.", ".spec.", "conftest."))
        or any(part in ("tests", "test", "__tests__", "spec") for part in parts[:-1])
    )


def _once(used: list[tuple[int, int, str, bool]]) -> Iterable[tuple[int, int, str, bool]]:
    """A place that is both called and referred to counts as called."""
    last: tuple[int, int, str, bool] | None = None
    for item in used:
        if last is not None and item[:2] != last[:2]:
            yield last
        last = item
    if last is not None:
        yield last


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition as the grammar sees it: places of its name and of the whole, in bytes."""

    start: int
    end: int
    row: int
    column: int
    last_row: int
    first_row: int
    name: str
    kind: str
    signature: str


def _found(language: Language, root: "Node", data: bytes) -> list[_Found]:
    found: dict[int, _Found] = {}
    for kind, name, node in language.definitions(root):
        row, column = name.start_point
        last, ends = node.end_point
        if ends == 0 and last > row:
            last -= 1
        text = _text(name.text)
        if receiver := node.child_by_field_name("receiver"):
            text = f"{_receiver(receiver)}::{text}"
        # the first pattern of the table that matches a name is the most telling one
        found.setdefault(
            name.start_byte,
            _Found(
                node.start_byte,
                node.end_byte,
                row,
                column,
                last,
                node.start_point[0],
                text,
                kind,
                _signature(node, data, kind),
            ),
        )
    return sorted(found.values(), key=lambda f: (f.start, -f.end))


def _definitions(found: list[_Found]) -> tuple[Definition, ...]:
    result: list[Definition] = []
    around: list[tuple[int, str]] = []
    for f in found:
        while around and around[-1][0] <= f.start:
            around.pop()
        *outer, name = f.name.split("::")
        scope = ".".join((*(inside for _, inside in around), *outer))
        if f.kind != "impl":
            definition = Definition(
                name, f.kind, f.first_row + 1, f.last_row + 1, scope, f.signature
            )
            result.append(definition)
        if f.kind != "constant":
            around.append((f.end, name))
    return tuple(result)


def _signature(node: "Node", data: bytes, kind: str) -> str:
    """Its text up to the body, in one line; of a constant only the side with the name."""
    inner = node.child_by_field_name("value") or node
    body = inner.child_by_field_name("body") or node.child_by_field_name("body")
    end = body.start_byte if body is not None else node.end_byte
    text = " ".join(
        data[node.start_byte : min(end, node.start_byte + 1000)]
        .decode("utf-8", errors="replace")
        .split()
    )
    if kind == "constant":
        text = text.partition("=")[0]
    text = text.rstrip("{:;=> ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _modules(text: str) -> Iterator[str]:
    """How an import names its source, as paths; of ``a::b::{c, d}`` the common part."""
    text = text.partition("{")[0].strip("\"'`<>; ")
    if "/" in text or _FILE.search(text):
        text = _FILE.sub("", text)
    else:
        text = text.replace("::", "/").replace(".", "/")
    parts = [p for p in text.split("/") if p not in ("", ".", "..", "crate", "self", "super", "*")]
    if parts:
        yield "/".join(parts)
    if "::" not in text and len(parts) > 1:
        yield "/".join(parts[:-1]) if parts[-1][:1].isupper() else "/".join(parts)


def _receiver(node: "Node") -> str:
    """The type a Go method belongs to."""
    return _text(node.text).strip("()").split()[-1].lstrip("*").partition("[")[0]


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
