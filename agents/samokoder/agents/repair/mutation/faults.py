# ruff: noqa: E501  (a table of changes reads best with one change a line)
"""Repairs that the kind of a crash suggests: undefined names, wrong attributes, wrong types."""

import ast
import builtins
import re
from collections.abc import Iterator

from rapidfuzz.distance import JaroWinkler

from samokoder.agents.repair import names, testcode, textedits
from samokoder.agents.repair.mutation.locate import Place
from samokoder.agents.repair.mutation.mutants import Mutant
from samokoder.agents.repair.mutation.operators import name_twins

_NAME = re.compile(r"name '(\w+)' is not defined|local variable '(\w+)'|variable '(\w+)'")
_ATTRIBUTE = re.compile(r"'?([\w.]+)'? (?:object )?has no attribute '(\w+)'")
_VALUES = ("0", "1", "[]", "None", "True", "False", "''", "{}")
"""What a call of something that does not exist may stand for."""
_EXPRESSION = 30
"""Characters of a field or item that may stand for an undefined name."""
_SIBLING = 0.6
"""Likeness of two names from which one may have been meant to be made like the other (0–1)."""
_STARTS = (
    "0", "[]", "{}", "set()", "''", "None", "1", "-1", "False", "True", "float('inf')",
    "float('-inf')", "defaultdict(int)", "defaultdict(list)", "deque()", "Counter()",
)  # fmt: skip
_FOREIGN: tuple[tuple[str, str], ...] = (
    (r"([\w.\[\]]+)\.(?:length|size|count|len)(?:\(\))?", r"len(\1)"),
    (r"([\w.\[\]]+)\.(?:isEmpty|empty|is_empty)\(\)", r"not \1"),
    (r"([\w.\[\]]+)\.(?:contains|has|includes|containsKey|has_key|exists)\(([^()]*)\)", r"\2 in \1"),
    (r"\.(?:push|push_back|add|insert|offer|enqueue|append|addLast)\(", ".append("),
    (r"\.(?:push|add|append|insert)\(", ".add("),
    (r"\.(?:poll|shift|dequeue|pop_front|popfirst|removeFirst)\(\)", ".popleft()"),
    (r"\.(?:poll|shift|dequeue|pop_front|removeFirst)\(\)", ".pop(0)"),
    (r"\.(?:unshift|push_front|addFirst)\(", ".appendleft("),
    (r"\.(?:toLowerCase|lowercase|tolower)\(\)", ".lower()"),
    (r"\.(?:toUpperCase|uppercase|toupper)\(\)", ".upper()"),
    (r"\.trim\(\)", ".strip()"),
    (r"([\w.\[\]]+)\.(?:toString|to_string|str)\(\)", r"str(\1)"),
    (r"\.charAt\(([^()]*)\)", r"[\1]"),
    (r"\.(?:get|at|peek|top)\(([^()]+)\)", r"[\1]"),
    (r"\.(?:peek|top|last|back)\(\)", "[-1]"),
    (r"\.(?:first|front)\(\)", "[0]"),
    (r"\.(?:substring|substr|slice)\(([^(),]*),([^(),]*)\)", r"[\1:\2]"),
    (r"\.(?:substring|substr|slice)\(([^(),]*)\)", r"[\1:]"),
    (r"\.(?:indexOf|indexof|search)\(", ".index("),
    (r"\.(?:indexOf|find_first)\(", ".find("),
    (r"([\w.\[\]]+)\.(?:reverse|reversed)\(\)", r"\1[::-1]"),
    (r"([\w.\[\]]+)\.(?:sort|sorted)\(\)", r"sorted(\1)"),
    (r"([\w.\[\]]+)\.sum\(\)", r"sum(\1)"),
    (r"([\w.\[\]]+)\.max\(\)", r"max(\1)"),
    (r"([\w.\[\]]+)\.min\(\)", r"min(\1)"),
    (r"([\w.\[\]]+)\.(?:join)\(([^()]*)\)", r"\2.join(\1)"),
    (r"\.iteritems\(\)", ".items()"), (r"\.itervalues\(\)", ".values()"),
    (r"\.concat\(([^()]*)\)", r" + \1"), (r"\.equals\(([^()]*)\)", r" == \1"),
    (r"\.val\b", ""), (r"\.value\b", ".val"), (r"\.data\b", ".val"),
)  # fmt: skip
_GLOBALS: tuple[tuple[str, str], ...] = (
    (r"\bthis\.", "self."), (r"\bthis\b", "self"), (r"\bnull\b|\bNULL\b|\bnil\b|\bundefined\b", "None"),
    (r"\btrue\b", "True"), (r"\bfalse\b", "False"), (r"\bMath\.floor\(", "int("),
    (r"\bMath\.(\w+)\(", r"\1("), (r"\bmath\.(\w+)\(", r"\1("), (r"\bInteger\.MAX_VALUE\b", "float('inf')"),
    (r"\bInteger\.MIN_VALUE\b", "float('-inf')"), (r"\bINT_MAX\b", "float('inf')"),
    (r"\bINT_MIN\b", "float('-inf')"), (r"\bArrayList\b|\bVector\b|\bArray\b", "List"),
    (r"\bxrange\(", "range("), (r"\bunicode\(", "str("), (r"\blong\(", "int("), (r"\braw_input\(", "input("),
    (r"\bstrlen\(|\bsizeof\(|\blength\(|\bsize\(", "len("), (r"\bHashMap\b|\bMap\b", "dict"),
    (r"\bHashSet\b|\bSet\b", "set"), (r"\bstring\b|\bString\b", "str"), (r"\bboolean\b", "bool"),
    (r"\binteger\b|\bInteger\b", "int"), (r"\bconsole\.log\(|\bprintf\(|\becho\b", "print("),
)  # fmt: skip


