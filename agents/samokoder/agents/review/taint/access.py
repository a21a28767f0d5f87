"""What an item, a slice or an element of a value is."""

from samokoder.agents.review.taint import constants
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.value import UNKNOWN, Value


def item(base: Value, key: Value, state: State) -> Value:
    """``base[key]``."""
    known = constants.item(base.const, key.const)
    if known is not UNKNOWN:
        return values.constant(known)
    container = state.heap.get(base.cell)
    if container is None:
        return Value(taints=base.taints, path=f"{base.path}[]" if base.path else "")
    if key.const is not UNKNOWN:
        if container.items is not None and isinstance(key.const, int):
            try:
                return container.items[key.const]
            except IndexError:
                return values.derived(*container.values())
        if key.const in container.keys:
            return container.keys[key.const]
        if container.kind == "dict" or container.items is None:
            return container.rest
    return values.derived(*(state.content(v) for v in container.values()), base)


def trimmed(base: Value, start: int, stop: int | None) -> Value:
    """A slice of a string in pieces, exact as far as its ends are known text."""
    pieces = list(base.pieces or ())
    first, last = pieces[0], pieces[-1]
    if isinstance(first, str) and stop is not None and 0 <= start <= stop <= len(first):
        return values.constant(first[start:stop])
    if start < 0 and stop is None and isinstance(last, str) and -start <= len(last):
        return values.constant(last[start:])
    if start > 0 and isinstance(first, str):
        pieces[0] = first[start:]
    if stop is not None and stop < 0 and isinstance(last, str):
        pieces[-1] = last[:stop] if -stop < len(last) else ""
    return values.text_of(pieces)


def element(source: Value, state: State) -> Value:
    """One item of whatever is iterated over."""
    container = state.heap.get(source.cell)
    if container is None:
        return Value(taints=source.taints)
    if container.kind in ("dict", "configparser.ConfigParser()"):
        return values.derived(Value(taints=source.taints))
    return values.derived(*(state.content(v) for v in container.values()))
