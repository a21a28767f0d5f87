"""Where the fault may be: lines that failing tests run and passing ones do not (Ochiai)."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from samokoder.agents.repair import testcode

_FRAME = 0.5
"""Added to the suspicion of a line that the failure's stack names."""
_TESTS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """``files``: path and suspicion by line, worst file first; ``failing`` and ``passing`` are test
    ids as the runner names them. ``crash`` is the type and message of the first failure when it is
    no assertion; ``frames`` its places below the workspace, outermost first. All tests take
    ``seconds`` of CPU.
    """

    files: tuple[tuple[str, dict[int, float]], ...]
    failing: tuple[str, ...]
    passing: tuple[str, ...]
    crash: str = ""
    frames: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0
    ignored: tuple[str, ...] = ()
    """Tests that fail for other causes."""

    @property
    def crash_line(self) -> int:
        return self.frames[-1][1] if self.frames else 0


def failure(error: Any, root: str) -> tuple[str, list[tuple[str, int]]]:
    """``Type: message`` and the frames below ``root``, relative to it."""
    if not isinstance(error, dict):
        return "", []
    frames: list[tuple[str, int]] = []
    for frame in error.get("frames") or ():
        name, line = str(frame[0]), int(frame[1])
        if name.startswith(root + "/"):
            frames.append((name[len(root) + 1 :], line))
        elif not name.startswith(("/", "<")):
            frames.append((name.removeprefix("./"), line))
    return f"{error.get('type')}: {error.get('message')}", frames


def located(
    traced: Mapping[str, Any],
    root: str,
    texts: Mapping[str, str],
    wanted: Collection[str] = (),
) -> Place | None:
    """From a trace of the runner; None when it says nothing about the project's own files.

    ``wanted`` are the failing tests that matter, as checks name them; the others that fail are
    left out. Empty: all matter.
    """
    names = [str(n) for n in traced.get("files") or ()]
    paths = [n[len(root) + 1 :] if n.startswith(root + "/") else "" for n in names]
    tests = [t for t in traced.get("tests") or () if t]
    kind, frames = failure(traced.get("error"), root)
    failing = [str(t[0]) for t in tests if t[1]]
    mine_ = [t for t in failing if any(same_test(t, w) for w in wanted)]
    ignored = frozenset(failing) - frozenset(mine_) if mine_ else frozenset[str]()
    tests = [t for t in tests if str(t[0]) not in ignored]
    failing = [t for t in failing if t not in ignored]
    passing = [str(t[0]) for t in tests if not t[1] and t[0]]
    bad = sum(1 for t in tests if t[1]) or 1
    counts: dict[tuple[str, int], list[int]] = {}
    before = tests[0][2] if tests and not tests[0][0] else []
    for name, is_bad, lines in tests:
        whole = lines if name else []
        for number, line in whole:
            if paths[number] in texts:
                counts.setdefault((paths[number], line), [0, 0])[0 if is_bad else 1] += 1
    if not counts:
        for number, line in before:
            if paths[number] in texts:
                counts[paths[number], line] = [1, 0]
    elif before:
        for number, line in before:  # module level: run once, when the file is imported
            if paths[number] in texts:
                counts.setdefault((paths[number], line), [bad, len(passing)])
    files: dict[str, dict[int, float]] = {}
    for (path, line), (hit, ok) in counts.items():
        if hit:
            value = hit / math.sqrt(bad * (hit + ok))
            files.setdefault(path, {})[line] = max(0.05, value)
    for path, line in frames:
        if path in texts:
            own = files.setdefault(path, {})
            own[line] = own.get(line, 0.3) + _FRAME
    if not files:
        return None
    for path, lines_ in files.items():
        _spread(texts[path], lines_)
    ranked = sorted(files.items(), key=lambda f: (-max(f[1].values()), f[0]))
    crash = kind if kind and not kind.startswith("AssertionError") else ""
    mine = tuple((p, n) for p, n in frames if p in texts)
    return Place(
        tuple(ranked),
        tuple(failing[:_TESTS]),
        tuple(passing),
        crash,
        mine,
        float(traced.get("seconds") or 0.0),
        tuple(sorted(ignored)),
    )


def same_test(one: str, other: str) -> bool:
    """Whether two tools' names mean the same test: one may leave out where it stands."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _spread(text: str, lines: dict[int, float]) -> None:
    """Lines of one statement share their suspicion: a trace names only the first of some."""
    import ast

    tree = testcode.parse(text)
    if tree is None:
        return
    for node in ast.walk(tree):
        compound = isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If | ast.For
            | ast.While | ast.With | ast.Try | ast.Match
        )  # fmt: skip
        if isinstance(node, ast.stmt) and not compound and node.end_lineno != node.lineno:
            span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            worst = max((lines.get(n, 0.0) for n in span), default=0.0)
            if worst:
                for n in span:
                    lines.setdefault(n, worst)
        elif isinstance(node, ast.If | ast.While | ast.For) and node.lineno in lines:
            head = node.test if isinstance(node, ast.If | ast.While) else node.iter
            for n in range(node.lineno, (head.end_lineno or node.lineno) + 1):
                lines.setdefault(n, lines[node.lineno])
