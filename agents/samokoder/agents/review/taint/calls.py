"""What a call gives: known containers and strings, functions of the module, known names."""

import ast
from typing import Final

from samokoder.agents.review.taint import constants, containers, knowledge, sinks
from samokoder.agents.review.taint import value as values
from samokoder.agents.review.taint.hazard import Hazard
from samokoder.agents.review.taint.machine import Class, Closure, Machine
from samokoder.agents.review.taint.state import Container, State
from samokoder.agents.review.taint.value import NOTHING, UNKNOWN, Value

_MAKERS: Final = {
    "list": "list", "tuple": "tuple", "set": "set", "dict": "dict", "collections.deque": "list",
    "collections.OrderedDict": "dict", "collections.defaultdict": "dict", "sorted": "list",
    "reversed": "list", "frozenset": "set",
    "configparser.ConfigParser": "configparser.ConfigParser()",
    "configparser.RawConfigParser": "configparser.ConfigParser()",
    "configparser.SafeConfigParser": "configparser.ConfigParser()",
}  # fmt: skip


def call(m: Machine, node: ast.Call, state: State) -> Value:
    """The value of a call; sinks are looked at on the way."""
    function = m.evaluate(m, node.func, state)
    args = [m.evaluate(m, arg, state) for arg in node.args]
    keywords = {k.arg or "**": m.evaluate(m, k.value, state) for k in node.keywords}
    receiver, name = NOTHING, ""
    if isinstance(node.func, ast.Attribute):
        receiver = m.evaluate(m, node.func.value, state) if _plain(node.func.value) else function
        name = node.func.attr
    seen = sinks.Call(node, function.path, name, receiver, args, keywords)
    sinks.look(m, seen, state)
    if name == "setFeature" and receiver.cell in state.heap and "external" in args[0].path:
        state.own(receiver.cell).keys["external"] = args[1]
    inner = _inner(m, node, function, args, keywords, state)
    if inner is not None:
        return inner
    if name and receiver.cell in state.heap:
        found = containers.method(m, receiver, name, args, keywords, state)
        if found is not None:
            return found
    return _outer(m, seen, function, receiver, state)


