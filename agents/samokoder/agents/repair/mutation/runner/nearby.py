"""Values near a value: of the same kind, one small change away. Deterministic."""

from __future__ import annotations

import copy
from typing import Any

from .recording import Made

_SHORT = 400
"""Length up to which texts and lists are varied."""


def near(value: Any, pool: list[Any], depth: int = 0) -> list[Any]:
    """Variants of ``value``, likeliest to be valid first; ``pool`` holds others of its place."""
    if isinstance(value, Made) or value is None or depth > 3:
        return []
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        found = [value + 1, value - 1]
        found += [value * 2, value // 2] if abs(value) > 3 else [value + 2]
        return [v for v in found if v >= 0 or value < 0 or _negative(pool)]
    if isinstance(value, float):
        return [value + 1.0, value / 2, value + 0.5]
    if isinstance(value, str):
        return _texts(value, pool)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return _sequences(value, depth)
    if type(value) is dict:
        return _tables(value, depth)
    if type(value) in (set, frozenset):
        return [type(value)(v for v in value if v != gone) for gone in sorted(value, key=repr)[:3]]
    if isinstance(value, type) or callable(value):
        return []
    return _objects(value, depth)


def _negative(pool: list[Any]) -> bool:
    return any(isinstance(v, (int, float)) and v < 0 for v in pool)


def _texts(value: str, pool: list[Any]) -> list[Any]:
    if not value or len(value) > _SHORT:
        return []
    found = [value[:-1], value[1:], value + value[-1], value[::-1]]
    half = len(value) // 2
    found.append(value[half:] + value[:half])
    found.append(value[0] + value)
    letters = sorted({c for v in (*pool, value) if isinstance(v, str) for c in v[:60]})
    for at in (half, 0, len(value) - 1):
        others = [c for c in letters if c != value[at]]
        if others:
            other = others[(at + len(value)) % len(others)]
            found.append(value[:at] + other + value[at + 1 :])
    return [v for v in found if v]


def _sequences(value: Any, depth: int) -> list[Any]:
    kind = type(value)
    items = list(value)
    if not items or len(items) > _SHORT:
        return []
    found: list[list[Any]] = []
    if kind is list:
        found = [items[:-1], items[1:], [*items, items[0]], items[::-1]]
        if len(items) > 1:
            found.append([items[1], items[0], *items[2:]])
            found.append([items[0], *items])
    for at in dict.fromkeys((0, len(items) // 2, len(items) - 1)):
        others = [v for i, v in enumerate(items) if i != at]
        for other in near(items[at], others, depth + 1)[:3]:
            found.append([*items[:at], other, *items[at + 1 :]])
    return [kind(v) for v in found if v]


def _tables(value: dict[Any, Any], depth: int) -> list[Any]:
    found: list[Any] = []
    for key in list(value)[:3]:
        found.append({k: v for k, v in value.items() if k != key})
        others = near(value[key], list(value.values()), depth + 1)[:2]
        found += [{**value, key: other} for other in others]
    return found


def _objects(value: Any, depth: int) -> list[Any]:
    """Copies of an object with one field of it, or of what it refers to, changed."""
    fields = getattr(value, "__dict__", None)
    if not isinstance(fields, dict):
        return []
    found: list[Any] = []
    for name in list(fields)[:6]:
        for other in near(fields[name], [], depth + 1)[:2]:
            twin = copy.deepcopy(value)
            twin.__dict__[name] = other
            found.append(twin)
    return found
