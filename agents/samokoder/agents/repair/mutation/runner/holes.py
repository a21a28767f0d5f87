"""Names that a loaded file uses and nothing defines: lines no test runs would fail for them."""

from __future__ import annotations

import builtins
import dis
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_READS = ("LOAD_ATTR", "LOAD_METHOD")


def holes(module: Any, text: str, lines: list[int], whole: bool) -> list[str]:
    """Such names, and attributes of ``self``, in functions around the lines; ``whole``: in all."""
    code = compile(text, "<text>", "exec", dont_inherit=True)
    known = set(vars(module)) | set(vars(builtins))
    known |= {str(i.argval) for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
    for inner in _inside(code):
        known |= {str(i.argval) for i in dis.get_instructions(inner) if i.opname == "STORE_GLOBAL"}
    found: dict[str, None] = {}
    for function in _functions(code):
        span = _span(function)
        if not whole and not any(span[0] <= line <= span[1] for line in lines):
            continue
        for inner in _inside(function):
            for step in dis.get_instructions(inner):
                if step.opname == "LOAD_GLOBAL" and step.argval not in known:
                    found[str(step.argval)] = None
    for owner in _classes(module):
        own = _attributes(owner)
        for method in vars(owner).values():
            inner = getattr(method, "__code__", None)
            if inner is None or not inner.co_argcount or inner.co_varnames[0] != "self":
                continue
            span = _span(inner)
            if whole or any(span[0] <= line <= span[1] for line in lines):
                found |= {f"self.{a}": None for a in _of_self(inner, _READS) if a not in own}
    return list(found)


def _functions(code: Any) -> Iterator[Any]:
    """The outermost functions, those of classes too."""
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            if inner.co_flags & 0x1:  # a function, not the body of a class
                yield inner
            else:
                yield from _functions(inner)


def _inside(code: Any) -> Iterator[Any]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _inside(inner)


def _span(code: Any) -> tuple[int, int]:
    lines = [n for c in _inside(code) for _, n in dis.findlinestarts(c) if n]
    return min(lines, default=0), max(lines, default=0)


def _classes(module: Any) -> Iterator[type]:
    """Classes of the file whose instances have no attributes from elsewhere."""
    for value in vars(module).values():
        if not isinstance(value, type) or value.__module__ != module.__name__:
            continue
        plain = all(b is object or b.__module__ == module.__name__ for b in value.__mro__)
        if plain and not any(hasattr(value, n) for n in ("__getattr__", "__slots__")):
            yield value


def _attributes(owner: type) -> set[str]:
    found = set(dir(owner))
    for base in owner.__mro__:
        for method in vars(base).values():
            code = getattr(getattr(method, "fget", method), "__code__", None)
            for inner in _inside(code) if code is not None else ():
                found |= {i.argval for i in dis.get_instructions(inner) if i.opname == "STORE_ATTR"}
    return found


def _of_self(code: Any, names: tuple[str, ...]) -> Iterator[str]:
    for inner in _inside(code):
        before = None
        for step in dis.get_instructions(inner):
            if step.opname in names and before is not None and before.argval == "self":
                yield str(step.argval)
            before = step
