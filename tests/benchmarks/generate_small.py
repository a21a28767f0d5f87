"""Small programs from one-line briefs by `samokoder generate`, judged by tests it never sees.

    python tests/benchmarks/generate_small.py [--briefs roman,slugs] [--model M] [--keep DIR]
    python tests/benchmarks/generate_small.py --exercism DIR [--limit 30] [--seed 7] [--once]
    python tests/benchmarks/generate_small.py --check        (the judges judge: no model is asked)

Without a model the embedded one answers, which must have been pulled. A brief is solved when the
run says it is done and the hidden tests beside the brief pass. ``--exercism`` takes a folder
of cases (``public.jsonl``) instead: the workspace holds the test file and the signatures alone, and
the same tests judge, on a clean copy. ``--once`` asks the same model once for the whole file beside
it. One line a case: what was claimed, what is true, tokens, minutes and what failed.

With ``--rows FILE`` each finished case is written there and is not run again; ``--minutes N``
begins no case later than that (exit code 3: some are left): a long measurement can be made in
pieces.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio

HERE = Path(__file__).with_name("generate_small")
GOAL = 6
MINUTES = 30.0
"""Wall time of one case, at most."""


@dataclass
class Row:
    """One case. ``claimed``: the run says that it is done; ``solved``: the judge agrees."""

    name: str
    claimed: bool = False
    solved: bool = False
    once: bool | None = None
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    why: str = ""


def generate(workspace: Path, state: Path, brief: str, model: str) -> tuple[dict[str, Any], float]:
    """The command's JSON and its seconds."""
    env = dict(os.environ, SAMOKODER_STATE_DIR=str(state), SAMOKODER_CONFIG_DIR=str(state))
    named = ("--model", model) if model else ()
    argv = (sys.executable, "-m", "samokoder.server.main", "generate", brief, "--yes", "--json")
    started = time.monotonic()
    try:
        done = subprocess.run(
            (*argv, *named),
            cwd=workspace,
            env=env,
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": {"message": "it took too long"}}, time.monotonic() - started
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"error": {"message": done.stderr[-300:]}}
    return answer, time.monotonic() - started


def row_of(name: str, answer: dict[str, Any], seconds: float) -> Row:
    used = answer.get("used", {})
    tokens = used.get("input_tokens", 0) + used.get("output_tokens", 0)
    error = answer.get("error", {}).get("message", "")
    reasons = [t["reason"] for t in answer.get("tasks", ()) if t.get("reason")]
    why = error or "; ".join(reasons) or answer.get("run", {}).get("reason", "")
    return Row(
        name,
        claimed=bool(answer.get("complete")),
        tokens=tokens,
        calls=used.get("calls", 0),
        seconds=seconds,
        why="" if answer.get("complete") else why[:160],
    )


def home_of(workspace: Path, module: str) -> Path | None:
    """The folder from which the module can be imported."""
    found = [*workspace.rglob(f"{module}.py"), *workspace.rglob(f"{module}/__init__.py")]
    found = [p for p in found if ".venv" not in p.parts and "tests" not in p.parts]
    if not found:
        return None
    best = min(found, key=lambda p: len(p.parts))
    return best.parent.parent if best.name == "__init__.py" else best.parent


def passes(argv: tuple[str, ...], cwd: Path, path: Path) -> tuple[bool, str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(path)}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    try:
        done = subprocess.run(
            argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        return False, "the judge ran out of time"
    text = [x for x in (done.stdout + done.stderr).splitlines() if x.startswith(("E ", "FAILED"))]
    return done.returncode == 0, "; ".join(text[:3])[:160]


def judged(name: str, workspace: Path) -> tuple[bool, str]:
    """Whether the hidden tests of a brief pass on what is in the workspace."""
    home = home_of(workspace, name)
    if home is None:
        return False, "nothing was written"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / name / "judge.py", Path(folder) / "judge.py")
        argv = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
        return passes((*argv, f"--rootdir={folder}", "judge.py"), Path(folder), home)


def fresh(*folders: Path) -> None:
    """Nothing is left of a case that was cut short."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def brief_case(name: str, base: Path, model: str) -> Row:
    workspace = base / name
    fresh(workspace, base / f".{name}")
    workspace.mkdir(parents=True)
    brief = (HERE / name / "brief.txt").read_text().strip()
    answer, seconds = generate(workspace, base / f".{name}", brief, model)
    row = row_of(name, answer, seconds)
    true, why = judged(name, workspace)
    row.solved = row.claimed and true
    row.why = row.why or why
    return row


def stub(source: str) -> str:
    """The signatures of a file: what is public of it, without any body."""
    lines: list[str] = []

    def signature(node: ast.FunctionDef | ast.AsyncFunctionDef, margin: str) -> None:
        lines.append(f"{margin}def {node.name}({ast.unparse(node.args)}):")
        lines.append(f"{margin}    pass\n")

    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("_"):
                signature(node, "")
        elif isinstance(node, ast.ClassDef):
            bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
            lines.append(f"class {node.name}{bases}:")
            inner = [
                n for n in node.body
                if isinstance(n, ast.FunctionDef) and (n.name == "__init__" or n.name[0] != "_")
            ]  # fmt: skip
            for function in inner:
                signature(function, "    ")
            if not inner:
                lines.append("    pass\n")
    return "\n".join(lines)


def given(case: dict[str, Any], folder: Path, text: str) -> None:
    """The case's files with this text as its answer."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in {case["path"]: text, **case["extra_files"]}.items():
        (folder / path).write_text(data)
    (folder / case["test_path"]).write_text(case["test"])


