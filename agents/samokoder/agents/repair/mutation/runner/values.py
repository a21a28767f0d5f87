"""What came out of a call, as text that is equal for equal results."""

from __future__ import annotations

import hashlib
import types
from typing import Any

_ITEMS = 300
_DEPTH = 6
_LONG = 160


def canonical(value: Any) -> str:
    """A short text; long ones end in a hash."""
    text = _plain(value, 0, set())
    if len(text) > _LONG:
        return (
            text[: _LONG - 20]
            + "…"
            + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
        )
    return text


def _plain(value: Any, depth: int, above: set[int]) -> str:
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.9g}"
    if depth > _DEPTH or id(value) in above:
        return "…"
    above = above | {id(value)}
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_plain(v, depth + 1, above) for v in value[:_ITEMS])
        return f"{type(value).__name__}({len(value)}: {inner})"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(_plain(v, depth + 1, above) for v in value)) + "}"
    if isinstance(value, dict):
        pairs = [
            f"{_plain(k, depth + 1, above)}: {_plain(v, depth + 1, above)}"
            for k, v in value.items()
        ]
        return "{" + ", ".join(sorted(pairs)[:_ITEMS]) + "}"
    if isinstance(value, (types.GeneratorType, map, filter, zip, range)):
        items = []
        for item in value:
            items.append(_plain(item, depth + 1, above))
            if len(items) >= _ITEMS:
                break
        return "items(" + ", ".join(items) + ")"
    if isinstance(value, (type, types.FunctionType, types.MethodType, types.ModuleType)):
        return str(getattr(value, "__name__", type(value)))
    fields = getattr(value, "__dict__", None)
    if isinstance(fields, dict):
        inner = ", ".join(f"{k}={_plain(v, depth + 1, above)}" for k, v in sorted(fields.items()))
        return f"{type(value).__name__}({inner})"
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text
