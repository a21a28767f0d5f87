"""What test code says, compared before and after a change.

An existing test may be repaired only where it could not run at all: an import that leads nowhere,
a name that is not defined, a syntax error. New tests may be added.
"""

import ast
import builtins
import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from samokoder.agents import pysyntax

_FOLDERS = frozenset({"tests", "test", "testing", "__tests__", "spec", "specs", "e2e"})
_NAME = re.compile(
    r"^(?:test_.*|.*_tests?|tests?)\.pyi?$|.*[.\-_](?:test|spec)\.[cm]?[jt]sx?$|.*_test\.(?:go|cc|cpp)$"
    r"|.*(?:Test|Tests|IT)\.java$|^conftest\.py$"
)
_WORDS = re.compile(r"\b(?:assert\w*|expect|should|raises|t\.(?:Error|Fatal)\w*)\b")
_SKIPS = re.compile(
    r"\.skip\b|\.only\b|\.todo\b|\bx(?:it|describe|test)\b|t\.Skip|#\[ignore|@Disabled|@Ignore"
)


def is_test_path(path: str) -> bool:
    """True for files that hold tests, in the habits of the languages we know."""
    pure = PurePosixPath(path)
    return bool(_NAME.match(pure.name)) or bool(_FOLDERS & set(pure.parts[:-1]))


def parse(text: str) -> ast.Module | None:
    """The tree of a Python text, or None when it is not Python."""
    try:
        return pysyntax.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def same_code(old: bytes, new: bytes) -> bool:
    """True when only layout or comments differ."""
    before, after = parse(old.decode("utf-8", "replace")), parse(new.decode("utf-8", "replace"))
    return before is not None and after is not None and ast.dump(before) == ast.dump(after)


def test_names(tree: ast.AST) -> set[str]:
    """Names of test functions and test classes."""
    return {
        n.name
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and n.name.startswith(("test", "Test"))
    }


def assertions(tree: ast.AST) -> Iterator[str]:
    """Every assertion, as a dump, with the kinds of the statements around it."""

    def visit(node: ast.AST, around: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, ast.Assert):
            yield "/".join(around) + ast.dump(node.test)
            return
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name.startswith(("assert", "raises", "fail")):
                yield "/".join(around) + ast.dump(node)
        if isinstance(node, ast.If | ast.Try | ast.While | ast.For | ast.With | ast.Return):
            around = (*around, type(node).__name__)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, around)

    yield from visit(tree, ())


