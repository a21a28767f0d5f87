"""What all parts of the interpreter share: the file, the bounds, and what was found."""

import ast
from dataclasses import dataclass, field
from typing import Final, Protocol

from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.state import Container, State
from samokoder.agents.review.taint.value import Taint, Trace, Value

DEEPEST: Final = 5
"""Calls within the module that are followed into one another."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Spent(Exception):
    """The bound on steps was reached; what was found so far stands."""


@dataclass(slots=True)
class Closure:
    """A function with the names around it; ``owner`` is the class it belongs to."""

    node: Function | ast.Lambda
    names: dict[str, Value]
    owner: "Class | None" = None


@dataclass(slots=True)
class Class:
    """A class of the module; ``bases`` are the paths of what it derives from."""

    node: ast.ClassDef
    bases: tuple[str, ...]
    methods: dict[str, Closure]
    names: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Hit:
    """Something from outside reached a place where it does harm."""

    hazard: Hazard
    node: ast.AST
    sink: str
    taint: Taint


@dataclass(slots=True)
class Frame:
    """One function under way; ``ends`` are the states where it returned."""

    closure: Closure | None = None
    returned: list[Value] = field(default_factory=list)
    ends: list[State] = field(default_factory=list)
    breaks: list[list[State]] = field(default_factory=list)
    routed: bool = False


class Evaluate(Protocol):
    def __call__(self, m: "Machine", node: ast.expr, state: State) -> Value: ...


class Invoke(Protocol):
    def __call__(
        self,
        m: "Machine",
        closure: Closure,
        args: list[Value],
        keywords: dict[str, Value],
        state: State,
        node: ast.Call,
    ) -> Value: ...


@dataclass(slots=True)
class Machine:
    """``steps`` counts down. ``route`` is the path the current handler answers, where it is fixed.
    ``evaluate`` and ``invoke`` are the interpreter's own functions, for parts that need each other.
    """

    file: PyFile
    steps: int
    evaluate: Evaluate
    invoke: Invoke
    globals: dict[str, Value] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    found: dict[tuple[int, Hazard], Hit] = field(default_factory=dict)
    entries: list[Closure] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    route: str = ""
    cells: int = 0

    def tick(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Spent

    def contain(self, state: State, container: Container, path: str = "") -> Value:
        """A value that stands for a new container."""
        self.cells += 1
        state.heap[self.cells] = container
        state.owned.add(self.cells)
        return Value(cell=self.cells, path=path)

    def sent(self, node: ast.AST, label: str, path: str = "", kind: str = "stranger") -> Value:
        """A value that enters here."""
        said = "comes from whoever sends the request" if kind == "stranger" else "can be guessed"
        taint = Taint(id(node), label, Trace(node, f"`{label}` {said}"), kind)
        return Value(taints=(taint,), path=path)

    def hit(self, hazard: Hazard, node: ast.AST, sink: str, value: Value) -> None:
        """Tell of every taint of the value that can still do this harm."""
        kind = "chance" if hazard is Hazard.RANDOM else "stranger"
        for taint in value.taints:
            if taint.kind != kind or hazard in taint.cleared:
                continue
            key = (id(node), hazard)
            known = self.found.get(key)
            if known is None or (known.taint.assumed and not taint.assumed):
                self.found[key] = Hit(hazard, node, sink, taint)
            return

    def absorb(self, state: State, other: State) -> None:
        """Make ``state`` what ``other`` is."""
        state.names, state.heap, state.live = other.names, other.heap, other.live
        state.owned = other.owned
