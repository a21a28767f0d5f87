"""What statements do to the state."""

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

from samokoder.agents.review.taint import guards, knowledge
from samokoder.agents.review.taint import state as states
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.access import element
from samokoder.agents.review.taint.binding import assign
from samokoder.agents.review.taint.expressions import truth_of
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.machine import Class, Closure, Function, Machine
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value


def run(m: Machine, body: Sequence[ast.stmt], state: State) -> None:
    """The statements one after the other, until the way ends."""
    for node in body:
        if not state.live:
            return
        m.tick()
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(m, node, state)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    m.evaluate(m, child, state)


def _assign(m: Machine, node: ast.Assign, state: State) -> None:
    value = m.evaluate(m, node.value, state)
    for target in node.targets:
        assign(m, target, value, state)


def _annotated(m: Machine, node: ast.AnnAssign, state: State) -> None:
    if node.value is not None:
        assign(m, node.target, m.evaluate(m, node.value, state), state)


def _augmented(m: Machine, node: ast.AugAssign, state: State) -> None:
    target = node.target
    combined = ast.copy_location(ast.BinOp(_loaded(target), node.op, node.value), node)
    old = m.evaluate(m, combined.left, state)
    container = state.heap.get(old.cell)
    if container is not None and container.kind == "list":
        added = state.content(m.evaluate(m, node.value, state))
        container = state.own(old.cell)
        items, container.items = container.items, None
        container.rest = values.derived(container.rest, *(items or ()), added)
        return
    assign(m, target, m.evaluate(m, combined, state), state)


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _if(m: Machine, node: ast.If, state: State) -> None:
    truth = truth_of(m.evaluate(m, node.test, state), state)
    if truth is not None:
        run(m, node.body if truth else node.orelse, state)
        return
    yes, no = state.fork(), state.fork()
    guards.refine(m, node.test, yes, True)
    guards.refine(m, node.test, no, False)
    run(m, node.body, yes)
    run(m, node.orelse, no)
    _absorb(m, state, yes, no)


def _absorb(m: Machine, state: State, one: State, other: State) -> None:
    joined = states.joined(one, other)
    m.absorb(state, joined)


def _loop(m: Machine, node: ast.For | ast.AsyncFor | ast.While, state: State) -> None:
    test = node.test if isinstance(node, ast.While) else None
    source = m.evaluate(m, node.iter, state) if not isinstance(node, ast.While) else NOTHING
    if test is not None and truth_of(m.evaluate(m, test, state), state) is False:
        run(m, node.orelse, state)
        return
    before = state.fork()
    frame = m.frames[-1]
    frame.breaks.append([])
    _forget(node, state)
    for _ in range(2):
        inner = state.fork()
        if isinstance(node, ast.While):
            guards.refine(m, node.test, inner, True)
        else:
            assign(m, node.target, element(source, inner), inner)
        run(m, node.body, inner)
        _absorb(m, state, state.fork(), inner)
    broken = frame.breaks.pop()
    run(m, node.orelse, state)
    for other in broken:
        other.live = True
        _absorb(m, state, state, other)
    endless = test is not None and isinstance(test, ast.Constant) and bool(test.value)
    if not endless:
        _absorb(m, state, state, before)


def _forget(node: ast.AST, state: State) -> None:
    """Constants that a loop changes are not known inside it."""
    for part in ast.walk(node):
        target: ast.AST | None = None
        if isinstance(part, ast.AugAssign):
            target = part.target
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            target = part
        if isinstance(target, ast.Name) and target.id in state.names:
            old = state.names[target.id]
            if old.const is not UNKNOWN:
                state.names[target.id] = Value(taints=old.taints, path=old.path)


def _leave(m: Machine, node: ast.Break | ast.Continue, state: State) -> None:
    if m.frames[-1].breaks:
        m.frames[-1].breaks[-1].append(state.fork())
    state.live = False


def _return(m: Machine, node: ast.Return, state: State) -> None:
    value = m.evaluate(m, node.value, state) if node.value is not None else NOTHING
    frame = m.frames[-1]
    frame.returned.append(value)
    frame.ends.append(state.fork())
    if frame.routed and node.value is not None:
        _answer(m, node.value, value, state)
    state.live = False


def _answer(m: Machine, node: ast.expr, value: Value, state: State) -> None:
    """What a handler returns is the page, unless it is data or a response made elsewhere."""
    container = state.heap.get(value.cell)
    if container is not None and container.kind == "tuple" and container.items:
        value = container.items[0]
        container = state.heap.get(value.cell)
    if container is not None and container.kind in ("dict", "list"):
        return
    m.hit(Hazard.XSS, node, "the page", state.content(value))


def _raise(m: Machine, node: ast.Raise, state: State) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            m.evaluate(m, part, state)
    state.live = False


def _assert(m: Machine, node: ast.Assert, state: State) -> None:
    m.evaluate(m, node.test, state)
    guards.refine(m, node.test, state, True)