def _plain(node: ast.expr) -> bool:
    """Whether evaluating it twice changes nothing."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _inner(
    m: Machine,
    node: ast.Call,
    function: Value,
    args: list[Value],
    keywords: dict[str, Value],
    state: State,
) -> Value | None:
    """A function or class of the module itself; None when it is neither."""
    target = function.function
    if isinstance(target, Class) and not function.cell:
        instance = m.contain(state, Container("object"), f"{target.node.name}()")
        instance.function = target
        start = target.methods.get("__init__")
        if start is not None:
            m.invoke(m, start, [instance, *args], keywords, state, node)
        else:
            for key, value in keywords.items():
                state.own(instance.cell).keys[key] = value
            state.own(instance.cell).rest = values.derived(*(state.content(a) for a in args))
        return instance
    if isinstance(target, Closure):
        if function.bound is not None and _takes_self(target):
            args = [function.bound, *args]
        return m.invoke(m, target, args, keywords, state, node)
    return None


def _takes_self(closure: Closure) -> bool:
    return not any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in getattr(closure.node, "decorator_list", ())
    )


def _outer(m: Machine, seen: sinks.Call, function: Value, receiver: Value, state: State) -> Value:
    """Code that is not in the module: known by name, or assumed to pass on what it gets."""
    path, name, args = function.path, seen.name, seen.args
    known = _known(m, seen, receiver, state)
    if known is not None:
        return known
    contents = [state.content(a) for a in (*args, *seen.keywords.values())]
    if path in _MAKERS:
        return _made(m, _MAKERS[path], args, state)
    if knowledge.CHANCE.match(path):
        return m.sent(seen.node, f"{path}()", f"{path}()", "chance")
    if name in knowledge.SENT_METHODS and not receiver.taints:
        return m.sent(seen.node, f"{name}()", f"{path}()")
    if path == "xml.sax.make_parser" or path.endswith("XMLParser"):
        return m.contain(state, Container("object", keys=dict(seen.keywords)), f"{path}()")
    base = receiver if receiver.taints or receiver.cell else function
    if path in knowledge.CLEANERS:
        joined = values.derived(base, *contents, path=f"{path}()")
        return Value(values.UNKNOWN, values.cleared(joined.taints, knowledge.CLEANERS[path]),
                     joined.path)  # fmt: skip
    if path in knowledge.CLEAN_CALLS or name in knowledge.CLEAN_METHODS or _digests(path):
        return Value(path=f"{path}()" if path else "")
    return _passed_on(m, seen, base, contents, path)


def _digests(path: str) -> bool:
    return path.startswith(("hashlib.", "hmac.", "secrets.", "uuid.", "time.", "datetime."))


def _passed_on(
    m: Machine, seen: sinks.Call, base: Value, contents: list[Value], path: str
) -> Value:
    result_path = f"{path}()" if path and len(path) < 120 else ""
    label = path.lstrip(".") or seen.name
    request = next((v for v in contents if v.path == knowledge.REQUEST), None)
    if request is not None and not any(v.taints for v in contents):
        entered = m.sent(seen.node, f"{label}(request)", result_path)
        entered.taints = values.assumed(entered.taints)
        return entered
    joined = values.derived(base, *contents, path=result_path)
    if not joined.taints:
        return joined
    name = seen.name or path.rpartition(".")[2]
    taints = joined.taints
    harmless = knowledge.cleaned_by_name(name)
    if harmless:
        taints = values.cleared(taints, harmless)
    from_args = any(v.taints for v in contents)
    if from_args and not _standard(path, base):
        taints = values.assumed(values.stepped(taints, seen.node, f"goes through `{label}`"))
    return Value(taints=taints, path=result_path)


_STANDARD: Final = (
    "urllib.", "base64.", "os.path.", "pathlib.", "io.", "str", "bytes", "json.", "copy.", "re.",
    "html.", "string.", "textwrap.", "itertools.", "functools.", "zip", "enumerate", "map",
    "filter", "iter", "next", "getattr", "markupsafe.", "codecs.", "binascii.", "zlib.", "repr",
    "format", "bytearray", "reversed", "min", "max", "flask.", "django.", "xml.", "lxml.", "csv.",
    "shlex.",
)  # fmt: skip


def _standard(path: str, base: Value) -> bool:
    """Whether it is known to pass its input on."""
    return path.startswith((*_STANDARD, ".")) or bool(base.taints)


def _known(m: Machine, seen: sinks.Call, receiver: Value, state: State) -> Value | None:
    """Constants, and texts in pieces; None where nothing is known."""
    name, args = seen.name, seen.args
    consts = [constants_of(a, state) for a in args]
    if name and receiver.const is not UNKNOWN:
        if name == "format" and isinstance(receiver.const, str):
            return _format(receiver.const, args, seen.keywords, state)
        if name == "join" and args and isinstance(receiver.const, str):
            return _join(receiver.const, args[0], state)
        known = constants.method(receiver.const, name, consts)
        if known is not UNKNOWN:
            return values.constant(known)
    if seen.path in ("str", "format") and len(args) == 1 and args[0].pieces is not None:
        return args[0]
    known = constants.called(seen.path, consts) if not seen.keywords else UNKNOWN
    if known is not UNKNOWN:
        return values.constant(known)
    if name == "replace" and receiver.taints and consts[:1] in (["'"], ['"']):
        marks = frozenset({Hazard.XPATH, Hazard.SQL})
        return Value(UNKNOWN, values.cleared(receiver.taints, marks))
    if name in ("strip", "rstrip", "lower", "upper", "encode", "decode") and receiver.pieces:
        return Value(taints=receiver.taints, pieces=receiver.pieces, path=f"{seen.path}()")
    return None


def constants_of(value: Value, state: State) -> object:
    """The constant, also of a container whose items are all known."""
    container = state.heap.get(value.cell)
    if container is None or container.items is None:
        return value.const
    items = [v.const for v in container.items]
    return UNKNOWN if any(i is UNKNOWN for i in items) else tuple(items)


def _format(template: str, args: list[Value], keywords: dict[str, Value], state: State) -> Value:
    pieces: list[str | Value] = []
    auto = 0
    rest = template.replace("{{", "\0").replace("}}", "\1")
    while rest:
        before, mark, after = rest.partition("{")
        pieces.append(before.replace("\0", "{").replace("\1", "}"))
        if not mark:
            break
        field, _, rest = after.partition("}")
        key = field.partition(":")[0].partition("!")[0].partition(".")[0].partition("[")[0]
        if not key:
            key, auto = str(auto), auto + 1
        if key.isdigit():
            value = args[int(key)] if int(key) < len(args) else NOTHING
        else:
            value = keywords.get(key, keywords.get("**", NOTHING))
        value = state.content(value)
        pieces.append(value if field == field.partition(":")[0] else values.derived(value))
    return values.text_of(pieces)


def _join(separator: str, items: Value, state: State) -> Value:
    container = state.heap.get(items.cell)
    if container is None or container.items is None:
        return values.derived(state.content(items))
    pieces: list[str | Value] = []
    for n, item in enumerate(container.items):
        pieces += [separator, state.content(item)] if n else [state.content(item)]
    return values.text_of(pieces)


def _made(m: Machine, kind: str, args: list[Value], state: State) -> Value:
    """``list(x)`` and its like."""
    container = Container(kind)
    old = state.heap.get(args[0].cell) if args else None
    if kind == "list" or kind == "tuple":
        container.items = ()
    if old is not None:
        container.items = old.items if kind in ("list", "tuple") else None
        container.keys = dict(old.keys) if kind == "dict" else {}
        container.rest = old.rest
        if container.items is None and old.items:
            container.rest = values.derived(old.rest, *(state.content(v) for v in old.items))
    elif args:
        container.items, container.rest = None, values.derived(state.content(args[-1]))
    return m.contain(state, container, kind if kind.endswith("()") else "")
