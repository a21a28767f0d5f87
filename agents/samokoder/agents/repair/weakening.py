"""Is a change a repair, or does it only make the checks stop complaining?

Pure comparison of texts before and after; nothing runs. Each function returns sentences, one per
weakening found; an empty tuple means that nothing was weakened. What is refused here may still be
right (a test can be wrong), but then a person has to say so: it is never applied on its own.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from samokoder.agents.repair import checkconfig, testcode

_SUPPRESSION = re.compile(
    r"type:\s*ignore|\bnoqa\b|pyright:\s*(?:ignore|basic|strict)|mypy:|pylint:\s*disable|nosec\b|"
    r"ruff:\s*noqa|pragma:\s*no\s*cover|@ts-(?:ignore|nocheck|expect-error)|eslint-disable|"
    r"istanbul ignore|c8 ignore|biome-ignore|NOLINT|nolint|fmt:\s*off"
)
_CODE_SUPPRESSION = re.compile(
    r"#!?\[allow\(|@SuppressWarnings|#pragma\s+(?:GCC|clang)\s+diagnostic\s+ignored|"
    r"//\s*nolint|NOLINT|@ts-(?:ignore|nocheck|expect-error)|eslint-disable|\bas any\b"
)
_BROAD = frozenset({"Exception", "BaseException", "AssertionError", "SystemExit"})
_MACHINERY = frozenset({"unittest", "pytest", "_pytest", "builtins", "__builtins__", "doctest"})
_TELLTALE = frozenset({"PYTEST_CURRENT_TEST", "pytest", "unittest", "_pytest"})
_ESCAPES = frozenset(
    {
        "os._exit", "os.abort", "os.kill", "os.execv", "os.execvp", "sys.settrace",
        "sys._getframe", "inspect.stack", "inspect.currentframe", "atexit.register",
        "warnings.simplefilter", "warnings.filterwarnings", "gc.get_referrers",
        "gc.get_objects", "exec", "eval",
    }
)  # fmt: skip
_ALWAYS = frozenset(
    {"__eq__", "__ne__", "__bool__", "__contains__", "__lt__", "__le__", "__gt__", "__ge__"}
)


def weakened(
    before: Mapping[str, bytes | None],
    after: Mapping[str, bytes | None],
    *,
    raised: frozenset[str] = frozenset(),
    exists: Callable[[str], bool] = lambda module: False,
) -> tuple[str, ...]:
    """What the change weakens. ``before`` and ``after`` hold the touched files (None: absent).

    ``raised`` are the names of the exceptions in the evidence; ``exists`` says whether a dotted
    module is part of the workspace.
    """
    reasons: list[str] = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        reasons += checkconfig.weakened(path, old, new)
        if testcode.is_test_path(path):
            reasons += testcode.weakened(path, old, new, exists=exists)
        if PurePosixPath(path).suffix in (".py", ".pyi"):
            reasons += _python(path, old or b"", new or b"", raised)
        elif new is not None:
            reasons += _other(path, _text(old or b""), _text(new))
    return tuple(dict.fromkeys(reasons))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _other(path: str, old: str, new: str) -> Iterator[str]:
    fresh = Counter(_CODE_SUPPRESSION.findall(new)) - Counter(_CODE_SUPPRESSION.findall(old))
    for word in fresh:
        yield f"{path}: a complaint is silenced with `{word.strip()}` instead of being resolved"


def comments(text: str) -> list[str]:
    """The comments of a Python text; as far as it can be read when it is broken."""
    found: list[str] = []
    try:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        found.extend(t.string for t in tokens if t.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        found = re.findall(r"#.*", text)
    return found


def _python(path: str, old: bytes, new: bytes, raised: frozenset[str]) -> Iterator[str]:
    old_text, new_text = _text(old), _text(new)
    was = Counter(w for c in comments(old_text) for w in _SUPPRESSION.findall(c))
    now = Counter(w for c in comments(new_text) for w in _SUPPRESSION.findall(c))
    for word in now - was:
        yield f"{path}: a complaint is silenced with `# {word}` instead of being resolved"
    new_tree, old_tree = testcode.parse(new_text), testcode.parse(old_text)
    if new_tree is None:
        return
    old_facts = Counter(_facts(old_tree, raised)) if old_tree else Counter[str]()
    for fact in Counter(_facts(new_tree, raised)) - old_facts:
        yield f"{path}: {fact}"
    if old_tree is not None:
        yield from _lost(path, old_tree, new_tree)


def _lost(path: str, old: ast.Module, new: ast.Module) -> Iterator[str]:
    """Assertions, tests in product files and doctest examples that are no longer there."""
    if testcode.is_test_path(path):
        return  # compared more strictly there
    gone = Counter(testcode.assertions(old)) - Counter(testcode.assertions(new))
    if gone:
        yield f"{path}: an assertion was removed or changed"
    if testcode.test_names(old) - testcode.test_names(new):
        yield f"{path}: a test was removed"
    if Counter(_examples(old)) - Counter(_examples(new)):
        yield f"{path}: an example in a docstring was removed or changed"


def _examples(tree: ast.Module) -> Iterator[str]:
    """Doctest examples with what they expect, one string each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            yield from re.findall(r"^>>>.*(?:\n(?!\s*\n|>>>).*)*", text, re.MULTILINE)


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a name or attribute chain; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def _facts(tree: ast.Module, raised: frozenset[str]) -> Iterator[str]:
    """Constructs that can hide a failure; only those a change adds count against it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            yield from _handler(node, raised)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _suppress(node)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Raise):
            if node.exc is not None and _ends_process(node.exc):
                yield "the program is ended with success"
        elif isinstance(node, ast.ClassDef):
            yield from _class(node)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            yield from _assignment(node)
        elif isinstance(node, ast.Try):
            if any(isinstance(n, ast.Return | ast.Break | ast.Continue) for n in node.finalbody):
                yield "`finally` swallows the error"
        elif isinstance(node, ast.Constant) and node.value in ("PYTEST_CURRENT_TEST",):
            yield "the code asks whether it is being tested"
        elif isinstance(node, ast.Compare):
            yield from _asks(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
                if name.rpartition(".")[2] in ("no_type_check", "skip", "skipIf", "xfail"):
                    yield f"`@{name}` switches a check off"
    for statement in tree.body:
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                if _names(handler.type) & {"ImportError", "ModuleNotFoundError"}:
                    yield "a missing import is swallowed at the top of the module"


def _names(node: ast.expr | None) -> set[str]:
    if node is None:
        return {"BaseException"}
    if isinstance(node, ast.Tuple):
        return {dotted(e).rpartition(".")[2] for e in node.elts}
    return {dotted(node).rpartition(".")[2]}


def _quiet(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(s, ast.Pass)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        or (
            isinstance(s, ast.Return)
            and (s.value is None or (isinstance(s.value, ast.Constant) and s.value.value is None))
        )
        for s in body
    )


def _handler(node: ast.ExceptHandler, raised: frozenset[str]) -> Iterator[str]:
    names = _names(node.type)
    if any(isinstance(n, ast.Raise) for s in node.body for n in ast.walk(s)):
        return
    if names & _BROAD:
        yield "every error is swallowed by a broad `except`"
    elif names & raised and _quiet(node.body):
        yield f"the failure itself ({', '.join(sorted(names & raised))}) is swallowed"


def _suppress(node: ast.With | ast.AsyncWith) -> Iterator[str]:
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and dotted(call.func).rpartition(".")[2] == "suppress":
            for argument in call.args:
                if _names(argument) & _BROAD:
                    yield "every error is swallowed by `suppress`"


def _ends_process(node: ast.expr) -> bool:
    """True for an exit with code 0 or none: the checks would take it for success."""
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        value = node.args[0] if node.args else None
    else:
        name, value = dotted(node), None
    if name not in ("sys.exit", "exit", "quit", "SystemExit", "builtins.exit"):
        return False
    return value is None or (isinstance(value, ast.Constant) and not value.value)


def _call(node: ast.Call) -> Iterator[str]:
    name = dotted(node.func)
    if name in _ESCAPES:
        yield f"`{name}` is used"
    elif _ends_process(node):
        yield "the program is ended with success"
    elif name.rpartition(".")[2] in ("skip", "skipTest", "xfail", "importorskip", "SkipTest"):
        yield f"`{name}` switches a test off"
    elif name in ("setattr", "delattr", "mock.patch", "patch", "unittest.mock.patch"):
        target = dotted(node.args[0]).split(".")[0] if node.args else ""
        if target in _MACHINERY or name != "setattr":
            yield f"`{name}` replaces what others rely on"
    elif name in ("os.environ.get", "os.getenv") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and str(first.value).startswith(("PYTEST", "CI")):
            yield "the code asks whether it is being tested"


def _asks(node: ast.Compare) -> Iterator[str]:
    """``"pytest" in sys.modules`` and relatives."""
    sides = [node.left, *node.comparators]
    words = {s.value for s in sides if isinstance(s, ast.Constant) and isinstance(s.value, str)}
    targets = {n for s in sides for n in (dotted(m) for m in ast.walk(s)) if n}
    if words & _TELLTALE and targets & {"sys.modules", "sys.argv", "os.environ", "__name__"}:
        yield "the code asks whether it is being tested"


def _class(node: ast.ClassDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name in _ALWAYS:
            body = item.body[1:] if ast.get_docstring(item) else item.body
            if body and isinstance(body[0], ast.Return):
                value = body[0].value
                if isinstance(value, ast.Constant) and value.value in (True, False):
                    yield f"`{node.name}.{item.name}` always answers {value.value}"
        elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Lambda):
            names = {t.id for t in item.targets if isinstance(t, ast.Name)}
            if names & _ALWAYS and isinstance(item.value.body, ast.Constant):
                yield f"`{node.name}.{min(names & _ALWAYS)}` always answers the same"


def _assignment(node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
    for target in targets:
        base = target.value if isinstance(target, ast.Subscript) else target
        name = dotted(base)
        if not isinstance(target, ast.Name) and (
            name.split(".")[0] in _MACHINERY
            or name in ("sys.modules", "sys.excepthook", "sys.path_hooks", "sys.meta_path")
        ):
            yield f"`{name}` is replaced"
        if name in ("collect_ignore", "collect_ignore_glob", "__test__", "pytestmark"):
            yield f"`{name}` switches tests off"
        if name == "sys.stdout" or name == "sys.stderr":
            yield "output is redirected"


def _import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    names = (
        [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
    )
    for name in names:
        if name.split(".")[0] in _MACHINERY - {"builtins"}:
            yield f"`{name}` is imported into the code under test"
