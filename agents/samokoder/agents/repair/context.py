"""What a model is shown: the function most likely wrong, what it uses, how it fails.

Places come from the failure's frames; where only the test is named, from what the test calls.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from samokoder.agents.checks.check import CheckResult, Problem
from samokoder.agents.repair import testcode

_EXCERPT = 900
"""Characters of a failing test that are shown."""
_ERROR = 500
"""Characters of one failure's message."""
_INTERFACES = 600


@dataclass(frozen=True, slots=True)
class Target:
    """One function (``name`` with its class) or, without a name, a whole file.

    Lines count from 1, ``end`` included, decorators too.
    """

    path: str
    name: str
    start: int
    end: int
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing test, or just a message, cut to what fits."""

    title: str
    excerpt: str
    message: str


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: str, text: str) -> list[Target]:
    """All functions of a Python file, methods with their class, outer before inner."""
    tree = testcode.parse(text)
    if tree is None:
        return []
    lines = text.split("\n")
    found: list[Target] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                start = min([child.lineno, *(d.lineno for d in child.decorator_list)])
                end = child.end_lineno or child.lineno
                body = "\n".join(lines[start - 1 : end])
                found.append(Target(path, prefix + child.name, start, end, body))
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return found


def targets(
    problems: Iterable[Problem],
    texts: Mapping[str, str],
    lines: Mapping[tuple[str, int], float] | None = None,
) -> list[Target]:
    """Functions that may be wrong, likeliest first; product code only.

    ``texts`` are the Python files by path; ``lines`` adds suspicion (0–1) from running the tests.
    """
    by_path = {p: functions(p, t) for p, t in texts.items() if not testcode.is_test_path(p)}
    scores: dict[tuple[str, str], float] = {}

    def add(target: Target, points: float) -> None:
        name = (target.path, target.name)
        scores[name] = scores.get(name, 0.0) + points

    for problem in problems:
        frames = [(f.path, f.line) for f in problem.related]
        places = [(problem.path, problem.line), *reversed(frames)]
        for rank, (path, line) in enumerate(places):
            inner = [t for t in by_path.get(path, ()) if t.start <= line <= t.end]
            if inner:
                add(max(inner, key=lambda t: t.start), 4.0 / (rank + 1))
        called = _called(problem, texts)
        for depth, names in enumerate(called):
            for found in by_path.values():
                for target in found:
                    if target.name.rpartition(".")[2] in names:
                        add(target, 2.0 / (depth + 1))
    for (path, line), suspicion in (lines or {}).items():
        inner = [t for t in by_path.get(path, ()) if t.start <= line <= t.end]
        if inner:
            add(max(inner, key=lambda t: t.start), suspicion * 0.2)
    ranked = [
        Target(t.path, t.name, t.start, t.end, t.text, scores[t.path, t.name])
        for found in by_path.values()
        for t in found
        if (t.path, t.name) in scores
    ]
    return sorted(ranked, key=lambda t: (-t.score, t.path, t.start))


def _called(problem: Problem, texts: Mapping[str, str]) -> list[set[str]]:
    """Names called by the failing test, then names those call."""
    test = enclosing(texts.get(problem.path, ""), problem.line)
    if test is None or not testcode.is_test_path(problem.path):
        return []
    first = _calls(test)
    second: set[str] = set()
    for path, text in texts.items():
        if testcode.is_test_path(path):
            continue
        tree = testcode.parse(text)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, Function | ast.ClassDef) and node.name in first:
                second |= _calls(node)
    return [first, second - first]


def _calls(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Call):
            if isinstance(child.func, ast.Name):
                found.add(child.func.id)
            elif isinstance(child.func, ast.Attribute):
                found.add(child.func.attr)
    return found


def enclosing(text: str, line: int) -> ast.AST | None:
    """The innermost function at this line, or the statement at module level."""
    tree = testcode.parse(text)
    best: ast.AST | None = None
    for node in ast.walk(tree) if tree is not None else ():
        inside = isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or 0)
        if inside and (best is None or getattr(node, "lineno", 0) >= getattr(best, "lineno", 0)):
            best = node
    if best is None and tree is not None:
        for statement in tree.body:
            if statement.lineno <= line <= (statement.end_lineno or 0):
                return statement
    return best


def failures(
    problems: Iterable[Problem], texts: Mapping[str, str], limit: int = 2
) -> list[Failure]:
    """The first failures, with the failing part of the test, each test once."""
    found: list[Failure] = []
    seen: set[str] = set()
    for problem in problems:
        name = problem.test or f"{problem.path}:{problem.line}"
        if name in seen:
            continue
        seen.add(name)
        found.append(Failure(name, _excerpt(problem, texts), problem.message.strip()[:_ERROR]))
        if len(found) >= limit:
            break
    return found


def _excerpt(problem: Problem, texts: Mapping[str, str]) -> str:
    for path, line in [(problem.path, problem.line), *((f.path, f.line) for f in problem.related)]:
        if not testcode.is_test_path(path) or path not in texts:
            continue
        lines = texts[path].split("\n")
        node = enclosing(texts[path], line)
        if node is None:
            continue
        start = getattr(node, "lineno", line)
        end = min(getattr(node, "end_lineno", line) or line, line + 3)
        body = "\n".join(lines[start - 1 : end])
        if len(body) > _EXCERPT:
            near = "\n".join(lines[max(start, line - 6) - 1 : end])
            body = f"{lines[start - 1]}\n    ...\n{near}"[:_EXCERPT]
        return body
    return ""


def interfaces(target: Target, texts: Mapping[str, str]) -> str:
    """Signatures of the project's functions that the target calls, and its class's fields."""
    tree = testcode.parse(_dedented(target.text))
    if tree is None:
        return ""
    called = _calls(tree)
    found: list[str] = []
    for path, text in texts.items():
        if testcode.is_test_path(path):
            continue
        for other in functions(path, text):
            if other.name.rpartition(".")[2] in called and other.name != target.name:
                head = re.match(
                    r"(?s)(?:\s*@.*?\n)*\s*((?:async\s+)?def .*?\)[^:\n]*:)", other.text
                )
                if head:
                    found.append(" ".join(head.group(1).split()))
    owner = target.name.rpartition(".")[0]
    if owner:
        for other in functions(target.path, texts[target.path]):
            if other.name == f"{owner}.__init__" and other.name != target.name:
                found.insert(0, _dedented(other.text))
    return "\n".join(dict.fromkeys(found))[:_INTERFACES]


def _dedented(text: str) -> str:
    lines = text.split("\n")
    margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
    return "\n".join(x[margin:] for x in lines)


def tail(result: CheckResult, limit: int = 1200) -> str:
    """The end of a check's output, for problems that no parser understood."""
    return result.output.strip()[-limit:]
