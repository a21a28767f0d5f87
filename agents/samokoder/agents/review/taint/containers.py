"""Methods of lists, mappings and configuration parsers whose contents are known."""

from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.machine import Machine
from samokoder.agents.review.taint.state import Container, State, bounded
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value

_CONFIG = "configparser.ConfigParser()"


def method(
    m: Machine,
    receiver: Value,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    state: State,
) -> Value | None:
    """The result of a container's method, done in the state; None when it is not followed."""
    container = state.own(receiver.cell)
    if container.kind == _CONFIG:
        return _config(container, name, args, state)
    if container.kind == "list":
        return _list(container, name, args, state)
    if container.kind == "dict":
        return _dict(m, container, name, args, keywords, state)
    if container.kind == "set" and name in ("add", "update"):
        container.rest = values.derived(container.rest, *(state.content(a) for a in args))
        return NOTHING
    return None


def _config(c: Container, name: str, args: list[Value], state: State) -> Value | None:
    key = tuple(a.const for a in args[:2])
    if name in ("set", "get") and len(key) == 2 and UNKNOWN not in key:
        lowered = (key[0], str(key[1]).lower())
        if name == "get":
            return c.keys.get(lowered, c.rest)
        c.keys[lowered] = args[2] if len(args) > 2 else NOTHING
        return NOTHING
    if name in ("read_string", "read_dict", "set", "read_file"):
        c.rest = values.derived(c.rest, *(state.content(a) for a in args))
        return NOTHING
    if name in ("add_section", "read", "has_section", "has_option"):
        return NOTHING
    return values.derived(*(state.content(v) for v in c.values()))


def _list(c: Container, name: str, args: list[Value], state: State) -> Value | None:
    first = args[0] if args else NOTHING
    if name in ("append", "add", "appendleft"):
        if c.items is None:
            c.rest = values.derived(c.rest, state.content(first))
        else:
            fresh = [first, *c.items] if name == "appendleft" else [*c.items, first]
            c.items, rest = bounded(fresh)
            c.rest = values.derived(c.rest, rest) if rest is not NOTHING else c.rest
        return NOTHING
    if name in ("pop", "popleft"):
        return _pop(c, 0 if name == "popleft" else first.const if args else -1, state)
    if name == "insert" and c.items is not None and isinstance(first.const, int) and args[1:]:
        items = list(c.items)
        items.insert(first.const, args[1])
        c.items, c.rest = bounded(items)
        return NOTHING
    if name in ("extend", "insert"):
        more = state.heap.get(args[-1].cell) if args else None
        if name == "extend" and c.items is not None and more is not None and more.items is not None:
            c.items, c.rest = bounded([*c.items, *more.items])
        else:
            _loosen(c, state, *args)
        return NOTHING
    if name == "clear":
        c.items, c.rest = (), NOTHING
        return NOTHING
    if name == "reverse" and c.items is not None:
        c.items = c.items[::-1]
        return NOTHING
    if name in ("remove", "sort"):
        _loosen(c, state)
        return NOTHING
    return None


def _pop(c: Container, index: object, state: State) -> Value:
    if c.items is not None and isinstance(index, int) and -len(c.items) <= index < len(c.items):
        items = list(c.items)
        value = items.pop(index)
        c.items = tuple(items)
        return value
    _loosen(c, state)
    return c.rest


def _loosen(c: Container, state: State, *more: Value) -> None:
    """Forget the order: anything in it may be anywhere."""
    everything = [state.content(v) for v in (*c.values(), *more)]
    c.items, c.rest = None, values.derived(*everything)


def _dict(
    m: Machine,
    c: Container,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    state: State,
) -> Value | None:
    key = args[0].const if args else UNKNOWN
    if name in ("get", "pop", "setdefault") and args:
        default = args[1] if len(args) > 1 else values.constant(None)
        if key is UNKNOWN:
            return values.derived(*(state.content(v) for v in (*c.values(), default)))
        if key in c.keys:
            return c.keys[key]
        if name == "setdefault":
            c.keys[key] = default
        return default if c.rest is NOTHING else values.join(default, c.rest)
    if name == "update":
        for value in args:
            other = state.heap.get(value.cell)
            if other is not None:
                c.keys.update(other.keys)
                c.rest = values.derived(c.rest, other.rest)
            else:
                c.rest = values.derived(c.rest, value)
        c.keys.update({k: v for k, v in keywords.items() if k != "**"})
        return NOTHING
    if name in ("values", "items", "copy"):
        if name == "copy":
            return m.contain(state, c.copy())
        return values.derived(*(state.content(v) for v in c.values()))
    if name == "keys":
        return values.derived(c.rest)
    return None