def mutants(path: str, text: str, place: Place) -> list[Mutant]:
    """Repairs of the line(s) where it crashed, likeliest first. ``place.crash`` is not empty."""
    tree = testcode.parse(text)
    if tree is None:
        return []
    found: list[Mutant] = []
    lines = [line for p, line in place.frames if p == path][-2:]
    kind, _, message = place.crash.partition(": ")
    for rank, line in enumerate(reversed(lines)):
        for new, prior, note in _repairs(text, tree, line, kind, message):
            if new != text and testcode.parse(new) is not None:
                score = prior * (1.6 if rank == 0 else 0.5)
                found.append(Mutant(path, new, score, line, f"line {line}: {note}"))
    return found


def _repairs(
    text: str, tree: ast.Module, line: int, kind: str, message: str
) -> Iterator[tuple[str, float, str]]:
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return
    own = lines[line - 1]

    def with_line(new: str) -> str:
        return "\n".join([*lines[: line - 1], new, *lines[line:]])

    named = next((m for m in [_NAME.search(message)] if m), None)
    if named is not None:
        wrong = named.group(1) or named.group(2) or named.group(3)
        yield from _name(text, tree, lines, line, wrong)
    attribute = _ATTRIBUTE.search(message)
    if attribute is not None:
        yield from _attribute(text, tree, lines, line, attribute.group(1), attribute.group(2))
    if kind == "TypeError":
        yield from _typed(own, with_line)
    if kind in ("IndexError", "KeyError"):
        for match in re.finditer(r"([\w.]+)\[([^\[\]]+)\]", own):
            owner, index = match.group(1), match.group(2)
            if kind == "KeyError":
                new = own.replace(match[0], f"{owner}.get({index}, 0)", 1)
                yield with_line(new), 0.4, "a default for a missing key"
            margin = own[: len(own) - len(own.lstrip())]
            if own.lstrip().startswith(("if ", "while ")):
                test = f"{index} < len({owner}) and "
                new = re.sub(r"^(\s*)(if|while) ", rf"\1\2 {re.escape(test)}", own)
                yield with_line(new.replace("\\", "")), 0.45, "index within bounds"
            else:
                guarded = f"{margin}if {index} < len({owner}):\n{margin}    {own.lstrip()}"
                yield with_line(guarded), 0.25, "index within bounds"
    if kind == "UnboundLocalError":
        yield from _nonlocal(lines, tree, line, message)
    margin = own[: len(own) - len(own.lstrip())]
    if not own.rstrip().endswith((":", ",", "(", "[", "{")):
        yield with_line(f"{margin}pass"), 0.3, "statement gone"
    for pattern, new in _GLOBALS:
        changed = re.sub(pattern, new, text)
        if changed != text:
            yield changed, 0.9, f"`{re.sub(pattern, new, re.search(pattern, text)[0])}`"  # type: ignore[index]


