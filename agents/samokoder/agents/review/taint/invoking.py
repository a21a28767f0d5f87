"""Calling a function of the module: its parameters, its body, what it returns."""

import ast

from samokoder.agents.review.taint import state as states
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.machine import DEEPEST, Closure, Frame, Machine
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.statements import run
from samokoder.agents.review.taint.value import NOTHING, Value


def invoke(
    m: Machine,
    closure: Closure,
    args: list[Value],
    keywords: dict[str, Value],
    state: State,
    node: ast.Call,
) -> Value:
    """A call of a function of the module: its body with these arguments, in this heap."""
    depth = sum(frame.closure is not None for frame in m.frames)
    if depth >= DEEPEST or any(f.closure and f.closure.node is closure.node for f in m.frames):
        return values.derived(*(state.content(v) for v in (*args, *keywords.values())))
    names = dict(closure.names)
    name = getattr(closure.node, "name", "the function")
    _bind(m, closure.node.args, args, keywords, names, node, name, state)
    inner = State(names, state.heap, owned=state.owned)
    if isinstance(closure.node, ast.Lambda):
        return m.evaluate(m, closure.node.body, inner)
    frame = Frame(closure)
    m.frames.append(frame)
    try:
        run(m, closure.node.body, inner)
    finally:
        m.frames.pop()
    final = inner
    result = frame.returned[0] if frame.returned else NOTHING
    for value in frame.returned[1:]:
        same = value.cell == result.cell
        result = values.join(result, value) if same else values.join(
            state.content(result), state.content(value)
        )  # fmt: skip
    for end in frame.ends:
        final = states.joined(final, end)
    if final.live or frame.ends:
        state.heap, state.owned = final.heap, final.owned
    if result.taints:
        result = Value(
            result.const,
            values.stepped(result.taints, node, f"returned by `{name}`"),
            result.path,
            result.cell,
            result.pieces,
            result.function,
            result.bound,
        )
    return result


def _bind(
    m: Machine,
    spec: ast.arguments,
    args: list[Value],
    keywords: dict[str, Value],
    names: dict[str, Value],
    node: ast.AST,
    name: str,
    state: State,
) -> None:
    params = [*spec.posonlyargs, *spec.args]
    defaults = dict(zip([p.arg for p in params][::-1], spec.defaults[::-1], strict=False))
    defaults.update(
        (p.arg, d) for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None
    )
    for position, param in enumerate([*params, *spec.kwonlyargs]):
        if position < len(args) and position < len(params):
            value = args[position]
        elif param.arg in keywords:
            value = keywords[param.arg]
        elif param.arg in defaults:
            default = defaults[param.arg]
            value = Value(const=default.value) if isinstance(default, ast.Constant) else NOTHING
        else:
            value = keywords.get("**", NOTHING)
        if value.taints:
            taints = values.stepped(value.taints, node, f"passed to `{name}` as `{param.arg}`")
            value = Value(value.const, taints, value.path, value.cell, value.pieces,
                          value.function, value.bound)  # fmt: skip
        names[param.arg] = value
    loose = values.derived(*(state.content(v) for v in args[len(params) :]))
    if spec.vararg:
        names[spec.vararg.arg] = loose
    if spec.kwarg:
        names[spec.kwarg.arg] = values.derived(*(state.content(v) for v in keywords.values()))
