"""Arithmetic on known values, the harmless part of it, within bounds."""

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from samokoder.agents.review.taint.value import UNKNOWN

_LARGEST: Final = 1 << 64
_LONGEST: Final = 20_000

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv, ast.Div: operator.truediv, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: lambda a, b: a is b or a == b,
    ast.IsNot: lambda a, b: not (a is b or a == b), ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_METHODS: Final = frozenset(
    {"upper", "lower", "strip", "lstrip", "rstrip", "replace", "split", "rsplit", "startswith",
     "endswith", "find", "index", "count", "title", "capitalize", "swapcase", "isdigit", "isalpha",
     "isalnum", "join", "encode", "decode", "removeprefix", "removesuffix", "partition",
     "rpartition", "splitlines", "rfind", "casefold"}
)  # fmt: skip
_CALLS: Final[dict[str, Callable[..., Any]]] = {
    "len": len, "int": int, "str": str, "bool": bool, "float": float, "abs": abs, "min": min,
    "max": max, "ord": ord, "chr": chr, "repr": repr,
}  # fmt: skip
_SIMPLE: Final = (str, bytes, int, float, bool, type(None), tuple)


def binary(kind: type[ast.operator], left: Any, right: Any) -> Any:
    """``left kind right``, or UNKNOWN."""
    function = _BINARY.get(kind)
    if function is None or left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if kind is ast.Mult and not (_number(left) and _number(right)):
        return UNKNOWN
    if kind is ast.Mod and isinstance(left, bytes | str) and len(left) > 1000:
        return UNKNOWN
    return _bounded(lambda: function(left, right))


def compared(kind: type[ast.cmpop], left: Any, right: Any) -> Any:
    """The truth of one comparison, or UNKNOWN."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    return _bounded(lambda: _COMPARE[kind](left, right))


def method(base: Any, name: str, args: Sequence[Any]) -> Any:
    """A method of a known string, or UNKNOWN."""
    if not isinstance(base, str | bytes) or name not in _METHODS or UNKNOWN in args:
        return UNKNOWN
    result = _bounded(lambda: getattr(base, name)(*args))
    return tuple(result) if isinstance(result, list) else result


def called(name: str, args: Sequence[Any]) -> Any:
    """A builtin on known values, or UNKNOWN."""
    function = _CALLS.get(name)
    if function is None or not args or UNKNOWN in args:
        return UNKNOWN
    return _bounded(lambda: function(*args))


def item(base: Any, key: Any) -> Any:
    """``base[key]``, or UNKNOWN."""
    if base is UNKNOWN or key is UNKNOWN or not isinstance(base, str | bytes | tuple):
        return UNKNOWN
    return _bounded(lambda: base[key])


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _bounded(compute: Callable[[], Any]) -> Any:
    try:
        result = compute()
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return UNKNOWN
    if isinstance(result, int) and abs(result) > _LARGEST:
        return UNKNOWN
    if isinstance(result, str | bytes) and len(result) > _LONGEST:
        return UNKNOWN
    if isinstance(result, list):
        return result
    return result if isinstance(result, _SIMPLE) else UNKNOWN