def _function(tree: ast.Module, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    best = None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.lineno <= line <= (node.end_lineno or 0)
            and (best is None or node.lineno > best.lineno)
        ):
            best = node
    return best


def _members(tree: ast.Module, line: int) -> set[str]:
    """Methods and fields of the class around this line."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0):
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef):
                    found.add(inner.name)
                elif isinstance(inner, ast.Attribute) and names.is_self(inner.value):
                    found.add(inner.attr)
    return found


def _name(
    text: str, tree: ast.Module, lines: list[str], line: int, wrong: str
) -> Iterator[tuple[str, float, str]]:
    own = lines[line - 1]
    word = re.compile(rf"(?<![\w.]){re.escape(wrong)}(?!\w)")

    def at_line(new: str) -> str:
        return "\n".join([*lines[: line - 1], new, *lines[line:]])

    if wrong in _members(tree, line):
        yield at_line(word.sub(f"self.{wrong}", own)), 0.95, f"`self.{wrong}`"
        yield word.sub(f"self.{wrong}", text), 0.9, f"`self.{wrong}` everywhere"
    yield from _quoted(lines, tree, line, wrong)
    pool = names.reachable(tree, line)
    common = {n for n in pool if hasattr(builtins, n)}
    for name in pool - {wrong}:
        alike = JaroWinkler.similarity(name, wrong)
        if name in common and alike < 0.75:
            continue
        prior = 0.45 + 0.45 * alike
        if len(name) > 2 and set(name.split("_")) & set(wrong.split("_")):
            prior = max(prior, 0.95)  # a word of it: `no_nums` for `nums`
        if word.search(own):
            yield at_line(word.sub(name, own)), prior, f"`{wrong}` → `{name}`"
        everywhere = word.sub(name, text)
        if everywhere.count(name) - text.count(name) > 1:
            yield everywhere, prior - 0.02, f"`{wrong}` → `{name}` everywhere"
    for expression in _expressions(text, tree, line):
        if word.search(own) and wrong not in expression:
            yield at_line(word.sub(lambda _, e=expression: e, own)), 0.5, f"`{expression}`"  # type: ignore[misc]
    # as a prefix, a call, or an operand that does not belong there
    for pattern, new, prior in (
        (rf"(?<!\w){re.escape(wrong)}\.", "", 0.8),
        (rf"(?<!\w){re.escape(wrong)}\(([^()]*)\)", r"\1", 0.7),
        (rf"(?<!\w){re.escape(wrong)}\(([^()]*)\)", r"(\1)", 0.3),
        *((rf"(?<!\w){re.escape(wrong)}\([^()]*\)", text, 0.3) for text in _VALUES),
        (rf"\s*[-+*/%]+\s*{re.escape(wrong)}(?!\w)(?:\[[^\]]*\]|\([^()]*\))?", "", 0.6),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)(?:\[[^\]]*\]|\([^()]*\))?\s*[-+*/%]+\s*", "", 0.6),
        (rf"\s*\b(?:and|or)\b\s*(?:not\s+)?{re.escape(wrong)}(?!\w)(?:\([^()]*\))?", "", 0.6),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)(?:\([^()]*\))?\s*\b(?:and|or)\b\s*", "", 0.6),
        (rf",\s*{re.escape(wrong)}(?!\w)(?:\([^()]*\))?", "", 0.6),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)\s*,\s*", "", 0.5),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)", "0", 0.35), (rf"(?<!\w){re.escape(wrong)}(?!\w)", "1", 0.35),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)", "[]", 0.25), (rf"(?<!\w){re.escape(wrong)}(?!\w)", "None", 0.25),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)", "True", 0.3), (rf"(?<!\w){re.escape(wrong)}(?!\w)", "False", 0.3),
        (rf"(?<!\w){re.escape(wrong)}(?!\w)", "{}", 0.25), (rf"(?<!\w){re.escape(wrong)}(?!\w)", "''", 0.2),
    ):  # fmt: skip
        changed = re.sub(pattern, new, own)
        if changed != own:
            yield at_line(changed), prior, f"without `{wrong}`"
    yield from _initialised(lines, tree, line, wrong)


def _quoted(
    lines: list[str], tree: ast.Module, line: int, wrong: str
) -> Iterator[tuple[str, float, str]]:
    """The name is made in code that stands between triple quotes: it runs again."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
            continue
        text = node.value.value
        if isinstance(text, str) and re.search(rf"(?m)^\s*(?:def\s+)?{re.escape(wrong)}\b", text):
            for _, new, note in textedits.quoted_code(lines, node.lineno - 1):
                yield new, 0.3, note  # it may have been put aside for a reason