def right(case: dict[str, Any], text: str) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory() as folder:
        given(case, Path(folder), text)
        argv = (sys.executable, "-m", "unittest", "-q", case["test_path"][:-3])
        return passes(argv, Path(folder), Path(folder))


def exercise(case: dict[str, Any], base: Path, model: str, *, once: bool) -> Row:
    name = case["exercise"]
    workspace = base / name
    fresh(workspace, base / f".{name}")
    given(case, workspace, stub(case["correct"]))
    brief = f"Implement {case['path']} so that the tests in {case['test_path']} pass."
    first = anyio.run(asked_once, case, brief, model) if once else None
    answer, seconds = generate(workspace, base / f".{name}", brief, model)
    row = row_of(name, answer, seconds)
    true, why = right(case, (workspace / case["path"]).read_text())
    row.solved = row.claimed and true
    row.why = row.why or why
    if first is not None:
        row.once = right(case, first)[0]
    return row


async def asked_once(case: dict[str, Any], brief: str, model: str) -> str:
    """What the same model writes when it is asked once, with the same words."""
    from samokoder.agents.generate import wording
    from samokoder.agents.generate.small import answers
    from samokoder.agents.models import catalogue, weights
    from samokoder.agents.models.embedded import EmbeddedModel
    from samokoder.agents.models.http import Connections
    from samokoder.agents.models.model import ChatRequest, Message

    if model and not model.startswith("embedded"):
        raise SystemExit("--once is for the embedded model")
    path = weights.path_of(model.partition(":")[2] or catalogue.DEFAULT)
    if path is None:
        raise SystemExit("the embedded model has not been pulled: samokoder model pull")
    facts = {
        "path": case["path"],
        "stub": stub(case["correct"]),
        "tests": case["test"][:7000],
        "test_path": case["test_path"],
        "brief": brief,
    }
    messages = (
        Message("system", wording.one("small/system", {})),
        Message("user", wording.one("small/file", facts)),
    )
    connections = Connections()
    embedded = EmbeddedModel(path.stem, path, connections)
    try:
        request = ChatRequest(messages, max_tokens=1500)
        parts = [delta.text async for delta in embedded.stream(request)]
    finally:
        await embedded.aclose()
        await connections.aclose()
    return answers.code("".join(parts)).rstrip() + "\n"


def told(row: Row) -> str:
    verdict = "solved" if row.solved else "WRONG " if row.claimed else "failed"
    once = "" if row.once is None else f" once {'yes' if row.once else 'no ':<3}"
    cost = f"{row.tokens:6d} tokens {row.calls:3d} calls {row.seconds / 60:5.1f} min"
    return f"{row.name:<20} {verdict}{once} {cost}  {row.why}"


def checked(names: list[str]) -> list[str]:
    """Judges that refuse a right answer, or accept one whose functions all return None."""
    faults = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            text = (HERE / name / "reference" / f"{name}.py").read_text()
            target = Path(folder) / f"{name}.py"
            target.write_text(text)
            right, why = judged(name, Path(folder))
            target.write_text(stub(text))
            empty = judged(name, Path(folder))[0]
        print(f"{name:<20} right answer {right}, empty answer {empty} {why}", flush=True)
        if empty or not right:
            faults.append(name)
    return faults


def recorded(path: Path | None) -> list[Row]:
    """Cases that were run before."""
    if path is None or not path.is_file():
        return []
    return [Row(**json.loads(line)) for line in path.read_text().splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--briefs", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--keep", type=Path, help="keep the workspaces here")
    parser.add_argument("--exercism", type=Path)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rows", type=Path, help="finished cases, one JSON object a line")
    parser.add_argument("--minutes", type=float, default=1e6)
    options = parser.parse_args()
    known = sorted(p.name for p in HERE.iterdir() if (p / "brief.txt").is_file())
    names = options.briefs.split(",") if options.briefs else known
    if options.check:
        return 1 if checked(names) else 0
    cases: dict[str, Any] = {}
    if options.exercism:
        lines = (options.exercism / "public.jsonl").read_text().splitlines()
        cases = {c["exercise"]: c for c in map(json.loads, reversed(lines))}
        names = random.Random(options.seed).sample(sorted(cases), min(options.limit, len(cases)))
    done = {r.name: r for r in recorded(options.rows)}
    base = options.keep or Path(tempfile.mkdtemp(prefix="generate-small-"))
    until = time.monotonic() + 60 * options.minutes
    rows: list[Row] = []
    try:
        for name in names:
            row = done.get(name)
            if row is None and time.monotonic() > until:
                continue
            if row is None and cases:
                row = exercise(cases[name], base, options.model, once=options.once)
            elif row is None:
                row = brief_case(name, base, options.model)
            if options.rows and name not in done:
                with options.rows.open("a") as file:
                    print(json.dumps(asdict(row)), file=file)
            rows.append(row)
            print(told(row), flush=True)
    finally:
        if options.keep is None:
            shutil.rmtree(base, ignore_errors=True)
    if len(rows) < len(names):
        print(f"{len(names) - len(rows)} cases are left")
        return 3
    solved, false = sum(r.solved for r in rows), sum(r.claimed and not r.solved for r in rows)
    print(f"{solved} of {len(rows)} solved, {false} claimed and wrong,", end=" ")
    print(f"{sum(r.tokens for r in rows)} tokens, {sum(r.seconds for r in rows) / 60:.1f} minutes")
    if options.once and rows:
        print(f"asked once: {sum(bool(r.once) for r in rows)} of {len(rows)}")
    if options.exercism or options.briefs:
        return 0
    print(f"the goal is {GOAL} of {len(rows)}: {'reached' if solved >= GOAL else 'NOT REACHED'}")
    return 0 if solved >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
