"""What passing a test says about a value: checks that make outside data harmless."""

import ast
import re
from typing import Final

from samokoder.agents.review.taint import knowledge
from samokoder.agents.review.taint.hazard import ALL, Hazard
from samokoder.agents.review.taint.machine import Machine
from samokoder.agents.review.taint.state import State
from samokoder.agents.review.taint.value import UNKNOWN, Value

_QUOTES: Final = frozenset({"'", '"'})
_PLAIN: Final = frozenset(
    {"isdigit", "isalnum", "isalpha", "isnumeric", "isdecimal", "isidentifier"}
)
_HOST: Final = frozenset({"netloc", "hostname", "host", "domain"})
_RESOLVED: Final = re.compile(r"realpath|abspath|normpath|resolve|commonp")
_CHECKING: Final = re.compile(
    r"(?:^|_)(?:is_?(?:safe|valid|allowed|ok)|valid(?:ate)?|allowed|permitted|check|verify|safe)",
    re.I,
)
_REJECTED: Final[tuple[tuple[str, frozenset[Hazard]], ...]] = (
    ("..", frozenset({Hazard.PATH})),
    ("/", frozenset({Hazard.PATH, Hazard.REDIRECT, Hazard.SSRF})),
    ("'", frozenset({Hazard.SQL, Hazard.XPATH})),
    ('"', frozenset({Hazard.SQL, Hazard.XPATH})),
    ("<", frozenset({Hazard.XSS})),
    (";", frozenset({Hazard.COMMAND})),
    ("(", frozenset({Hazard.LDAP})),
    ("*", frozenset({Hazard.LDAP})),
    ("://", frozenset({Hazard.REDIRECT, Hazard.SSRF})),
)


def refine(m: Machine, test: ast.expr, state: State, truth: bool) -> None:
    """Note in the state what is known once ``test`` came out as ``truth``."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        refine(m, test.operand, state, not truth)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is truth:  # all parts came out this way
            for part in test.values:
                refine(m, part, state, truth)
            _literal(m, test.values, state, truth)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        _compared(m, test, state, truth)
    elif isinstance(test, ast.Call) and truth:
        _asked(m, test, state)
    elif isinstance(test, ast.NamedExpr):
        refine(m, test.value, state, truth)


def _compared(m: Machine, test: ast.Compare, state: State, truth: bool) -> None:
    op, left, right = test.ops[0], test.left, test.comparators[0]
    if isinstance(op, ast.In | ast.NotIn):
        inside = isinstance(op, ast.In) is truth
        if inside and not _texts(right):
            _allow(m, left, state, right)
        elif not inside:
            mark = _known(m, left, state)
            if isinstance(mark, str):
                _clear(m, right, state, _without(mark))
    elif isinstance(op, ast.Eq | ast.NotEq) and isinstance(op, ast.Eq) is truth:
        for one, other in ((left, right), (right, left)):
            if _known(m, other, state) is not UNKNOWN:
                _allow(m, one, state, None)


def _allow(m: Machine, node: ast.expr, state: State, among: ast.expr | None) -> None:
    """The value is one of a list the program chose."""
    if among is not None and _value(m, among, state).taints:
        return
    if isinstance(node, ast.Attribute):
        if node.attr in _HOST:
            _clear(m, node, state, frozenset({Hazard.REDIRECT, Hazard.SSRF}))
        return
    if isinstance(node, ast.Name | ast.NamedExpr | ast.Subscript) or _transparent(node):
        _clear(m, node, state, ALL)


def _transparent(node: ast.expr) -> bool:
    """``x.lower()``, ``x.get("key")`` and the like: what holds of it holds of the value."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _asked(m: Machine, test: ast.Call, state: State) -> None:
    """A call that answered yes."""
    name = test.func.attr if isinstance(test.func, ast.Attribute) else ""
    base = test.func.value if isinstance(test.func, ast.Attribute) else None
    if isinstance(test.func, ast.Name):
        name = test.func.id
    first = test.args[0] if test.args else None
    if base is not None and name in _PLAIN:
        _clear(m, base, state, ALL)
    elif base is not None and name == "is_relative_to":
        _clear(m, base, state, frozenset({Hazard.PATH}))
    elif base is not None and name == "startswith" and first is not None:
        if _RESOLVED.search(_value(m, base, state).path or ast.dump(base)):
            _clear(m, base, state, frozenset({Hazard.PATH}))
        else:
            _clear(m, base, state, _started(_known(m, first, state)))
    elif name in ("match", "fullmatch") and test.args:
        path = _value(m, test.func, state).path
        subject = test.args[1] if path.startswith("re.") and len(test.args) > 1 else first
        if subject is not None:
            _clear(m, subject, state, ALL)
    elif _CHECKING.search(knowledge.CAMEL.sub("_", name)) and first is not None:
        _clear(m, first, state, ALL)


def _started(prefix: object) -> frozenset[Hazard]:
    if not isinstance(prefix, str):
        return frozenset()
    if prefix == "/" or re.match(r"https?://[^/]+/", prefix):
        return frozenset({Hazard.REDIRECT, Hazard.SSRF})
    return frozenset()


def _literal(m: Machine, parts: list[ast.expr], state: State, truth: bool) -> None:
    """``x`` begins and ends with a quote and has none between: it is a plain string literal."""
    begins, ends, clean = set(), set(), set()
    for part in parts:
        node: ast.AST = part
        said = truth
        while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node, said = node.operand, not said
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and said:
            if node.args and _known(m, node.args[0], state) in _QUOTES:
                name = ast.dump(node.func.value)
                begins |= {name} if node.func.attr == "startswith" else set()
                ends |= {name} if node.func.attr == "endswith" else set()
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            absent = isinstance(node.ops[0], ast.NotIn) is said
            inner = node.comparators[0]
            if absent and _known(m, node.left, state) in _QUOTES:
                clean.add(ast.dump(inner.value if isinstance(inner, ast.Subscript) else inner))
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and ast.dump(node) in begins & ends & clean:
                _clear(m, node, state, frozenset({Hazard.CODE, Hazard.TEMPLATE}))


def _without(mark: str) -> frozenset[Hazard]:
    """What a text cannot do that does not hold ``mark``."""
    found: frozenset[Hazard] = frozenset()
    for text, hazards in _REJECTED:
        if mark == text or (text == ".." and mark in ("../", "..\\")):
            found |= hazards
    return found


def _texts(node: ast.expr) -> bool:
    """Whether ``in`` looks for a part of a text rather than for a member."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _clear(m: Machine, node: ast.expr, state: State, hazards: frozenset[Hazard]) -> None:
    if not hazards:
        return
    value = state.content(_value(m, node, state))
    origins = {t.origin for t in value.taints}
    if origins:
        state.clear(origins, hazards)


def _value(m: Machine, node: ast.expr, state: State) -> Value:
    if any(isinstance(x, ast.Call | ast.NamedExpr) for x in ast.walk(node)):
        state = state.fork()  # looking must not change anything
    return m.evaluate(m, node, state)


def _known(m: Machine, node: ast.expr, state: State) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    return _value(m, node, state).const
