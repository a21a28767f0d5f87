"""A whole function as a small model returns it, put in the place of the file's own.

The answer may be a bare function, a method without its class, or a whole class or file around it.
Only the function's changed lines are taken, with the file's indentation and line ends; lines that
differ in looks alone stay as they are. Imports and functions it needs come along.
"""

import ast

from samokoder.agents.edits import pysource
from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.likeness import indent, partners
from samokoder.agents.edits.pysource import Function, Span
from samokoder.agents.edits.syntax import python_error
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts

_HUNKS = 60
"""Changed places of one function that are looked at one by one."""


class _Unfit(Exception):
    """The answer is not the function that was asked for."""


def replace_function(text: str, name: str, answer: str, *, path: str = "") -> Edited | Refused:
    """``text`` with the function ``name`` (dotted, as ``Class.method``) as the answer has it."""
    try:
        tree = pysource.parse(text)
    except (SyntaxError, ValueError):
        return Refused("the file cannot be parsed, so no function can be replaced", path)
    try:
        own = _own(tree, name)
        code = texts.with_ends(answer, "\n").strip("\n") + "\n"
        new_tree = _parsed(code)
        new = _answered(new_tree, name)
        _signature(own.node, new.node)
        result = _put(text, tree, own, code, new_tree, new)
    except _Unfit as why:
        return Refused(str(why), path)
    if result == text:
        return Refused(f"the answer is {name} as it already is", path)
    error = python_error(result)
    if error:
        return Refused(f"with this answer the file cannot be parsed: {error}", path)
    return Edited(result, "function")


def _own(tree: ast.Module, name: str) -> Span:
    found = [s for s in pysource.find(tree, name) if isinstance(s.node, Function)]
    if not found:
        raise _Unfit(f"the file has no function {name}")
    if len(found) > 1:
        raise _Unfit(f"the file defines {name} {len(found)} times")
    return found[0]


def _parsed(code: str) -> ast.Module:
    try:
        return pysource.parse_block(code)
    except (SyntaxError, ValueError) as error:
        raise _Unfit(f"the answer is not valid Python: {error}") from None


