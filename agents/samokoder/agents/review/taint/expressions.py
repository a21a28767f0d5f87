"""What an expression gives: constants folded, strings kept in pieces, outside data followed."""

import ast
import builtins
from collections.abc import Callable
from typing import Any, Final

from samokoder.agents.review.taint import constants, guards, knowledge
from samokoder.agents.review.taint import state as states
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.access import element, item, trimmed
from samokoder.agents.review.taint.calls import call
from samokoder.agents.review.taint.machine import Class, Closure, Machine
from samokoder.agents.review.taint.state import Container, State
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value

_BUILTINS: Final = frozenset(dir(builtins))


def evaluate(m: Machine, node: ast.expr, state: State) -> Value:
    """The value of an expression; what it changes is changed in the state."""
    m.tick()
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        return handler(m, node, state)
    parts = [evaluate(m, x, state) for x in ast.iter_child_nodes(node) if isinstance(x, ast.expr)]
    return values.derived(*(state.content(p) for p in parts))


def _constant(m: Machine, node: ast.Constant, state: State) -> Value:
    known = isinstance(node.value, str | bytes | int | float | bool | None)
    return values.constant(node.value) if known else NOTHING


def _name(m: Machine, node: ast.Name, state: State) -> Value:
    value = state.names.get(node.id) or m.globals.get(node.id)
    if value is not None:
        return value
    return Value(path=node.id) if node.id in _BUILTINS else NOTHING


def _attribute(m: Machine, node: ast.Attribute, state: State) -> Value:
    base = evaluate(m, node.value, state)
    return attribute(m, base, node, state)


def attribute(m: Machine, base: Value, node: ast.Attribute, state: State) -> Value:
    """``base.attr``."""
    name = node.attr
    if isinstance(base.function, Class):
        found = _member(base, name, state)
        if found is not None:
            return found
    elif base.cell in state.heap and name in state.heap[base.cell].keys:
        return state.heap[base.cell].keys[name]
    path = values.at_path(base, name) if base.path else ""
    if path in knowledge.REQUESTS:
        return Value(path=knowledge.REQUEST)
    if path in knowledge.SESSIONS:
        return Value(path=knowledge.SESSION)
    if base.path == knowledge.REQUEST:
        return _of_request(m, node, path)
    if name == "request" and (base.path.startswith("@self") or isinstance(base.function, Class)):
        return Value(path=knowledge.REQUEST)
    if base.path == "@handler" and name in knowledge.HANDLER_ATTRIBUTES:
        return m.sent(node, f"self.{name}", path)
    if base.taints or path:
        return Value(taints=base.taints, path=path or f".{name}")
    return Value(path=f".{name}")


def _of_request(m: Machine, node: ast.Attribute, path: str) -> Value:
    if node.attr == "session":
        return Value(path=knowledge.SESSION)
    if node.attr in ("path", "path_info") and m.route:
        return values.constant(m.route)
    if node.attr not in knowledge.SENT:
        return Value(path=path)
    return m.sent(node, f"request.{node.attr}", path)


def _member(base: Value, name: str, state: State) -> Value | None:
    """An attribute of an instance or class of the module, or a bound method."""
    owner: Class = base.function
    if base.cell in state.heap:
        found = state.heap[base.cell].keys.get(name)
        if found is not None:
            return found
    method = owner.methods.get(name)
    if method is not None:
        return Value(function=method, bound=base, path=f"{owner.node.name}.{name}")
    return owner.names.get(name)


def _joined(m: Machine, node: ast.JoinedStr, state: State) -> Value:
    pieces: list[str | Value] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            value = state.content(evaluate(m, part.value, state))
            if part.format_spec is not None or part.conversion == ord("r"):
                value = values.derived(value)
            if part.format_spec is not None and _numeric(part.format_spec):
                value = NOTHING
            pieces.append(value)
    return values.text_of(pieces)


def _numeric(spec: ast.expr) -> bool:
    """A format only numbers have: such a value carries no text."""
    text = "".join(str(v.value) for v in getattr(spec, "values", ()) if isinstance(v, ast.Constant))
    return text[-1:] in tuple("dfeEgGxXobn%")


