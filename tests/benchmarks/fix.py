# ruff: noqa: E501  (workspaces and summaries are long lines)
"""Runs the fixer over a set of broken programs and judges what it claims.

    python tests/benchmarks/fix.py --data DIR --set NAME [--half public] [--no-model | --model M]
        [--limit N] [--seed S] [--jobs J] --out F [--baseline whole-file]

``DIR`` holds folders of cases (``NAME/public.jsonl``) and their ``judge.py``. The fixer sees half of
each case's tests where a set has them one by one; the judge uses all. ``--model`` is ``perfect`` (a
scripted model that answers with the set's own solution), ``embedded:PATH`` of a weights file (or the name of pulled weights), or
any ``provider:name`` of the settings. ``--baseline whole-file`` asks the same model once for the
whole file instead of climbing. One JSON line per case goes to ``F``, a summary to the terminal.
"""

import argparse
import ast
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import msgspec

from samokoder.agents.errors import SamokoderError
from samokoder.agents.models.model import ChatRequest, Delta, Message, Model, Profile, Role, Usage
from samokoder.agents.repair import context, reply, templates
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixRequest, FixResult, fix
from samokoder.agents.repair.rewrite import language
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import CheckSettings, FixSettings, Settings
from samokoder.agents.workspace.capture import Tree

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


@dataclass
class Row:
    """One case's result."""

    id: str
    verdict: str
    solved: bool
    rung: str = ""
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0
    prompt_chars: int = 0
    reason: str = ""
    note: str = ""
    diff: str = ""
    failure: str = ""
    answer: str = ""
    tallies: list[dict[str, Any]] = field(default_factory=list)


