"""One module from its first statement to its last function: which outside data does harm."""

import ast
import re
from collections.abc import Callable
from functools import partial
from typing import Final

from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.taint import entrances, invoking, knowledge, statements
from samokoder.agents.review.taint.expressions import evaluate
from samokoder.agents.review.taint.machine import (
    Class,
    Closure,
    Frame,
    Function,
    Hit,
    Machine,
    Spent,
)
from samokoder.agents.review.taint.state import Container, State
from samokoder.agents.review.taint.value import NOTHING, Taint, Value

STEPS: Final = 60_000
"""Expressions and statements evaluated for one file, calls followed into included."""

_EACH: Final = 12_000
"""Of these, what one function may use; the next ones still get their turn."""

_ROUTES: Final = frozenset(
    {"route", "get", "post", "put", "delete", "patch", "head", "options", "websocket", "api_route"}
)
_CONVERTED: Final = re.compile(r"<(?:(int|float|uuid):)?(\w+)>|\{(\w+)(?::(int|float|uuid))?\}")


def hits(file: PyFile, steps: int = STEPS) -> tuple[Hit, ...]:
    """Every place that outside data reaches and does harm at, in the order of the text."""
    if not entrances.possible(file.text):
        return ()  # nothing can come in
    m = Machine(file, steps, evaluate, invoking.invoke)
    top = State({}, {})
    m.frames.append(Frame())
    _bounded(m, lambda: statements.run(m, file.tree.body, top), m.steps)
    m.globals = top.names
    heap = top.heap
    entered = entrances.entered(file.tree)
    done = 0
    while done < len(m.entries) and m.steps > 0:
        closure = m.entries[done]
        done += 1
        if id(closure.node) not in entered:
            continue
        _bounded(m, partial(_enter, m, closure, heap), _EACH)
    return tuple(sorted(m.found.values(), key=lambda h: (h.node.lineno, h.node.col_offset)))  # type: ignore[attr-defined]


def _bounded(m: Machine, work: Callable[[], None], steps: int) -> None:
    left = m.steps
    m.steps = min(left, steps)
    given = m.steps
    try:
        work()
    except (Spent, RecursionError):
        del m.frames[1:]
    used = given - max(m.steps, 0)
    m.steps = left - used
    m.route = ""


def _enter(m: Machine, closure: Closure, heap: dict[int, Container]) -> None:
    """Run one function as if the world called it."""
    node = closure.node
    assert isinstance(node, Function)
    state = State(dict(closure.names), dict(heap))
    frame = Frame(closure)
    route, page = _route(m, node, state)
    m.route = route if route and not _CONVERTED.search(route) else ""
    frame.routed = page
    _parameters(m, closure, state, route)
    m.frames.append(frame)
    first = len(m.entries)
    statements.run(m, node.body, state)
    m.frames.pop()
    for inner in m.entries[first:]:  # functions within see the last values of what is around them
        inner.names = {
            **state.names,
            **{k: v for k, v in inner.names.items() if k not in state.names},
        }
    heap.update((k, c) for k, c in state.heap.items() if k not in heap)


def _route(m: Machine, node: Function, state: State) -> tuple[str, bool]:
    """The address a handler answers, and whether what it returns is a page."""
    for decorator in node.decorator_list:
        if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
            continue
        if decorator.func.attr not in _ROUTES or not (decorator.args or decorator.keywords):
            continue
        address = evaluate(m, decorator.args[0], state.fork()).const if decorator.args else ""
        owner = evaluate(m, decorator.func.value, state.fork()).path
        plain = not re.search(r"fastapi|APIRouter|starlette|sanic|aiohttp", owner) and not any(
            "fastapi" in i for i in m.imports
        )
        html = any(
            k.arg == "response_class" and "HTML" in ast.unparse(k.value) for k in decorator.keywords
        )
        return (address if isinstance(address, str) else "<?>"), plain or html
    return "", False


def _parameters(m: Machine, closure: Closure, state: State, route: str) -> None:
    node = closure.node
    spec = node.args
    params = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    free = {match[2] or match[3]: match[1] or match[4] for match in _CONVERTED.finditer(route)}
    api = bool(route) and any("fastapi" in i for i in m.imports)
    missing = len(spec.posonlyargs) + len(spec.args) - len(spec.defaults)
    for position, param in enumerate(params):
        note = ast.unparse(param.annotation) if param.annotation is not None else ""
        value = NOTHING
        if position == 0 and closure.owner is not None:
            value = _self(m, closure.owner, state)
        elif _is_request(param.arg, note, position, closure):
            value = Value(path=knowledge.REQUEST)
        elif param.arg == "environ":
            value = m.sent(param, param.arg, "@environ")
        elif param.arg in free and not free[param.arg] and note not in knowledge.NUMBERS:
            value = m.sent(param, param.arg)
        elif api and not re.search(r"Depends|Request|Session|Annotated|Response|Tasks", note):
            default = None
            if position >= missing and position - missing < len(spec.defaults):
                default = spec.defaults[position - missing]
            given = ast.unparse(default) if default is not None else ""
            if note.split("|")[0].strip() not in knowledge.NUMBERS and "Depends" not in given:
                value = m.sent(param, param.arg)
        state.names[param.arg] = value
    for rest in (spec.vararg, spec.kwarg):
        if rest is not None:
            state.names[rest.arg] = NOTHING


def _is_request(name: str, note: str, position: int, closure: Closure) -> bool:
    if note.rpartition(".")[2] in knowledge.REQUEST_TYPES:
        return True
    first = 1 if closure.owner is not None else 0
    return name == "request" and position == first and note in ("", "Any")


def _self(m: Machine, owner: Class, state: State) -> Value:
    """An instance: what its methods keep in it is followed, what frameworks put there is known."""
    container = Container("object")
    instance = m.contain(state, container, "@self")
    instance.function = owner
    if any(base.endswith("HTTPRequestHandler") for base in owner.bases):
        for name in knowledge.HANDLER_ATTRIBUTES:
            container.keys[name] = m.sent(owner.node, f"self.{name}", f"@self.{name}")
    else:
        container.keys["request"] = Value(path=knowledge.REQUEST)
    return instance


def steps_of(taint: Taint) -> list[tuple[ast.AST, str]]:
    """The way of a taint from where it entered to where it arrived."""
    found: list[tuple[ast.AST, str]] = []
    trace = taint.trace
    while True:
        found.append((trace.node, trace.note))
        if trace.before is None:
            return found[::-1]
        trace = trace.before