def _binary(m: Machine, node: ast.BinOp, state: State) -> Value:
    left, right = evaluate(m, node.left, state), evaluate(m, node.right, state)
    known = constants.binary(type(node.op), left.const, right.const)
    if known is not UNKNOWN:
        return values.constant(known)
    if isinstance(node.op, ast.Add):
        added = _lists(m, left, right, state)
        if added is not None:
            return added
        if left.taints or right.taints or left.pieces or right.pieces:
            return values.text_of([*values.pieces_of(left), *values.pieces_of(right)])
    if isinstance(node.op, ast.Mod) and isinstance(left.const, str):
        return _percent(left.const, right, state)
    path = left.path if isinstance(node.op, ast.Div) and "Path()" in left.path else ""
    return values.derived(state.content(left), state.content(right), path=path)


def _lists(m: Machine, left: Value, right: Value, state: State) -> Value | None:
    one, other = state.heap.get(left.cell), state.heap.get(right.cell)
    if one is None or other is None or one.items is None or other.items is None:
        return None
    items, rest = states.bounded([*one.items, *other.items])
    return m.contain(state, Container(one.kind, items, rest=rest))


def _percent(template: str, right: Value, state: State) -> Value:
    container = state.heap.get(right.cell)
    items = list(container.items or ()) if container is not None else [right]
    if container is not None and container.items is None:
        items = []
    pieces: list[str | Value] = []
    rest = template
    while True:
        before, mark, after = rest.partition("%")
        pieces.append(before)
        if not mark:
            break
        if after[:1] == "%":
            pieces.append("%")
            rest = after[1:]
            continue
        kind, rest = after[:1], after[1:]
        if kind not in "srdifa" or not kind or not items:
            return values.derived(Value(const=UNKNOWN), state.content(right))
        value = state.content(items.pop(0))
        pieces.append(NOTHING if kind in "dif" and value.const is UNKNOWN else value)
    return values.text_of(pieces)


def _boolean(m: Machine, node: ast.BoolOp, state: State) -> Value:
    want = isinstance(node.op, ast.And)
    results: list[Value] = []
    for part in node.values:
        value = evaluate(m, part, state)
        truth = truth_of(value, state)
        if truth is not None and truth is not want:
            results.append(value)
            break
        if truth is None or part is node.values[-1]:
            results.append(value)
    result = results[0]
    for value in results[1:]:
        result = (
            values.join(result, value)
            if result.cell == value.cell
            else values.join(state.content(result), state.content(value))
        )
    return result


def _unary(m: Machine, node: ast.UnaryOp, state: State) -> Value:
    value = evaluate(m, node.operand, state)
    if isinstance(node.op, ast.Not):
        truth = truth_of(value, state)
        return NOTHING if truth is None else values.constant(not truth)
    if isinstance(value.const, int | float):
        if isinstance(node.op, ast.USub):
            return values.constant(-value.const)
        return value if isinstance(node.op, ast.UAdd) else NOTHING
    return NOTHING


def truth_of(value: Value, state: State) -> bool | None:
    """Whether a value counts as true; None when that is not known."""
    if value.const is not UNKNOWN:
        return bool(value.const)
    container = state.heap.get(value.cell)
    if container is not None and container.kind in ("list", "tuple") and container.items:
        return True
    return None


def _compare(m: Machine, node: ast.Compare, state: State) -> Value:
    left = evaluate(m, node.left, state)
    result: Any = True
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(m, right_node, state)
        known = constants.compared(type(op), left.const, _plain(right, state))
        if known is UNKNOWN:
            result = UNKNOWN
        elif not known:
            return values.constant(False)
        left = right
    return NOTHING if result is UNKNOWN else values.constant(True)


def _plain(value: Value, state: State) -> Any:
    """The constant behind a value, also of a list whose items are all known."""
    container = state.heap.get(value.cell)
    if container is None or container.items is None or container.rest is not NOTHING:
        return value.const
    items = [v.const for v in container.items]
    return UNKNOWN if any(c is UNKNOWN for c in items) else tuple(items)


def _conditional(m: Machine, node: ast.IfExp, state: State) -> Value:
    truth = truth_of(evaluate(m, node.test, state), state)
    if truth is not None:
        return evaluate(m, node.body if truth else node.orelse, state)
    yes, no = state.fork(), state.fork()
    guards.refine(m, node.test, yes, True)
    guards.refine(m, node.test, no, False)
    one, other = evaluate(m, node.body, yes), evaluate(m, node.orelse, no)
    if one.cell != other.cell:
        one, other = yes.content(one), no.content(other)
    m.absorb(state, states.joined(yes, no))
    return values.join(one, other)