def load_judge(data: Path) -> ModuleType:
    """The judge beside the data, as a module."""
    spec = importlib.util.spec_from_file_location("judge", data / "judge.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    shown = half(len(asserts), rng) if asserts else []
    helpers = "\n".join(lines[: check.lineno - 1])
    before = [n for n in check.body if not isinstance(n, ast.Assert)]
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


# --- models ------------------------------------------------------------------------------------


class Perfect:
    """Answers every question with the set's own solution: what is lost is the harness's fault."""

    def __init__(self, gold: str, path: str, *, small: bool) -> None:
        self._gold, self._path = gold, path
        self._profile = Profile("scripted", "perfect", small=small, remote=False)

    @property
    def profile(self) -> Profile:
        return self._profile

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        text = f"```\n{self._gold}\n```"
        if not self._profile.small:
            prompt = (
                request.messages[-1].text if len(request.messages) < 3 else request.messages[1].text
            )
            shown = prompt.split("<data>\n", 1)[1].split("\n</data>", 1)[0]
            text = (
                f"{self._path}\n<<<<<<< SEARCH\n{shown}\n=======\n{self._gold}\n>>>>>>> REPLACE\n"
            )
        yield Delta(text)
        yield Delta("", Usage(request.chars // 4, len(text) // 4), "stop")

    async def aclose(self) -> None:
        return


async def embedded(path: str, stack: Any) -> Model:
    from samokoder.agents.models import catalogue, weights
    from samokoder.agents.models.embedded import EmbeddedModel
    from samokoder.agents.models.http import Connections

    connections = Connections()
    stack.push_async_callback(connections.aclose)
    file = Path(path)
    if not await anyio.Path(file).is_file():
        known = await anyio.to_thread.run_sync(weights.path_of, path or catalogue.DEFAULT)
        if known is None:
            raise SystemExit(f"{path} is no file and no weights that were pulled")
        file = known
    return EmbeddedModel(file.stem, file, connections)


# --- one case ----------------------------------------------------------------------------------


async def climb(
    x: dict[str, Any],
    name: str,
    args: argparse.Namespace,
    tools: Tools,
    model: Model | None,
    judge: ModuleType,
) -> Row:
    rng = random.Random(f"{args.seed}/{x['id']}")
    root = Path(await anyio.to_thread.run_sync(tempfile.mkdtemp))
    try:
        ready = await anyio.to_thread.run_sync(prepared, name, x, root, rng, args.data)
        return await _climb(x, name, args, tools, model, judge, root, ready)
    finally:
        await anyio.to_thread.run_sync(lambda: shutil.rmtree(root, ignore_errors=True))


async def _climb(
    x: dict[str, Any],
    name: str,
    args: argparse.Namespace,
    tools: Tools,
    model: Model | None,
    judge: ModuleType,
    root: Path,
    ready: Prepared,
) -> Row:
    snapshot = await Tree(root).capture()
    if args.model == "perfect":
        model = Perfect(ready.gold, ready.path, small=not args.large)
    settings = Settings()
    settings = replace_fix(settings, args)
    run = DirectRun(snapshot, settings, {Role.CODER: model} if model is not None else {})
    started = time.monotonic()
    row = Row(x["id"], "error", False)
    text = ""
    try:
        if args.baseline:
            text = await whole_file(run, tools, ready)
            row.verdict = "answered"
        else:
            result = await fix(run, FixRequest(command=ready.command), tools)
            row.verdict = "nothing" if result.nothing else result.verdict.value
            text = fill(row, result)
    except SamokoderError as error:
        row.reason = str(error)
    row.seconds = time.monotonic() - started
    row.model_seconds = run.model_seconds
    row.prompt_chars = max((r.chars for _, r in run.asked), default=0)
    row.tokens = run.usage.input_tokens + run.usage.output_tokens
    row.calls = len(run.asked)
    if text:
        answer = text.replace(ready.prefix, "", 1) if ready.prefix else text
        row.answer = answer
        row.solved = await anyio.to_thread.run_sync(verdict_of, judge, name, x, answer)
    row.failure = str(x.get("failure") or x.get("op") or "")
    return row


def replace_fix(settings: Settings, args: argparse.Namespace) -> Settings:
    rungs = tuple(args.rungs.split(",")) if args.rungs else settings.fix.rungs
    return msgspec.structs.replace(
        settings,
        fix=FixSettings(rungs=rungs, seconds=args.seconds),
        check=CheckSettings(timeout=15.0),
    )


def fill(row: Row, result: FixResult) -> str:
    """The judged file's text when the fixer claims a fix."""
    row.reason = result.reason
    for fixed in result.fixes:
        row.rung, row.note, row.diff = fixed.rung, fixed.note, fixed.diff
        row.tallies = [msgspec.to_builtins(t) for t in fixed.tallies]
        if fixed.verdict is Verdict.PROVEN and fixed.change is not None:
            return next((c.after or b"" for c in fixed.change.changes), b"").decode()
    return ""


def verdict_of(judge: ModuleType, name: str, x: dict[str, Any], answer: str) -> bool:
    if name.startswith("eslint"):
        return False  # not judged one by one: see eslint_verdict
    return bool(judge.fix(name, x, answer)[0])


def eslint_verdict(args: argparse.Namespace, rows: list[Row]) -> str:
    """The set's own script judges all claims in one batch; its line is the only verdict."""
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            if row.answer:
                (Path(folder) / (row.id.replace("/", "__") + ".txt")).write_text(row.answer)
        judge = str(args.data / "eslint_judge.js")
        done = subprocess.run(
            ["node", judge, os.environ["ESLINT_DIR"], f"{args.set}/{args.half}", folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    return done.stdout.strip() or done.stderr[-600:]


async def whole_file(run: DirectRun, tools: Tools, ready: Prepared) -> str:
    """The same model, asked once for the whole file with the same evidence."""
    from samokoder.agents.repair.check import chosen

    workshop = await tools.workshop(run.settings)
    checks = await chosen(run, ready.command)
    before = await workshop.check(run.snapshot, checks)
    texts = {p: (await run.snapshot.read(p)).decode() for p in run.snapshot.files}
    problems = [p for r in before for p in r.problems]
    failures = context.failures(problems, texts) or [
        context.Failure(r.check.id, "", context.tail(r)) for r in before
    ]
    text = texts[ready.path]
    prompt = templates.template("file").render(
        language=language(ready.path), text=text, failures=failures
    )
    messages = (
        Message("system", templates.template("function_system").render()),
        Message("user", prompt),
    )
    limit = 400 + len(text) // 2
    answer = await run.ask(Role.CODER, ChatRequest(messages, max_tokens=limit), key="baseline")
    return max(reply.code_blocks(answer.text), key=len)


# --- all cases ---------------------------------------------------------------------------------


def cases(args: argparse.Namespace) -> list[dict[str, Any]]:
    file = args.data / args.set / f"{args.half}.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()]
    if args.set.startswith("eslint") and args.fixable:
        found = [x for x in found if x["fixable"]]
    if args.limit and args.limit < len(found):
        found = random.Random(args.seed).sample(found, args.limit)
    return found


async def run_all(args: argparse.Namespace) -> list[Row]:
    from contextlib import AsyncExitStack

    judge = load_judge(args.data)
    chosen = cases(args)
    rows: list[Row] = []
    pool = ScratchPool(Path(tempfile.mkdtemp(prefix="scratch-")))
    tools = Tools(pool)
    out = await anyio.open_file(args.out, "w")
    limiter = anyio.CapacityLimiter(args.jobs)
    async with AsyncExitStack() as stack:
        model: Model | None = None
        if args.model.startswith("embedded:"):
            model = await embedded(args.model.partition(":")[2], stack)
            stack.push_async_callback(model.aclose)

        async def one(x: dict[str, Any]) -> None:
            async with limiter:
                row = await climb(x, args.set, args, tools, model, judge)
                rows.append(row)
                await out.write(json.dumps(row.__dict__) + "\n")
                await out.flush()
                if args.verbose:
                    print(
                        f"{row.verdict:10} {row.solved!s:5} {row.rung:3} {row.seconds:6.1f}s {row.id} {row.reason[:90]}",
                        flush=True,
                    )

        async with anyio.create_task_group() as group:
            for x in chosen:
                group.start_soon(one, x)
    await out.aclose()
    await pool.close()
    return rows


def summary(args: argparse.Namespace, rows: list[Row]) -> Iterator[str]:
    claimed = [r for r in rows if r.verdict in ("proven", "answered") and (r.rung or args.baseline)]
    solved = [r for r in rows if r.solved]
    wrong = [r for r in claimed if not r.solved]
    count = len(rows) or 1
    yield f"{args.set}/{args.half}: {len(solved)} of {len(rows)} solved ({100 * len(solved) / count:.1f} %)"
    yield f"claimed {len(claimed)}, refused by the judge {len(wrong)} ({100 * len(wrong) / max(1, len(claimed)):.1f} %)"
    rungs: dict[str, list[Row]] = defaultdict(list)
    for row in claimed:
        rungs[row.rung].append(row)
    for rung, mine in sorted(rungs.items()):
        good = sum(r.solved for r in mine)
        seconds = sum(r.seconds for r in mine) / len(mine)
        tokens = sum(r.tokens for r in mine)
        yield f"  {rung or '-'}: {good} solved, {len(mine) - good} false, {seconds:.1f} s and {tokens // len(mine)} tokens each"
    yield f"seconds {sum(r.seconds for r in rows):.0f} in all, tokens {sum(r.tokens for r in rows)}, calls {sum(r.calls for r in rows)}"
    left = Counter(r.failure.split(":")[0][:40] or r.reason[:40] for r in rows if not r.solved)
    yield "not solved: " + ", ".join(f"{k} {v}" for k, v in left.most_common(12))
    if wrong:
        yield "false claims: " + ", ".join(f"{r.id} ({r.rung})" for r in wrong[:20])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", required=True)
    parser.add_argument("--half", default="public")
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--model", default="")
    parser.add_argument("--large", action="store_true", help="the perfect model gives blocks")
    parser.add_argument("--rungs", default="", help="such as L0,L1")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120.0, help="per model-free rung and case")
    parser.add_argument("--fixable", action="store_true", help="eslint: what the linter can fix")
    parser.add_argument("--baseline", choices=["whole-file"], default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.no_model:
        args.model = ""
    rows = anyio.run(run_all, args)
    if args.set.startswith("eslint"):
        claimed = sum(bool(r.answer) for r in rows)
        print(f"{claimed} of {len(rows)} claimed, {sum(r.calls for r in rows)} model calls")
        print(eslint_verdict(args, rows))
        return
    for line in summary(args, rows):
        print(line)


if __name__ == "__main__":
    main()
