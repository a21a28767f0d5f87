# ruff: noqa: E501  (workspaces are long lines)
"""A workspace for each case of the public sets: the broken file, and half of its tests."""

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYTHON = sys.executable
UNITTEST = f"{PYTHON} -m unittest -q"


@dataclass
class Prepared:
    """A workspace for one case. ``path`` is the file whose text is judged."""

    path: str
    command: str
    shown: str
    """How much of the tests the fixer sees."""
    gold: str
    prefix: str = ""
    """Put before the file for the fixer, taken away for the judge."""


def half(count: int, rng: random.Random, failing: list[int] | None = None) -> list[int]:
    """Indices of the half that the fixer sees: at least one, and one that fails before."""
    order = list(range(count))
    rng.shuffle(order)
    shown = order[: max(1, (count + 1) // 2)]
    if failing and not set(failing) & set(shown):
        shown[-1] = rng.choice(failing)
    return sorted(shown)


def fails(program: str, root: Path, seconds: float = 5.0) -> bool:
    """True when this program fails beside the case's files."""
    try:
        done = subprocess.run(
            [PYTHON, "-B", "-c", program],
            cwd=root,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def quix_failing(x: dict[str, Any], cases: list[Any], root: Path) -> list[int]:
    found = []
    for i, (arguments, wanted) in enumerate(cases):
        arguments = arguments if isinstance(arguments, list) else [arguments]
        call = ", ".join(map(repr, arguments))
        extra = f", {arguments[-1]!r}" if x["id"] == "sqrt" else ""
        program = (
            f"{VALUES}\nfrom {x['id']} import *\nassert same({x['id']}({call}), {wanted!r}{extra})"
        )
        if fails(program, root, 2.0):
            found.append(i)
    return found


# --- one workspace per kind of set -------------------------------------------------------------

VALUES = """
import math
import types


def plain(value):
    if isinstance(value, types.GeneratorType):
        value = list(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(v) for v in value)
    return value


def same(got, wanted, tolerance=1e-6):
    got, wanted = plain(got), plain(wanted)
    if isinstance(got, float) or isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-6, abs_tol=tolerance)
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(same(a, b) for a, b in zip(got, wanted))
    return got == wanted
"""


def quixbugs(x: dict[str, Any], root: Path, rng: random.Random) -> Prepared:
    name = x["id"]
    (root / x["path"]).write_text(x["buggy_code"])
    for path, text in x.get("extra_files", {}).items():
        (root / path).write_text(text)
    if "testcases" not in x:
        text = x["pytest"].replace("import pytest\n", "import unittest\n")
        tree = ast.parse(text)
        tests = [
            n.name
            for n in tree.body
            if isinstance(n, ast.FunctionDef) and n.name.startswith("test")
        ]
        stub = "import sys, types\nsys.modules['pytest'] = types.SimpleNamespace(use_correct=False, run_slow=False)\n"
        bad = [i for i, n in enumerate(tests) if fails(f"{stub}{text}\n{n}()", root)]
        keep = {tests[i] for i in half(len(tests), rng, bad)}
        body = [
            n
            for n in tree.body
            if not (isinstance(n, ast.FunctionDef) and n.name in set(tests) - keep)
        ]
        text = "\n\n".join(ast.unparse(n) for n in body)
        text = (
            "import types\npytest = types.SimpleNamespace(use_correct=False, run_slow=False)\n"
            + text
        )
        calls = "\n".join(f"    def {n}(self):\n        {n}()\n" for n in sorted(keep))
        (root / f"test_{name}.py").write_text(
            f"import unittest\n{text}\n\n\nclass Tests(unittest.TestCase):\n{calls}"
        )
        return Prepared(
            x["path"], f"{UNITTEST} test_{name}", f"{len(keep)}/{len(tests)}", x["correct_code"]
        )
    cases = [c for c in x["testcases"] if not (name == "levenshtein" and sum(map(len, c[0])) > 20)]
    cases = [c for c in cases if not (name == "knapsack" and len(c[0][1]) > 20)]
    shown = half(len(cases), rng, quix_failing(x, cases, root))
    lines = [
        f"import unittest\n{VALUES}\n\nfrom {name} import {name}\n\n\nclass Tests(unittest.TestCase):\n"
    ]
    for i in shown:
        arguments, wanted = cases[i]
        arguments = arguments if isinstance(arguments, list) else [arguments]
        extra = f", tolerance={arguments[-1]!r}" if name == "sqrt" else ""
        call = ", ".join(map(repr, arguments))
        lines.append(
            f"    def test_{i}(self):\n        got = {name}({call})\n"
            f"        self.assertTrue(same(got, {wanted!r}{extra}), f'got {{got!r}}, wanted {wanted!r}')\n"
            if extra
            else f"    def test_{i}(self):\n        got = {name}({call})\n"
            f"        if not same(got, {wanted!r}):\n"
            f"            self.assertEqual(got, {wanted!r})\n"
        )
    (root / f"test_{name}.py").write_text("\n".join(lines))
    return Prepared(
        x["path"], f"{UNITTEST} test_{name}", f"{len(shown)}/{len(cases)}", x["correct_code"]
    )


def exercism(x: dict[str, Any], root: Path, rng: random.Random) -> Prepared:
    (root / x["path"]).write_text(x["buggy"])
    for path, text in x["extra_files"].items():
        (root / path).write_text(text)
    test = x["test"]
    tree = ast.parse(test)
    methods = [
        n
        for c in tree.body
        if isinstance(c, ast.ClassDef)
        for n in c.body
        if isinstance(n, ast.FunctionDef) and n.name.startswith("test")
    ]
    failing = failing_methods(x, root, test)
    shown = set(half(len(methods), rng))
    if failing and not any(methods[i].name in failing for i in shown):
        shown.add(rng.choice([i for i, m in enumerate(methods) if m.name in failing]))
    lines = test.split("\n")
    for i, method in enumerate(methods):
        if i not in shown:
            start = min([method.lineno, *(d.lineno for d in method.decorator_list)])
            for number in range(start - 1, method.end_lineno or start):
                lines[number] = ""
    if all(not any(lines[m.lineno - 1 : m.end_lineno]) for m in methods):
        lines = test.split("\n")
    text = "\n".join(lines)
    try:
        ast.parse(text)
    except SyntaxError:  # a class lost all of its tests
        text = fill_empty_classes(text)
    (root / x["test_path"]).write_text(text)
    command = f"{UNITTEST} {x['test_path'][:-3]}"
    return Prepared(x["path"], command, f"{len(shown)}/{len(methods)}", x["correct"])


def fill_empty_classes(text: str) -> str:
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if line.startswith("class ") and not any(
            later.startswith(" ") for later in lines[i + 1 : next_top(lines, i + 1)]
        ):
            lines[i] += "\n    pass"
    return "\n".join(lines)


def next_top(lines: list[str], start: int) -> int:
    return next((i for i in range(start, len(lines)) if lines[i][:1].strip()), len(lines))


def failing_methods(x: dict[str, Any], root: Path, test: str) -> set[str]:
    """Names of the tests that fail before; one of them must be among those shown."""
    (root / x["test_path"]).write_text(test)
    done = subprocess.run(
        [PYTHON, "-m", "unittest", x["test_path"][:-3]],
        cwd=root, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    shutil.rmtree(root / "__pycache__", ignore_errors=True)
    return set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.MULTILINE))


def humaneval(x: dict[str, Any], root: Path, rng: random.Random) -> Prepared:
    module = x["path"][:-3]
    (root / x["path"]).write_text(x["buggy"])
    test = x["test"]
    tree = ast.parse(test)
    lines = test.split("\n")
    check = next(n for n in tree.body if isinstance(n, ast.FunctionDef))
    asserts = [n for n in ast.walk(check) if isinstance(n, ast.Assert) and n.col_offset == 4]
    helpers = "\n".join(lines[: check.lineno - 1])
    before = [n for n in check.body if not isinstance(n, ast.Assert)]
    start = f"from {module} import *\n{helpers}\n" + "".join(ast.unparse(n) + "\n" for n in before)
    if check.args.args:
        start += f"{check.args.args[0].arg} = {x['entry_point']}\n"
    bad = [i for i, a in enumerate(asserts) if fails(start + ast.unparse(a), root)]
    shown = half(len(asserts), rng, bad) if asserts else []
    setup = "\n".join("    " + x for n in before for x in ast.unparse(n).splitlines())
    methods = []
    for i in shown:
        body = ast.unparse(asserts[i])
        methods.append(
            f"    def test_{i}(self):\n"
            + "\n".join("    " + s for s in [setup, "    " + body] if s.strip())
            + "\n"
        )
    if not asserts:
        methods = ["    def test_all(self):\n        check(" + x["entry_point"] + ")\n"]
        helpers = test.rsplit("check(", 1)[0]
    names = imported(x["buggy"], x["entry_point"])
    argument = check.args.args[0].arg if check.args.args else "candidate"
    (root / f"test_{module}.py").write_text(
        f"import unittest\nfrom {module} import {names}\n"
        + ("" if argument == x["entry_point"] else f"{argument} = {x['entry_point']}\n")
        + f"{helpers}\n\n\nclass Tests(unittest.TestCase):\n"
        + "\n".join(methods)
    )
    count = f"{len(shown)}/{len(asserts)}"
    return Prepared(x["path"], f"{UNITTEST} test_{module}", count, x["correct"])


def imported(text: str, entry: str) -> str:
    names = [n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    return ", ".join(dict.fromkeys([entry, *names]))


def debugbench(x: dict[str, Any], root: Path, rng: random.Random, data: Path) -> Prepared:
    """The problem's environment is a module that the solution imports from."""
    run = (data / "debugbench_run.py").read_text()
    whole = run.split("import json\n_c =")[0]
    prelude, converters = whole.split("def _ln(", 1)
    converters = "def _ln(" + converters
    (root / "prelude.py").write_text(
        prelude + "\n__all__ = [n for n in dir() if not n.startswith('__')]\n"
    )
    prefix = "from prelude import *\n"
    (root / "solution.py").write_text(prefix + x["buggy"])
    conv = x["conv"]
    bad = [
        i
        for i, (arguments, wanted) in enumerate(x["tests"])
        if fails(
            f"{converters}".join(["from prelude import *\n", "\n"])
            + "from solution import Solution\nimport json\n"
            + f"got = _un(Solution().{x['method']}("
            + ", ".join(
                f"{k}({v!r})" if k else repr(v) for k, v in zip(conv, arguments, strict=False)
            )
            + f"))\nassert json.loads(json.dumps(got)) == {wanted!r}",
            root,
        )
    ]
    shown = half(len(x["tests"]), rng, bad)
    lines = [
        "import json\nimport unittest\n\nfrom prelude import ListNode, TreeNode, deque\n"
        f"from solution import Solution\n\n\n{converters}\n\n"
        "class Tests(unittest.TestCase):\n"
    ]
    for i in shown:
        arguments, wanted = x["tests"][i]
        made = ", ".join(
            f"{k}({v!r})" if k else repr(v) for k, v in zip(conv, arguments, strict=False)
        )
        compare = (
            f"self.assertAlmostEqual(got, {wanted!r}, places=4)"
            if isinstance(wanted, float)
            else f"self.assertEqual(json.loads(json.dumps(got)), {wanted!r})"
        )
        lines.append(
            f"    def test_{i}(self):\n"
            f"        got = _un(Solution().{x['method']}({made}))\n        {compare}\n"
        )
    (root / "test_solution.py").write_text("\n".join(lines))
    count = f"{len(shown)}/{len(x['tests'])}"
    return Prepared(
        "solution.py", f"{UNITTEST} test_solution", count, prefix + x["correct"], prefix
    )


def spoc(x: dict[str, Any], root: Path) -> Prepared:
    (root / "a.cpp").write_text(x["buggy"])
    include = os.environ.get("GCH_DIR")
    extra = f"-I {include} " if include else ""
    command = f"g++ -std=c++17 -fsyntax-only -w {extra}a.cpp"
    return Prepared("a.cpp", command, "the compiler", x["correct"])


def eslint(x: dict[str, Any], root: Path) -> Prepared:
    (root / x["path"]).write_text(x["code"])
    options = dict(x["languageOptions"])
    config = [
        {
            "files": ["**/*"],
            "languageOptions": options,
            "rules": {x["rule"]: ["error", *x["options"]]},
        }
    ]
    (root / "eslint.config.mjs").write_text(f"export default {json.dumps(config)};\n")
    program = Path(os.environ["ESLINT_DIR"]) / "bin" / "eslint.js"
    return Prepared(x["path"], f"node {program} {x['path']}", "the linter", x["gold"] or "")


def prepared(name: str, x: dict[str, Any], root: Path, rng: random.Random, data: Path) -> Prepared:
    if name.startswith("quixbugs"):
        return quixbugs(x, root, rng)
    if name.startswith("seeded-exercism"):
        return exercism(x, root, rng)
    if name == "humanevalfix-python":
        return humaneval(x, root, rng)
    if name.startswith("debugbench"):
        return debugbench(x, root, rng, data)
    if name.startswith("spoc"):
        return spoc(x, root)
    if name.startswith("eslint"):
        return eslint(x, root)
    raise SystemExit(f"{name}: no workspace can be made for this set")
