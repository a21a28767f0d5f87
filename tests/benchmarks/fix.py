# ruff: noqa: E501  (workspaces and summaries are long lines)
"""Runs the fixer over a set of broken programs and judges what it claims.

    python tests/benchmarks/fix.py --data DIR --set NAME [--half public] [--no-model | --model M]
        [--limit N] [--seed S] [--jobs J] --out F [--resume] [--minutes M] [--baseline whole-file]

``DIR`` holds folders of cases (``NAME/public.jsonl``) and their ``judge.py``. The fixer sees half of
each case's tests where a set has them one by one; the judge uses all. ``--model`` is ``perfect`` (a
scripted model that answers with the set's own solution), ``embedded:PATH`` of a weights file (or the name of pulled weights), or
any ``provider:name`` of the settings. ``--baseline whole-file`` asks the same model once for the
whole file instead of climbing. One JSON line per case goes to ``F``, a summary to the terminal.
With ``--resume`` cases that stand in ``F`` are not run again; ``--minutes`` starts none later than that.
"""

import argparse
import difflib
import importlib.util
import json
import os
import random
import shutil
import subprocess
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
from fix_sets import Prepared, prepared

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
    right: bool = False
    """The judge's word on what was not claimed, only proposed."""
    tallies: list[dict[str, Any]] = field(default_factory=list)


def load_judge(data: Path) -> ModuleType:
    """The judge beside the data, as a module."""
    spec = importlib.util.spec_from_file_location("judge", data / "judge.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- models ------------------------------------------------------------------------------------


class Perfect:
    """Answers every question with the set's own solution: what is lost is the harness's fault."""

    def __init__(self, gold: str, path: str, buggy: str, *, small: bool) -> None:
        self._gold, self._path, self._buggy = gold, path, buggy
        self._profile = Profile("scripted", "perfect", small=small, remote=False)

    @property
    def profile(self) -> Profile:
        return self._profile

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta, None]:
        text = f"```\n{self._gold}\n```"
        if not self._profile.small:
            text = "\n".join(self._blocks())
        yield Delta(text)
        yield Delta("", Usage(request.chars // 4, len(text) // 4), "stop")

    def _blocks(self) -> Iterator[str]:
        """Every place that differs, with enough lines around it to be the only such place."""
        old, new = self._buggy.splitlines(), self._gold.splitlines()
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for lines in (3, 8, 20, len(old)):
            groups = list(matcher.get_grouped_opcodes(lines))
            parts = [
                ("\n".join(old[g[0][1] : g[-1][2]]), "\n".join(new[g[0][3] : g[-1][4]]))
                for g in groups
            ]
            if all(self._buggy.count(search) == 1 for search, _ in parts):
                break
        for search, replace in parts:
            yield f"{self._path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"

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
        buggy = (await snapshot.read(ready.path)).decode()
        model = Perfect(ready.gold, ready.path, buggy, small=not args.large)
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
        good = await anyio.to_thread.run_sync(verdict_of, judge, name, x, answer)
        if row.verdict in ("proven", "answered"):
            row.answer, row.solved = answer, good
        else:
            row.right = good
    row.failure = str(x.get("failure") or x.get("op") or "")
    return row


def replace_fix(settings: Settings, args: argparse.Namespace) -> Settings:
    rungs = tuple(args.rungs.split(",")) if args.rungs else settings.fix.rungs
    return msgspec.structs.replace(
        settings,
        fix=FixSettings(rungs=rungs, seconds=args.seconds),
        check=CheckSettings(timeout=args.timeout),
    )


def fill(row: Row, result: FixResult) -> str:
    """The judged file's text when the fixer has one, claimed or proposed."""
    row.reason = result.reason
    for fixed in result.fixes:
        row.rung, row.note, row.diff = fixed.rung, fixed.note, fixed.diff
        row.tallies = [msgspec.to_builtins(t) for t in fixed.tallies]
        if fixed.verdict is not Verdict.REFUSED and fixed.change is not None:
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
    if args.resume and await anyio.Path(args.out).exists():
        lines = (await anyio.Path(args.out).read_text()).splitlines()
        kept = {x["id"] for x in chosen}
        rows = [r for r in (Row(**json.loads(line)) for line in lines) if r.id in kept]
        chosen = [x for x in chosen if x["id"] not in {r.id for r in rows}]
    stop = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
    pool = ScratchPool(Path(tempfile.mkdtemp(prefix="scratch-")))
    tools = Tools(pool)
    out = await anyio.open_file(args.out, "a" if args.resume else "w")
    limiter = anyio.CapacityLimiter(args.jobs)
    async with AsyncExitStack() as stack:
        model: Model | None = None
        if args.model.startswith("embedded:"):
            model = await embedded(args.model.partition(":")[2], stack)
            stack.push_async_callback(model.aclose)

        async def one(x: dict[str, Any]) -> None:
            async with limiter:
                if time.monotonic() > stop:
                    return
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
    held = [r for r in rows if r.verdict == "unverified" and r.right]
    yield f"proposed only: {sum(r.verdict == 'unverified' for r in rows)}, of them right {len(held)}"
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
    parser.add_argument("--timeout", type=float, default=15.0, help="seconds of one check")
    parser.add_argument("--fixable", action="store_true", help="eslint: what the linter can fix")
    parser.add_argument("--baseline", choices=["whole-file"], default="")
    parser.add_argument("--resume", action="store_true", help="keep the cases that stand in F")
    parser.add_argument("--minutes", type=float, default=0, help="start no case later than this")
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