def _expressions(text: str, tree: ast.Module, line: int) -> list[str]:
    """Fields and items that the function around the line uses, and their twins (left, right)."""
    function = _function(tree, line)
    found: dict[str, None] = {}
    for node in ast.walk(function) if function is not None else ():
        if not isinstance(node, ast.Attribute | ast.Subscript) or not isinstance(
            node.value, ast.Name
        ):
            continue
        own = ast.get_source_segment(text, node) or ""
        if not own or len(own) > _EXPRESSION or node.value.id == "self":
            continue
        found[own] = None
        if isinstance(node, ast.Attribute):
            found |= dict.fromkeys(f"{node.value.id}.{t}" for t in name_twins(node.attr))
    return list(found)[:24]


def _initialised(
    lines: list[str], tree: ast.Module, line: int, wrong: str
) -> Iterator[tuple[str, float, str]]:
    """The name gets a first value: as a name like it has, at the top of the function, or before
    the outermost loop.
    """
    function = _function(tree, line)
    if function is None:
        return
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign)
            and node.lineno < line
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
            and JaroWinkler.similarity(node.targets[0].id, wrong) >= _SIBLING
            and not lines[node.lineno - 1][: node.col_offset].strip()
        ):
            value = ast.get_source_segment("\n".join(lines), node.value) or ""
            end = node.end_lineno or node.lineno
            new = [*lines[:end], f"{' ' * node.col_offset}{wrong} = {value}", *lines[end:]]
            yield "\n".join(new), 0.9, f"`{wrong}` made like `{node.targets[0].id}`"
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
        first = body[1]
    places = [first]
    around = [s for s in body if s.lineno <= line <= (s.end_lineno or s.lineno)]
    places += [s for s in around if s is not first]
    spec = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
    starts = [*_STARTS]
    for name in spec[:3]:
        starts += [f"len({name})", f"[0] * len({name})", f"set({name})", f"Counter({name})", name,
                   f"sorted({name})", f"{name}[0]", f"[0] * ({name} + 1)"]  # fmt: skip
    for place in places:
        at, margin = place.lineno - 1, " " * place.col_offset
        if lines[at][: place.col_offset].strip():
            continue
        for rank, start in enumerate(starts):
            new = [*lines[:at], f"{margin}{wrong} = {start}", *lines[at:]]
            yield "\n".join(new), 0.5 - 0.008 * rank, f"`{wrong} = {start}`"


