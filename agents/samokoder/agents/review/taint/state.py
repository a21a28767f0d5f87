"""The variables and containers at one point of the program."""

from dataclasses import dataclass, field
from typing import Any, Final

from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.value import NOTHING, Value

_MOST_ITEMS: Final = 64


@dataclass(slots=True)
class Container:
    """A list (``items`` known), a mapping or object (``keys``), with ``rest`` for whatever else
    may be in it. ``kind`` is "list", "tuple", "dict", "set" or the class's path.
    """

    kind: str
    items: tuple[Value, ...] | None = None
    keys: dict[Any, Value] = field(default_factory=dict)
    rest: Value = NOTHING

    def copy(self) -> "Container":
        return Container(self.kind, self.items, dict(self.keys), self.rest)

    def values(self) -> list[Value]:
        """Everything that may be in it."""
        return [*(self.items or ()), *self.keys.values(), self.rest]


@dataclass(slots=True)
class State:
    """``live`` is False after a return, raise, break or continue. Containers are shared between
    states until they are changed; ``owned`` are the cells only this state has.
    """

    names: dict[str, Value]
    heap: dict[int, Container]
    live: bool = True
    owned: set[int] = field(default_factory=set)

    def fork(self) -> "State":
        self.owned.clear()
        return State(dict(self.names), dict(self.heap), self.live)

    def own(self, cell: int) -> Container:
        """The container of a cell, to be changed."""
        if cell not in self.owned:
            self.heap[cell] = self.heap[cell].copy()
            self.owned.add(cell)
        return self.heap[cell]

    def content(self, value: Value, depth: int = 3) -> Value:
        """Everything a value holds, as one value."""
        container = self.heap.get(value.cell)
        if container is None or not depth:
            return value
        inner = [self.content(v, depth - 1) for v in container.values()]
        taints = values.merge(value.taints, *(v.taints for v in inner))
        return Value(taints=taints, path=value.path, cell=value.cell)

    def clear(self, origins: set[int], hazards: frozenset[Hazard]) -> None:
        """A check was passed: what came in at these places can no longer do this harm."""
        for name, value in self.names.items():
            if value.taints:
                self.names[name] = _cleared(value, origins, hazards)
        for cell, shared in list(self.heap.items()):
            if not any(t.origin in origins for v in shared.values() for t in v.taints):
                continue
            container = self.own(cell)
            if container.items:
                container.items = tuple(_cleared(v, origins, hazards) for v in container.items)
            for key, value in container.keys.items():
                container.keys[key] = _cleared(value, origins, hazards)
            container.rest = _cleared(container.rest, origins, hazards)


def _cleared(value: Value, origins: set[int], hazards: frozenset[Hazard]) -> Value:
    if not any(t.origin in origins for t in value.taints):
        return value
    taints = tuple(
        values.cleared((t,), hazards)[0] if t.origin in origins else t for t in value.taints
    )
    pieces = value.pieces
    if pieces is not None:
        pieces = tuple(p if isinstance(p, str) else _cleared(p, origins, hazards) for p in pieces)
    return Value(value.const, taints, value.path, value.cell, pieces, value.function, value.bound)


def joined(one: State, other: State) -> State:
    """What is known where two ways meet; a way that ended does not count."""
    if not one.live:
        return other
    if not other.live or other is one:
        return one
    names = dict(one.names)
    for name, value in other.names.items():
        mine = names.get(name)
        if mine is None:
            names[name] = value
        elif mine is not value:
            names[name] = _join(mine, value, one, other)
    heap = dict(one.heap)
    for cell, theirs in other.heap.items():
        ours = heap.get(cell)
        if ours is None:
            heap[cell] = theirs
        elif ours is not theirs:
            heap[cell] = _container(ours, theirs, one, other)
    one.owned.clear()
    other.owned.clear()
    return State(names, heap)


def _join(mine: Value, theirs: Value, one: State, other: State) -> Value:
    if mine.cell == theirs.cell:
        return values.join(mine, theirs)
    return values.join(one.content(mine), other.content(theirs))


def _container(a: Container, b: Container, one: State, other: State) -> Container:
    items = a.items
    rest = _join(a.rest, b.rest, one, other)
    if a.items is not None and b.items is not None and len(a.items) == len(b.items):
        items = tuple(_join(x, y, one, other) for x, y in zip(a.items, b.items, strict=True))
    elif a.items != b.items:
        rest = values.derived(rest, *(a.items or ()), *(b.items or ()))
        items = None
    keys = dict(a.keys)
    for key, value in b.keys.items():
        keys[key] = _join(keys[key], value, one, other) if key in keys else value
    return Container(a.kind if a.kind == b.kind else "", items, keys, rest)


def bounded(items: list[Value]) -> tuple[tuple[Value, ...] | None, Value]:
    """The items of a list, or one value for all where there are too many."""
    if len(items) <= _MOST_ITEMS:
        return tuple(items), NOTHING
    return None, values.derived(*items)
