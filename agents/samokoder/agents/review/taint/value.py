"""What is known about a value: a constant, its pieces, where it comes from, what it is."""

import ast
from dataclasses import dataclass
from typing import Any, Final

from samokoder.agents.review.taint.hazard import Hazard


class _Unknown:
    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = _Unknown()
"""Stands for a constant that is not known."""

_MOST_TAINTS: Final = 6
_MOST_PIECES: Final = 48
_LONGEST_PATH: Final = 160
_LONGEST_TRACE: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One step of a flow, linked to the step before it."""

    node: ast.AST
    note: str
    before: "Trace | None" = None
    length: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Taint:
    """Something from outside. ``origin`` is the node it entered at; ``cleared`` are the hazards it
    can no longer cause; ``assumed`` when the flow led through code that was not seen. ``kind`` is
    "stranger" (sent by a client) or "chance" (a guessable random number).
    """

    origin: int
    label: str
    trace: Trace
    kind: str = "stranger"
    cleared: frozenset[Hazard] = frozenset()
    assumed: bool = False


@dataclass(slots=True, eq=False)
class Value:
    """Treated as immutable. ``path`` names what it is: ``flask.request.args``, ``hashlib.md5()``
    (a call's result). ``cell`` is the key of a container in the state's heap. ``pieces`` are the
    parts of a string in order: known text or values.
    """

    const: Any = UNKNOWN
    taints: tuple[Taint, ...] = ()
    path: str = ""
    cell: int = 0
    pieces: "tuple[str | Value, ...] | None" = None
    function: Any = None
    bound: "Value | None" = None


NOTHING: Final = Value()


def constant(value: Any) -> Value:
    """A value that is known."""
    return Value(const=value)


def at_path(base: Value, name: str) -> str:
    """The path of an attribute."""
    path = f"{base.path}.{name}"
    return path if len(path) <= _LONGEST_PATH else path[-_LONGEST_PATH:]


def merge(*groups: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """The taints of all, each origin once with what is cleared in every one of them."""
    filled = [group for group in groups if group]
    if not filled:
        return ()
    if len(filled) == 1:
        return filled[0]
    found: dict[int, Taint] = {}
    for group in filled:
        for taint in group:
            known = found.get(taint.origin)
            if known is None:
                if len(found) < _MOST_TAINTS:
                    found[taint.origin] = taint
            elif known is not taint:
                worse = taint if len(taint.cleared) < len(known.cleared) else known
                cleared = known.cleared & taint.cleared
                if worse.cleared != cleared:
                    worse = _with(worse, cleared=cleared)
                found[taint.origin] = worse
    return tuple(found.values())


def _with(taint: Taint, **changes: Any) -> Taint:
    return Taint(
        taint.origin,
        taint.label,
        changes.get("trace", taint.trace),
        taint.kind,
        changes.get("cleared", taint.cleared),
        changes.get("assumed", taint.assumed),
    )


def cleared(taints: tuple[Taint, ...], hazards: frozenset[Hazard]) -> tuple[Taint, ...]:
    """The taints with some hazards taken away."""
    return tuple(
        t if hazards <= t.cleared else _with(t, cleared=t.cleared | hazards) for t in taints
    )


def stepped(taints: tuple[Taint, ...], node: ast.AST, note: str) -> tuple[Taint, ...]:
    """The taints with one more step of their way."""
    return tuple(
        t
        if t.trace.length >= _LONGEST_TRACE or t.trace.node is node
        else _with(t, trace=Trace(node, note, t.trace, t.trace.length + 1))
        for t in taints
    )


def assumed(taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """The taints after code that was not seen."""
    return tuple(t if t.assumed else _with(t, assumed=True) for t in taints)


def derived(*values: Value, path: str = "") -> Value:
    """Something made of values in a way that is not followed closer."""
    taints = merge(*(v.taints for v in values))
    return Value(taints=taints, path=path) if taints or path else NOTHING


def text_of(pieces: list["str | Value"]) -> Value:
    """A string from its pieces: a constant where all of them are."""
    flat: list[str | Value] = []
    for piece in pieces:
        inner: tuple[str | Value, ...]
        if isinstance(piece, Value):
            if isinstance(piece.const, str | int | float | bool):
                inner = (str(piece.const),)
            else:
                inner = piece.pieces or (piece,)
        else:
            inner = (piece,)
        for part in inner:
            if isinstance(part, str) and flat and isinstance(flat[-1], str):
                flat[-1] += part
            elif part != "":
                flat.append(part)
    if all(isinstance(p, str) for p in flat):
        return constant("".join(str(p) for p in flat))
    taints = merge(*(p.taints for p in flat if isinstance(p, Value)))
    return Value(taints=taints, pieces=tuple(flat) if len(flat) <= _MOST_PIECES else None)


def pieces_of(value: Value) -> tuple["str | Value", ...]:
    """The pieces of any value."""
    if isinstance(value.const, str):
        return (value.const,)
    return value.pieces or (value,)


def join(one: Value, other: Value) -> Value:
    """What is known when it may be either; containers are joined by the state before."""
    if one is other:
        return one
    same = one.const is other.const or (
        type(one.const) is type(other.const) and one.const == other.const
    )
    path = one.path if one.path == other.path else _either(one, other)
    return Value(
        const=one.const if same else UNKNOWN,
        taints=merge(one.taints, other.taints),
        path=path,
        cell=one.cell if one.cell == other.cell else 0,
        pieces=_joined_pieces(one, other),
        function=one.function if one.function is other.function else None,
        bound=one.bound if one.bound is other.bound else None,
    )


def _either(one: Value, other: Value) -> str:
    """The path of the side that has one, when the other is a plain None."""
    if one.const is None:
        return other.path
    return one.path if other.const is None else ""


def _joined_pieces(one: Value, other: Value) -> tuple["str | Value", ...] | None:
    if one.pieces is not None and one.pieces == other.pieces:
        return one.pieces
    tainted = [v for v in (one, other) if v.taints]
    return tainted[0].pieces if len(tainted) == 1 else None