def undefined(tree: ast.Module) -> frozenset[str]:
    """Names that are read in the module and defined nowhere in it."""
    stored = set(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__"}
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stored.add(node.name)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if any(a.name == "*" for a in node.names):
                return frozenset()
            stored.update((a.asname or a.name).split(".")[0] for a in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            stored.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            stored.add(node.rest)
    return frozenset(read - stored)


def weakened(
    path: str, old: bytes | None, new: bytes | None, *, exists: Callable[[str], bool]
) -> Iterator[str]:
    """Sentences about what the change takes away from the tests in one file."""
    if old is None:
        return
    if new is None:
        yield f"{path}: tests were deleted"
        return
    before, after = old.decode("utf-8", "replace"), new.decode("utf-8", "replace")
    if PurePosixPath(path).suffix not in (".py", ".pyi"):
        yield from _foreign(path, before, after)
        return
    old_tree, new_tree = parse(before), parse(after)
    if new_tree is None:
        return  # the prover refuses it anyway
    if old_tree is None:
        yield from _resyntaxed(path, before, after)
        return
    holes = undefined(old_tree)
    yield from _imports(path, old_tree, new_tree, exists)
    yield from _body(path, _rest(old_tree.body), _rest(new_tree.body), holes)


def _rest(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [s for s in body if not isinstance(s, ast.Import | ast.ImportFrom)]


def _matches(old: ast.AST, new: ast.AST, holes: frozenset[str]) -> bool:
    """Equal code, where a name that was undefined may have become another one."""
    was, now = ast.dump(old), ast.dump(new)
    if was == now:
        return True
    pattern = re.escape(was)
    for name in holes:
        pattern = pattern.replace(re.escape(f"id='{name}'"), r"id='\w+'")
    return bool(re.fullmatch(pattern, now))


def _body(
    path: str, old: list[ast.stmt], new: list[ast.stmt], holes: frozenset[str]
) -> Iterator[str]:
    """Old statements must all be there, in order; only tests may be new."""
    at = 0
    extra: list[ast.stmt] = []
    for statement in old:
        found = next(
            (i for i in range(at, len(new)) if _matches(statement, new[i], holes)),
            None,
        )
        if found is None and isinstance(statement, ast.ClassDef):
            found = next(
                (
                    i
                    for i in range(at, len(new))
                    if isinstance(n := new[i], ast.ClassDef)
                    and n.name == statement.name
                    and [ast.dump(d) for d in n.decorator_list]
                    == [ast.dump(d) for d in statement.decorator_list]
                    and [ast.dump(b) for b in n.bases] == [ast.dump(b) for b in statement.bases]
                ),
                None,
            )
            if found is not None:
                twin = new[found]
                assert isinstance(twin, ast.ClassDef)
                yield from _body(path, statement.body, twin.body, holes)
        if found is None:
            yield f"{path}: {_named(statement)} was removed or changed"
            continue
        extra += new[at:found]
        at = found + 1
    taken = {n.name for n in old if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for statement in (*extra, *new[at:]):
        name = getattr(statement, "name", "")
        fresh = name.startswith(("test", "Test")) and name not in taken
        skipped = "skip" in " ".join(map(ast.dump, getattr(statement, "decorator_list", ())))
        if not fresh or skipped:
            yield f"{path}: {_named(statement)} was added to the tests"


def _named(statement: ast.stmt) -> str:
    name = getattr(statement, "name", "")
    if name:
        return f"`{name}`"
    return f"`{ast.unparse(statement).splitlines()[0][:60]}`"


def _imports(
    path: str, old: ast.Module, new: ast.Module, exists: Callable[[str], bool]
) -> Iterator[str]:
    """A name may come from another module only when its old module is not there."""
    was, now = import_sources(old), import_sources(new)
    stored = {n.name for n in ast.walk(new) if isinstance(n, ast.FunctionDef | ast.ClassDef)} | {
        n.id for n in ast.walk(new) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for name, module in was.items():
        if name in stored and name not in now:
            yield f"{path}: `{name}` is no longer imported but defined in the test"
        elif name in now and now[name] != module and exists(module.partition(":")[0]):
            yield f"{path}: `{name}` is imported from somewhere else"


def import_sources(tree: ast.Module) -> dict[str, str]:
    """Imported name → ``module:original name``."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {a.asname or a.name: f"{module}:{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name.split(".")[0]: f"{a.name}:" for a in node.names}
    return found


def _words(text: str) -> Counter[str]:
    """Names, numbers and strings of a text that may be broken."""
    found: Counter[str] = Counter()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
                found[token.string] += 1
    except (tokenize.TokenError, SyntaxError):
        return Counter(re.findall(r"\w+", re.sub(r"#.*", "", text)))
    return found


def _resyntaxed(path: str, before: str, after: str) -> Iterator[str]:
    """A test file that could not be parsed: only punctuation may have changed."""
    plain = [Counter(re.findall(r"\w+", re.sub(r"(?m)#.*$", "", t))) for t in (before, after)]
    gone, come = plain[0] - plain[1], plain[1] - plain[0]
    strange = [w for w in (*gone, *come) if not keyword.iskeyword(w)]
    if (any(gone.values()) and strange) or sum(come.values()) > 2:
        yield f"{path}: more than the syntax of a test file was changed"


def _foreign(path: str, before: str, after: str) -> Iterator[str]:
    """Tests in other languages, compared by line: assertions stay, skips do not appear."""

    def lines(text: str) -> Counter[str]:
        return Counter(" ".join(x.split()) for x in text.splitlines() if _WORDS.search(x))

    if lines(before) - lines(after):
        yield f"{path}: an assertion was removed or changed"
    if Counter(_SKIPS.findall(after)) - Counter(_SKIPS.findall(before)):
        yield f"{path}: a test was switched off"
    if after.count("//") + after.count("/*") > before.count("//") + before.count("/*") + 1:
        yield f"{path}: tests were commented out"
