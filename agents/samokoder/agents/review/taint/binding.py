"""What an assignment does to the state, and what is put where secrets are kept."""

import ast

from samokoder.agents.review.taint import knowledge, sinks
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.access import element
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.machine import Machine
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value


def assign(m: Machine, target: ast.expr, value: Value, state: State) -> None:
    """Bind a target; what is put into sessions and secrets is looked at."""
    if isinstance(target, ast.Name):
        if value.taints:
            taints = values.stepped(value.taints, target, f"into `{target.id}`")
            value = Value(value.const, taints, value.path, value.cell, value.pieces,
                          value.function, value.bound)  # fmt: skip
            if knowledge.SECRET_NAME.search(sinks.snake(target.id)):
                m.hit(Hazard.RANDOM, target, f"`{target.id}`", value)
        state.names[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        container = state.heap.get(value.cell)
        items = container.items if container is not None else None
        exact = items is not None and len(items) == len(target.elts) and not any(
            isinstance(t, ast.Starred) for t in target.elts
        )  # fmt: skip
        for n, part in enumerate(target.elts):
            inner = part.value if isinstance(part, ast.Starred) else part
            assign(m, inner, items[n] if exact and items else element(value, state), state)
    elif isinstance(target, ast.Subscript):
        _store_item(m, target, value, state)
    elif isinstance(target, ast.Attribute):
        _store_attribute(m, target, value, state)


def _store_item(m: Machine, target: ast.Subscript, value: Value, state: State) -> None:
    base = m.evaluate(m, target.value, state)
    key = NOTHING if isinstance(target.slice, ast.Slice) else m.evaluate(m, target.slice, state)
    container = state.heap.get(base.cell)
    if base.path == knowledge.SESSION:
        m.hit(Hazard.TRUST, target, "the session", state.content(value))
        m.hit(Hazard.TRUST, target, "the session", key)
    names = f"{ast.unparse(target.value)}.{key.const if isinstance(key.const, str) else ''}"
    if knowledge.SESSION_NAME.search(names) or any(
        knowledge.SECRET_NAME.search(sinks.snake(part)) for part in names.split(".")
    ):
        m.hit(Hazard.RANDOM, target, f"`{ast.unparse(target)}`", state.content(value))
    if container is None:
        _spread(target.value, value, state)
        return
    container = state.own(base.cell)
    if key.const is not UNKNOWN and container.items is None and container.kind != "list":
        container.keys[key.const] = value
    elif isinstance(key.const, int) and container.items is not None and (
        -len(container.items) <= key.const < len(container.items)
    ):  # fmt: skip
        items = list(container.items)
        items[key.const] = value
        container.items = tuple(items)
    else:
        container.rest = values.derived(container.rest, state.content(value), key)


def _spread(node: ast.expr, value: Value, state: State) -> None:
    """Something was put into an object that is not followed: it may come out anywhere."""
    if isinstance(node, ast.Name) and value.taints:
        old = state.names.get(node.id, NOTHING)
        state.names[node.id] = Value(
            old.const, values.merge(old.taints, value.taints), old.path, old.cell
        )


def _store_attribute(m: Machine, target: ast.Attribute, value: Value, state: State) -> None:
    base = m.evaluate(m, target.value, state)
    if value.taints:
        note = f"into `{ast.unparse(target)}`"
        value = Value(value.const, values.stepped(value.taints, target, note), value.path,
                      value.cell, value.pieces, value.function, value.bound)  # fmt: skip
        if knowledge.SECRET_NAME.search(sinks.snake(target.attr)):
            m.hit(Hazard.RANDOM, target, f"`{ast.unparse(target)}`", value)
    if base.cell in state.heap:
        state.own(base.cell).keys[target.attr] = value