def _try(m: Machine, node: Any, state: State) -> None:
    before = state.fork()
    run(m, node.body, state)
    failed = state.fork()
    failed.live = True
    start = states.joined(before, failed)
    if state.live:
        run(m, node.orelse, state)
    ways = [state.fork()]
    for handler in node.handlers:
        way = start.fork()
        if handler.name:
            way.names[handler.name] = NOTHING
        run(m, handler.body, way)
        ways.append(way)
    result = ways[0]
    for way in ways[1:]:
        result = states.joined(result, way)
    m.absorb(state, result)
    if node.finalbody:
        if state.live:
            run(m, node.finalbody, state)
        else:
            run(m, node.finalbody, start.fork())


def _with(m: Machine, node: ast.With | ast.AsyncWith, state: State) -> None:
    for item in node.items:
        value = m.evaluate(m, item.context_expr, state)
        if item.optional_vars is not None:
            assign(m, item.optional_vars, value, state)
    run(m, node.body, state)


def _match(m: Machine, node: ast.Match, state: State) -> None:
    subject = m.evaluate(m, node.subject, state)
    ways: list[State] = []
    open_end = True
    for case in node.cases:
        fits = _fits(m, case.pattern, subject, state)
        if fits is False:
            continue
        way = state.fork()
        for part in ast.walk(case.pattern):
            name = getattr(part, "name", None) or getattr(part, "rest", None)
            if isinstance(name, str):
                way.names[name] = values.derived(state.content(subject))
        if case.guard is not None:
            m.evaluate(m, case.guard, way)
            guards.refine(m, case.guard, way, True)
        run(m, case.body, way)
        ways.append(way)
        if fits and case.guard is None:
            open_end = False
            break
    if open_end:
        ways.append(state.fork())
    result = ways[0]
    for way in ways[1:]:
        result = states.joined(result, way)
    m.absorb(state, result)


def _fits(m: Machine, pattern: ast.pattern, subject: Value, state: State) -> bool | None:
    """Whether a pattern takes the subject; None when that is not known."""
    if isinstance(pattern, ast.MatchOr):
        fits = [_fits(m, p, subject, state) for p in pattern.patterns]
        return True if True in fits else None if None in fits else False
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _fits(m, pattern.pattern, subject, state)
    known: object = UNKNOWN
    if isinstance(pattern, ast.MatchValue):
        known = m.evaluate(m, pattern.value, state).const
    elif isinstance(pattern, ast.MatchSingleton):
        known = pattern.value
    if known is UNKNOWN or subject.const is UNKNOWN:
        return None
    return bool(known == subject.const)


def _import(m: Machine, node: ast.Import, state: State) -> None:
    for alias in node.names:
        m.imports.add(alias.name)
        top = alias.name if alias.asname else alias.name.partition(".")[0]
        state.names[alias.asname or top] = Value(path=top)


def _from(m: Machine, node: ast.ImportFrom, state: State) -> None:
    module = ("." * node.level) + (node.module or "")
    m.imports.add(module)
    for alias in node.names:
        path = f"{module}.{alias.name}"
        if path in knowledge.REQUESTS:
            path = knowledge.REQUEST
        elif path in knowledge.SESSIONS:
            path = knowledge.SESSION
        state.names[alias.asname or alias.name] = Value(path=path)


def _define(m: Machine, node: Function, state: State) -> None:
    for decorator in node.decorator_list:
        m.evaluate(m, decorator, state)
    closure = Closure(node, {} if not m.frames[1:] else dict(state.names))
    m.entries.append(closure)
    state.names[node.name] = Value(function=closure, path=node.name)


def _class(m: Machine, node: ast.ClassDef, state: State) -> None:
    bases = tuple(m.evaluate(m, base, state).path or ast.unparse(base) for base in node.bases)
    inner = State(dict(state.names), state.heap, owned=state.owned)
    first = len(m.entries)
    run(m, node.body, inner)
    state.heap, state.owned = inner.heap, inner.owned
    methods = {e.node.name: e for e in m.entries[first:] if isinstance(e.node, Function)}
    names = {k: v for k, v in inner.names.items() if state.names.get(k) is not v}
    made = Class(node, bases, methods, names)
    for closure in m.entries[first:]:
        closure.names = {k: v for k, v in closure.names.items() if k not in methods}
        closure.owner = made
    state.names[node.name] = Value(function=made, path=node.name)


def _delete(m: Machine, node: ast.Delete, state: State) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            state.names.pop(target.id, None)


_HANDLERS: Final[dict[type[ast.stmt], Callable[[Machine, Any, State], None]]] = {
    ast.Assign: _assign, ast.AnnAssign: _annotated, ast.AugAssign: _augmented, ast.If: _if,
    ast.For: _loop, ast.AsyncFor: _loop, ast.While: _loop, ast.Break: _leave,
    ast.Continue: _leave, ast.Return: _return, ast.Raise: _raise, ast.Assert: _assert,
    ast.Try: _try, ast.TryStar: _try, ast.With: _with, ast.AsyncWith: _with, ast.Match: _match,
    ast.Import: _import, ast.ImportFrom: _from, ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define, ast.ClassDef: _class, ast.Delete: _delete,
}  # fmt: skip