def _attribute(
    text: str, tree: ast.Module, lines: list[str], line: int, owner: str, wrong: str
) -> Iterator[tuple[str, float, str]]:
    own = lines[line - 1]
    word = re.compile(rf"\.{re.escape(wrong)}(?!\w)")

    def at_line(new: str) -> str:
        return "\n".join([*lines[: line - 1], new, *lines[line:]])

    if not word.search(own):
        return
    for pattern, new in _FOREIGN:
        changed = re.sub(pattern, new, own)
        if changed != own:
            yield at_line(changed), 0.8, f"no `.{wrong}` here"
            everywhere = "\n".join(re.sub(pattern, new, x) if word.search(x) else x for x in lines)
            yield everywhere, 0.75, f"no `.{wrong}`"
    prefix = re.compile(rf"\bself\.{re.escape(wrong)}(?!\w)")
    if prefix.search(own):
        yield at_line(prefix.sub(wrong, own)), 0.9, f"`{wrong}` without `self.`"
        yield prefix.sub(wrong, text), 0.85, f"`{wrong}` without `self.` everywhere"
    kind = getattr(builtins, owner, None)
    pool = set(dir(kind)) if isinstance(kind, type) else set()
    pool |= _members(tree, line) if owner not in ("list", "dict", "str", "int", "set") else set()
    pool |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for name in pool - {wrong}:
        if name.startswith("__"):
            continue
        alike = JaroWinkler.similarity(name, wrong)
        yield at_line(word.sub(f".{name}", own)), 0.35 + 0.5 * alike, f"`.{wrong}` → `.{name}`"
    bare = re.sub(r"^_*(?:get|to|as|is)_?", "", wrong) or wrong
    for pattern, new, prior in (
        (rf"self\.{re.escape(wrong)}\((\w+)\)", rf"\1.{bare}()", 0.7),
        (rf"self\.{re.escape(wrong)}\((\w+)\)", rf"list(\1.{bare}())", 0.65),
        (rf"\.{re.escape(wrong)}\([^()]*\)", "", 0.6),
        (rf"\.{re.escape(wrong)}(?!\w)", "", 0.6),
        (rf"([\w.]+)\.{re.escape(wrong)}\(([^()]*)\)", r"\2", 0.5),
        (rf"([\w.]+)\.{re.escape(wrong)}\(\)", rf"{wrong}(\1)", 0.5),
        (rf"([\w.]+)\.{re.escape(wrong)}\(([^()]*)\)", rf"{wrong}(\1, \2)", 0.4),
        (rf"([\w.]+)\.{re.escape(wrong)}\(([^()]*)\)", r"\1 + [\2]", 0.3),
        (rf"([\w.]+)\.{re.escape(wrong)}\(([^()]*)\)", r"\1[\2]", 0.4),
    ):
        changed = re.sub(pattern, new, own)
        if changed != own:
            yield at_line(changed), prior, f"without `.{wrong}`"


def _typed(own: str, with_line: "object") -> Iterator[tuple[str, float, str]]:
    assert callable(with_line)
    for match in re.finditer(r"\b(\w+)\(([^()]*)\)", own):
        new = own.replace(match[0], f"{match[1]}[{match[2]}]", 1)
        yield with_line(new), 0.45, "an index, not a call"
        new = own.replace(match[0], match[2], 1)
        yield with_line(new), 0.4, f"without `{match[1]}()`"
    for match in re.finditer(r"(\w+)\[([^\[\]]*)\]", own):
        new = own.replace(match[0], f"{match[1]}({match[2]})", 1)
        yield with_line(new), 0.45, "a call, not an index"
        new = own.replace(match[0], match[1], 1)
        yield with_line(new), 0.4, "no index"
    for match in re.finditer(r"(?<![\w.'\"])([A-Za-z_][\w.]*(?:\[[^\[\]]*\])?)(?![\w(\[])", own):
        for name in ("str", "int", "len", "list", "tuple", "float", "set"):
            new = f"{own[: match.start()]}{name}({match[1]}){own[match.end() :]}"
            yield with_line(new), 0.4, f"`{name}({match[1]})`"


def _nonlocal(
    lines: list[str], tree: ast.Module, line: int, message: str
) -> Iterator[tuple[str, float, str]]:
    match = _NAME.search(message)
    function = _function(tree, line)
    if match is None or function is None:
        return
    name = match.group(1) or match.group(2) or match.group(3)
    first = function.body[0]
    at, margin = first.lineno - 1, " " * first.col_offset
    for word in ("nonlocal", "global"):
        yield (
            "\n".join([*lines[:at], f"{margin}{word} {name}", *lines[at:]]),
            0.9,
            f"`{word} {name}`",
        )
