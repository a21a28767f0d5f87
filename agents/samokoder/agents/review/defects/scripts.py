"""Mistakes that JavaScript and TypeScript show by themselves, over the tree of a fault-tolerant
parser: files that do not quite parse are read as far as they do.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from samokoder.agents.context.languages import language_of
from samokoder.agents.review.finding import Category, Finding, quoted
from samokoder.agents.review.pyfile import LARGEST
from samokoder.agents.workspace import text as texts

if TYPE_CHECKING:
    from tree_sitter import Node

SUFFIXES: Final = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
_MINIFIED: Final = 2000
"""Characters of a line that nobody wrote by hand."""
_COMPARING: Final = frozenset({"==", "===", "!=", "!==", "<", "<=", ">", ">="})
_TYPES: Final = frozenset(
    {"undefined", "object", "boolean", "number", "string", "function", "symbol", "bigint"}
)
_LEAVING: Final = frozenset(
    {"return_statement", "throw_statement", "break_statement", "continue_statement"}
)
_FINE_AFTER: Final = frozenset(
    {"function_declaration", "generator_function_declaration", "class_declaration", "comment",
     "break_statement", "return_statement", "type_alias_declaration", "interface_declaration",
     "empty_statement"}
)  # fmt: skip

Said = tuple["Node", str, str]
"""Node, rule, message."""


def analyse(path: str, text: str) -> tuple[Finding, ...]:
    """What is wrong in one file, in the order of the text. Blocking."""
    language = language_of(path)
    lines = texts.lines(text)
    if language is None or len(text) > LARGEST or max(map(len, lines), default=0) > _MINIFIED:
        return ()
    data = text.encode("utf-8", "surrogatepass")
    found: dict[tuple[int, int, str], Finding] = {}
    stack = [language.parse(data)]
    while stack:
        node = stack.pop()
        if node.is_error:
            continue
        for finder in _FINDERS.get(node.type, ()):
            for where, rule, message in finder(node):
                finding = _told(path, lines, where, rule, message)
                if finding is not None:
                    found[finding.line, finding.column, rule] = finding
        stack += node.named_children
    return tuple(found[key] for key in sorted(found))


def _told(path: str, lines: list[str], node: "Node", rule: str, message: str) -> Finding | None:
    line, end_line = node.start_point[0] + 1, node.end_point[0] + 1
    if end_line > len(lines) or node.has_error:
        return None
    column = _column(lines[line - 1], node.start_point[1])
    end_column = _column(lines[end_line - 1], node.end_point[1])
    if end_line > line:
        end_line, end_column = line, len(texts.body(lines[line - 1])) + 1
    quote = quoted(lines, line, column, end_line, end_column)
    if not quote:
        return None
    return Finding(
        path, line, column, end_line, end_column, quote, rule, f"{message}.", "defects",
        Category.CORRECTNESS, confidence=0.8,
    )  # fmt: skip


def _column(line: str, offset: int) -> int:
    if line.isascii():
        return offset + 1
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1


def _text(node: "Node | None") -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _bare(node: "Node | None") -> "Node | None":
    while node is not None and node.type == "parenthesized_expression" and node.named_children:
        node = node.named_children[0]
    return node


def _pure(node: "Node") -> bool:
    kinds = ("call_expression", "new_expression", "await_expression", "update_expression",
             "assignment_expression", "yield_expression")  # fmt: skip
    return node.type not in kinds and all(_pure(c) for c in node.named_children)


def _constant(node: "Node | None") -> bool:
    return node is not None and node.type in ("number", "string", "true", "false", "null")


def twins(node: "Node") -> Iterator[Said]:
    """``a === a``, ``a && a``, ``a - a``."""
    left, right = _bare(node.child_by_field_name("left")), _bare(node.child_by_field_name("right"))
    sign = _text(node.child_by_field_name("operator"))
    if left is None or right is None or _text(left) != _text(right) or not _pure(left):
        return
    if _constant(left) or sign not in _COMPARING | {"&&", "||", "-", "/", "%"}:
        return
    if sign in ("!=", "!=="):
        return  # how NaN is recognised
    yield node, "same-operands", f"Both sides are `{_text(left)}`"


def nan(node: "Node") -> Iterator[Said]:
    """``x === NaN`` is never true."""
    sign = _text(node.child_by_field_name("operator"))
    sides = {_text(node.child_by_field_name(n)) for n in ("left", "right")}
    if sign in _COMPARING and sides & {"NaN", "Number.NaN"}:
        yield node, "compared-with-nan", "Nothing compares equal to NaN; use `Number.isNaN`"
    for one, other in (("left", "right"), ("right", "left")):
        first, second = node.child_by_field_name(one), node.child_by_field_name(other)
        if first is None or second is None or second.type != "string" or "==" not in sign:
            continue
        if first.type == "unary_expression" and _text(first).startswith("typeof "):
            name = _text(second)[1:-1]
            if name not in _TYPES:
                yield second, "impossible-type", f"`typeof` never gives `{name}`"


def precedence(node: "Node") -> Iterator[Said]:
    """``a || false ? b : c`` asks ``a || false``, whatever the layout says."""
    test = node.child_by_field_name("condition")
    if test is None or test.type != "binary_expression":
        return
    sign, right = _text(test.child_by_field_name("operator")), test.child_by_field_name("right")
    if sign in ("||", "&&", "??") and right is not None and right.type in ("true", "false", "null"):
        whole = f"`{_text(test)}` is the whole condition"
        yield test, "misread-precedence", f"{whole}: the constant in it decides or does nothing"


def excluded(node: "Node") -> Iterator[Said]:
    """``x !== 1 || x !== 2`` and ``x === 1 && x === 2``."""
    sign = _text(node.child_by_field_name("operator"))
    if sign not in ("||", "&&"):
        return
    facts = []
    for name in ("left", "right"):
        side = _bare(node.child_by_field_name(name))
        if side is None or side.type != "binary_expression":
            return
        right = side.child_by_field_name("right")
        if not _constant(right):
            return
        facts.append((
            _text(side.child_by_field_name("left")),
            _text(side.child_by_field_name("operator")), _text(right),
        ))  # fmt: skip
    (name, op, value), (other, other_op, other_value) = facts
    if name != other or value == other_value or not _pure(node):
        return
    if sign == "||" and op == other_op == "!==":
        yield node, "always-true", f"This is always true, whatever `{name}` is"
    if sign == "&&" and op == other_op == "===":
        yield node, "never-true", f"This is never true: `{name}` cannot be both"


def chain(node: "Node") -> Iterator[Said]:
    """The same test twice in one ``if … else if``."""
    if node.parent is not None and node.parent.type == "else_clause":
        return
    seen: set[str] = set()
    link: Node | None = node
    while link is not None and link.type == "if_statement":
        test = link.child_by_field_name("condition")
        if test is not None and _pure(test):
            if _text(test) in seen:
                yield test, "repeated-test", "This was already tested above, so it is never run"
            seen.add(_text(test))
        other = link.child_by_field_name("alternative")
        link = other.named_children[0] if other is not None and other.named_children else None


def assigned(node: "Node") -> Iterator[Said]:
    """``if (a = b)`` with a single pair of brackets."""
    test = node.child_by_field_name("condition")
    inner = test.named_children[0] if test is not None and test.named_children else None
    if inner is not None and inner.type == "assignment_expression":
        right = inner.child_by_field_name("right")
        if _constant(right) or (right is not None and right.type == "identifier"):
            yield inner, "assignment-as-test", "This assigns, it does not compare"


def cases(node: "Node") -> Iterator[Said]:
    """Two cases of one value."""
    seen: set[str] = set()
    for case in node.named_children:
        value = case.child_by_field_name("value") if case.type == "switch_case" else None
        if value is not None and _pure(value):
            if _text(value) in seen:
                yield value, "repeated-case", "There is a case for this value above"
            seen.add(_text(value))


def keys(node: "Node") -> Iterator[Said]:
    """Two values for one key of an object."""
    seen: set[str] = set()
    for pair in node.named_children:
        if pair.type == "spread_element":
            seen.clear()
            continue
        key = pair.child_by_field_name("key") if pair.type == "pair" else None
        if key is None or key.type == "computed_property_name":
            continue
        name = _text(key)[1:-1] if key.type == "string" else _text(key)
        if name in seen and name != "__proto__":
            yield key, "repeated-key", f"`{name}` was already given above and is lost"
        seen.add(name)


def unreachable(node: "Node") -> Iterator[Said]:
    """Statements behind one that leaves."""
    left = False
    for statement in node.named_children:
        if left and statement.type not in _FINE_AFTER:
            declared = statement.type == "variable_declaration" and "=" not in _text(statement)
            if not declared:
                yield statement, "unreachable", "This is never run: the statement before leaves"
            return
        left = left or statement.type in _LEAVING


def counting(node: "Node") -> Iterator[Said]:
    """``for (…; i < n; i--)`` and ``i <= a.length`` with ``a[i]``."""
    test, step = node.child_by_field_name("condition"), node.child_by_field_name("increment")
    if test is not None and test.type == "expression_statement" and test.named_children:
        test = test.named_children[0]
    if test is None or test.type != "binary_expression":
        return
    left, right = test.child_by_field_name("left"), test.child_by_field_name("right")
    sign, name = _text(test.child_by_field_name("operator")), _text(left)
    if left is None or left.type != "identifier" or right is None:
        return
    change = _text(step).replace(" ", "")
    down, up = {f"{name}--", f"--{name}", f"{name}-=1"}, {f"{name}++", f"++{name}", f"{name}+=1"}
    if (sign in ("<", "<=") and change in down) or (sign in (">", ">=") and change in up):
        yield step or node, "loop-moves-away", f"`{name}` moves away from what ends the loop"
    whole = _text(right)
    if sign == "<=" and whole.endswith(".length") and change in up:
        base, body = whole.removesuffix(".length"), node.child_by_field_name("body")
        if body is not None and f"{base}[{name}]" in _text(body):
            yield test, "index-past-end", f"At the last `{name}` this is past the end of `{base}`"


def unawaited(node: "Node") -> Iterator[Said]:
    """``items.forEach(async …)`` waits for nothing."""
    function, arguments = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    )
    if function is None or function.type != "member_expression" or arguments is None:
        return
    if _text(function.child_by_field_name("property")) != "forEach" or not arguments.named_children:
        return
    first = arguments.named_children[0]
    if first.type in ("arrow_function", "function_expression") and _text(first).startswith("async"):
        yield function, "missing-await", "`forEach` does not wait for what its function promises"


Finder = Callable[["Node"], Iterator[Said]]
_FINDERS: Final[dict[str, tuple[Finder, ...]]] = {
    "binary_expression": (twins, nan, excluded),
    "ternary_expression": (precedence,),
    "if_statement": (chain, assigned),
    "while_statement": (assigned,),
    "switch_body": (cases,),
    "object": (keys,),
    "statement_block": (unreachable,),
    "switch_case": (unreachable,),
    "for_statement": (counting,),
    "call_expression": (unawaited,),
}