def _answered(tree: ast.Module, name: str) -> Span:
    last = name.rpartition(".")[2]
    every = [(n, s) for n, s in pysource.definitions(tree) if isinstance(s.node, Function)]
    for wanted in (name.replace(".<locals>", ""), last):
        found = [s for n, s in every if n == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise _Unfit(f"the answer defines {wanted} {len(found)} times")
    inner = [s for n, s in every if n.rpartition(".")[2] == last]
    if len(inner) == 1:
        return inner[0]
    others = [n for n, _ in every]
    if _only_tests(tree, others):
        raise _Unfit(f"the answer holds tests instead of the function {name}")
    if others:
        raise _Unfit(f"the answer defines {', '.join(others[:3])} instead of {name}")
    raise _Unfit(f"the answer holds no function {name}")


def _only_tests(tree: ast.Module, names: list[str]) -> bool:
    tests = [n for n in names if any(p.lower().startswith("test") for p in n.split("."))]
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    return bool(tests) or (asserts and not names)


def _signature(own: ast.AST, new: ast.AST) -> None:
    assert isinstance(own, Function) and isinstance(new, Function)
    if type(own) is not type(new):
        kind = "async" if isinstance(own, ast.AsyncFunctionDef) else "an ordinary function"
        raise _Unfit(f"{own.name} must stay {kind}")
    old, now = own.args, new.args
    old_names = [a.arg for a in (*old.posonlyargs, *old.args)]
    new_names = [a.arg for a in (*now.posonlyargs, *now.args)]
    extra = len(new_names) - len(old_names)
    keywords = {a.arg for a in now.kwonlyargs}
    needed = {a.arg for a, d in zip(now.kwonlyargs, now.kw_defaults, strict=True) if d is None}
    fits = (
        new_names[: len(old_names)] == old_names
        and extra <= len(now.defaults)
        and len(now.defaults) - extra >= min(len(old.defaults), len(old_names))
        and {a.arg for a in old.kwonlyargs} <= keywords
        and needed <= {a.arg for a in old.kwonlyargs}
        and (old.vararg is None or now.vararg is not None)
        and (old.kwarg is None or now.kwarg is not None)
    )
    if not fits:
        raise _Unfit(f"the parameters of {own.name} must stay ({ast.unparse(old)})")


def _put(text: str, tree: ast.Module, own: Span, code: str, new_tree: ast.Module, new: Span) -> str:
    lines = texts.lines(text)
    end = texts.line_end(text)
    base = indent(lines[own.start])
    unit = _unit(lines, own) or "    "
    mine = lines[own.start : own.end]
    wanted = _lines(code, new, base, unit)
    if own.node.decorator_list and not new.node.decorator_list:
        decorators = own.node.lineno - 1 - own.start
        wanted = [texts.body(line) for line in mine[:decorators]] + wanted
    fresh = _least(mine, wanted, end)
    if fresh and own.end == len(lines) and lines[-1] == texts.body(lines[-1]):
        fresh[-1] = texts.body(fresh[-1])
    beside, above = _company(tree, own, new_tree, new)
    if fresh == mine:
        return text
    top = next(n for n in tree.body if n.lineno <= own.node.lineno <= (n.end_lineno or n.lineno))
    at = pysource.span(top).start if isinstance(top, pysource.Definition) else top.lineno - 1
    extra = [f"{row}{end}" for s in beside for row in [*_lines(code, s, "", unit), "", ""]]
    imports = [f"{ast.unparse(node)}{end}" for node in above]
    place = _import_place(tree)
    if at < place:
        at = place
    out = [*lines[: own.start], *fresh, *lines[own.end :]]
    out[at:at] = extra
    out[place:place] = imports
    return "".join(out)


def _lines(code: str, which: Span, base: str, unit: str) -> list[str]:
    shown = pysource.shift(code)
    lines = texts.lines(code)[which.start - shown : which.end - shown]
    return pysource.reindent("".join(lines), base, unit)


def _unit(lines: list[str], own: Span) -> str:
    body = own.node.body[0]
    if body.lineno == own.node.lineno:
        return ""
    return indent(lines[body.lineno - 1]).removeprefix(indent(lines[own.start]))


def _least(mine: list[str], wanted: list[str], end: str) -> list[str]:
    """The wanted lines, but the file's own where the difference is one of looks alone."""
    bodies = [texts.body(line) for line in mine]
    whole = diff.ranges([line.rstrip() for line in bodies], [line.rstrip() for line in wanted])
    ranges = [part for r in whole for part in _parts(bodies, wanted, r)]
    goal = "\n".join(wanted) + "\n"

    def build(keep: set[int]) -> list[str]:
        out: list[str] = []
        at = 0
        for n, (i, j, k, m) in enumerate(ranges):
            out += mine[at:i]
            out += mine[i:j] if n in keep else [f"{line}{end}" for line in wanted[k:m]]
            at = j
        return [*out, *mine[at:]]

    kept: set[int] = set()
    for n in range(len(ranges)) if len(ranges) <= _HUNKS else ():
        trial = texts.with_ends("".join(build(kept | {n})), "\n")
        if pysource.same(trial, goal):
            kept.add(n)
    return build(kept)


def _parts(old: list[str], new: list[str], r: diff.Range) -> list[diff.Range]:
    """A changed range cut so that remarks, code that goes, and code that changes stand alone."""
    i, j, k, m = r
    partner_of = partners(old[i:j], new[k:m])
    out: list[diff.Range] = []
    at, to = i, k
    for n, partner in enumerate(partner_of, k):
        if partner is not None:
            out += _gone(old, at, i + partner, to)
            out.append((i + partner, i + partner + 1, to, n + 1))
            at, to = i + partner + 1, n + 1
    out += _gone(old, at, j, to)
    return [*out, (j, j, to, m)] if to < m else out


def _gone(old: list[str], start: int, stop: int, new: int) -> list[diff.Range]:
    cuts = [start, *(n for n in range(start + 1, stop) if _remark(old, n) != _remark(old, n - 1))]
    ends = [*cuts[1:], stop]
    return [(a, b, new, new) for a, b in zip(cuts, ends, strict=True) if a < b]


def _remark(lines: list[str], n: int) -> bool:
    return not lines[n].strip() or lines[n].lstrip().startswith("#")


def _company(
    tree: ast.Module, own: Span, new_tree: ast.Module, new: Span
) -> tuple[list[Span], list[ast.Import | ast.ImportFrom]]:
    """What the new function needs that the file does not have: functions, and imports."""
    bound = pysource.names_bound(tree)
    offered: dict[str, pysource.Definition] = {
        node.name: node
        for node in new_tree.body
        if isinstance(node, pysource.Definition) and node is not new.node
    }
    used = pysource.names_used([new.node])
    taken: list[Span] = []
    waiting = sorted(used)
    while waiting:
        helper = offered.pop(waiting.pop(), None)
        if helper is None or helper.name in bound or new.node in ast.walk(helper):
            continue
        taken.append(pysource.span(helper))
        more = pysource.names_used([helper])
        used |= more
        waiting += sorted(more)
    imports: list[ast.Import | ast.ImportFrom] = []
    for node in new_tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        wanted = [
            a
            for a in node.names
            if (a.asname or a.name).partition(".")[0] in used - bound and a.name != "*"
        ]
        if wanted and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            node.names = wanted
            imports.append(node)
    return sorted(taken, key=lambda s: s.start), imports


def _import_place(tree: ast.Module) -> int:
    """The line after the imports at the top, else after the docstring."""
    place = 0
    for n, node in enumerate(tree.body):
        doc = n == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not doc and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        place = node.end_lineno or node.lineno
    return place