def _sequence(m: Machine, node: ast.List | ast.Tuple | ast.Set, state: State) -> Value:
    items: list[Value] = []
    loose: list[Value] = []
    for part in node.elts:
        if isinstance(part, ast.Starred):
            inner = evaluate(m, part.value, state)
            container = state.heap.get(inner.cell)
            if container is not None and container.items is not None:
                items += container.items
            else:
                loose.append(state.content(inner))
        else:
            items.append(evaluate(m, part, state))
    kind = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[type(node)]
    known, rest = states.bounded(items)
    if loose:
        known, rest = None, values.derived(*(state.content(v) for v in items), *loose)
    return m.contain(state, Container(kind, known, rest=rest))


def _mapping(m: Machine, node: ast.Dict, state: State) -> Value:
    container = Container("dict")
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(m, value_node, state)
        key = evaluate(m, key_node, state) if key_node is not None else NOTHING
        if key.const is not UNKNOWN and len(container.keys) < 200:
            container.keys[key.const] = value
        else:
            container.rest = values.derived(container.rest, state.content(value), key)
    return m.contain(state, container)


def _subscript(m: Machine, node: ast.Subscript, state: State) -> Value:
    base = evaluate(m, node.value, state)
    if isinstance(node.slice, ast.Slice):
        return _slice(m, base, node.slice, state)
    key = evaluate(m, node.slice, state)
    return item(base, key, state)


def _slice(m: Machine, base: Value, part: ast.Slice, state: State) -> Value:
    ends = [
        evaluate(m, x, state).const if x is not None else None
        for x in (part.lower, part.upper, part.step)
    ]
    if all(isinstance(e, int | None) for e in ends):
        cut = slice(*ends)
        if isinstance(base.const, str | bytes | tuple):
            return values.constant(base.const[cut])
        container = state.heap.get(base.cell)
        if container is not None and container.items is not None:
            return m.contain(state, Container(container.kind, container.items[cut]))
        if base.pieces is not None and cut.step is None:
            return trimmed(base, cut.start or 0, cut.stop)
    if base.pieces is not None and isinstance(ends[0], int) and ends[2] is None:
        return trimmed(base, ends[0], None)
    return values.derived(state.content(base))


def _comprehension(
    m: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State
) -> Value:
    inner = state.fork()
    for generator in node.generators:
        source = evaluate(m, generator.iter, inner)
        bind_all(m, generator.target, element(source, inner), inner)
        for test in generator.ifs:
            evaluate(m, test, inner)
            guards.refine(m, test, inner, True)
    if isinstance(node, ast.DictComp):
        rest = values.derived(
            *(inner.content(evaluate(m, x, inner)) for x in (node.key, node.value))
        )
        return m.contain(state, Container("dict", rest=rest))
    rest = inner.content(evaluate(m, node.elt, inner))
    return m.contain(state, Container("list", rest=rest))


def bind_all(m: Machine, target: ast.expr, value: Value, state: State) -> None:
    """Bind every name of a target to the same value."""
    for part in ast.walk(target):
        if isinstance(part, ast.Name):
            state.names[part.id] = value


def _named(m: Machine, node: ast.NamedExpr, state: State) -> Value:
    value = evaluate(m, node.value, state)
    state.names[node.target.id] = value
    return value


def _lambda(m: Machine, node: ast.Lambda, state: State) -> Value:
    return Value(function=Closure(node, dict(state.names)))


def _through(m: Machine, node: ast.Await | ast.Starred, state: State) -> Value:
    return evaluate(m, node.value, state)


def _call(m: Machine, node: ast.Call, state: State) -> Value:
    return call(m, node, state)


_HANDLERS: Final[dict[type[ast.AST], Callable[[Machine, Any, State], Value]]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.JoinedStr: _joined,
    ast.BinOp: _binary, ast.BoolOp: _boolean, ast.UnaryOp: _unary, ast.Compare: _compare,
    ast.IfExp: _conditional, ast.List: _sequence, ast.Tuple: _sequence, ast.Set: _sequence,
    ast.Dict: _mapping, ast.Subscript: _subscript, ast.ListComp: _comprehension,
    ast.SetComp: _comprehension, ast.GeneratorExp: _comprehension, ast.DictComp: _comprehension,
    ast.NamedExpr: _named, ast.Lambda: _lambda, ast.Await: _through, ast.Starred: _through,
    ast.Call: _call,
}  # fmt: skip
