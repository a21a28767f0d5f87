"""What all calls of a function have in common: inputs that break it are likely no valid ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .recording import Call

_SORTED = 3
"""Items from which an order is no accident."""
_DISTINCT = 4
Holds = Callable[[Call], bool]


def habits(calls: list[Call]) -> Holds:
    """A test that every one of the calls passes, and that inputs near them should."""
    if not calls:
        return lambda call: True
    count = min(len(c.args) for c in calls)
    rules: list[Holds] = []
    for at in range(count):
        rules += [rule for rule in _alone(at) if all(map(rule, calls))]
        for other in range(count):
            if at != other:
                rules += [rule for rule in _pairs(at, other) if all(map(rule, calls))]
        values = [c.args[at] for c in calls]
        if all(_sized(v) and len(v) >= _SORTED and _ordered(v) for v in values):
            rules.append(lambda call, at=at: _ordered(call.args[at]))  # type: ignore[misc]
        if all(_sized(v) and len(v) >= _DISTINCT and _distinct(v) for v in values):
            rules.append(lambda call, at=at: _distinct(call.args[at]))  # type: ignore[misc]
    return lambda call: len(call.args) < count or all(rule(call) for rule in rules)


def _alone(at: int) -> list[Holds]:
    def rectangular(call: Call) -> bool:
        value = call.args[at]
        rows = _sized(value) and not isinstance(value, str) and len(value) > 1
        return not rows or not all(map(_sized, value)) or len({len(v) for v in value}) == 1

    return [rectangular]


def _pairs(at: int, other: int) -> list[Holds]:
    def within(call: Call) -> bool:
        one, two = call.args[at], call.args[other]
        return type(one) is int and _sized(two) and 0 <= one <= len(two)

    def as_long(call: Call) -> bool:
        one, two = call.args[at], call.args[other]
        return _sized(one) and _sized(two) and len(one) == len(two)

    def below(call: Call) -> bool:
        one, two = call.args[at], call.args[other]
        return type(one) is int and type(two) is int and one < two

    def inside(call: Call) -> bool:
        one, two = call.args[at], call.args[other]
        try:
            return bool(_sized(two) and not isinstance(one, (list, tuple)) and one in two)
        except TypeError:
            return False

    return [within, as_long, below, inside]


def _sized(value: Any) -> bool:
    return isinstance(value, (list, tuple, str))


def _ordered(value: Any) -> bool:
    try:
        return not isinstance(value, str) and list(value) == sorted(value)
    except TypeError:
        return False


def _distinct(value: Any) -> bool:
    return len({repr(v) for v in value}) == len(value)
