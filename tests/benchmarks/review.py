"""Reviews sets of programs with known faults and counts what is found and what is falsely told.

    python tests/benchmarks/review.py --data DIR --set NAME [--half public] [--no-model | --model M]
        [--tests] [--only SOURCE,…] [--limit N] [--jobs J] --out F

``DIR`` holds folders of cases (``NAME/public.jsonl``). What is found goes to ``F``, one line for
each variant of a case, as the judge beside the data reads it; a table of our figures beside those
of ruff and bandit goes to the terminal. ``--model`` is ``embedded`` or ``embedded:PATH`` of a
weights file; without it no model is asked. ``--tests`` lays a case's own tests beside the code, as
in a project that has some. A finding counts as a hit within a line of the fault (two for plans).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import fix
from anyio import to_thread

from samokoder.agents.models.model import Model, Role
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review import pyfile, sources
from samokoder.agents.review.defects import source as defects
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.opinions import ModelOpinions
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.review import Reviewers, Sources, review
from samokoder.agents.review.shelf import MemoryShelf
from samokoder.agents.review.source import Source
from samokoder.agents.review.taint import source as taint
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.sandbox.scratch import ScratchPool
from samokoder.agents.settings import BudgetSettings, CheckSettings, ReviewSettings, Settings
from samokoder.agents.workspace.capture import Tree

SERIOUS = ("error", "warning")
RUFF = "E9,F,PLE,PLW,B,S,ASYNC"


@dataclass(frozen=True)
class Variant:
    """One workspace to review: ``files`` by path; findings in ``path`` count."""

    id: str
    name: str
    path: str
    files: dict[str, str]
    before: dict[str, str] = field(default_factory=dict)
    """The files before the change, where a change is reviewed."""


def variants(case: dict[str, Any], set_name: str, tests: bool) -> list[Variant]:
    """The faulty program and, where there is one, its correct twin."""
    if "diff" in case and "base" in case:
        before, after = both_sides(case["diff"])
        return [Variant(case["id"], "buggy", "", after, before)]
    path = case.get("path", "impl.py")
    extra = dict(case.get("extra_files") or {})
    if tests and case.get("test_path"):
        extra[case["test_path"]] = case["test"]
    if "code" in case:
        name = "clean" if case.get("buggy") is False else "buggy"
        if case.get("plan"):
            extra |= {"plan.md": case["plan"], "context.md": case.get("context", "")}
        return [Variant(case["id"], name, path, {**extra, path: case["code"]})]
    buggy = case["buggy"]
    clean = case.get("correct")
    if clean is None:  # the published file carries its documentation behind the code
        clean = case["correct_code"] + buggy[len(case["buggy_code"]) :]
        if not buggy.startswith(case["buggy_code"]):
            clean = case["correct_code"] + "\n\n" + _documentation(buggy)
    return [
        Variant(case["id"], name, path, {**extra, path: text})
        for name, text in (("buggy", buggy), ("clean", clean))
    ]


def both_sides(diff: str) -> tuple[dict[str, str], dict[str, str]]:
    """What a diff shows of the files before and after: every line at its number, blank lines for
    what it does not show. Python in parts does not parse, so of it only whole files are taken.
    """
    sides: tuple[dict[str, dict[int, str]], dict[str, dict[int, str]]] = ({}, {})
    names, at, whole = ["", ""], [0, 0], False
    for line in diff.split("\n"):
        if line.startswith(("--- ", "+++ ")):
            side = line.startswith("+++ ")
            names[side] = "" if line[4:] == "/dev/null" else line[6:]
            whole = not names[0]
        elif match := re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", line):
            at = [int(match[1]), int(match[2])]
        elif line[:1] in (" ", "-", "+") and any(names):
            for side, marks in enumerate((" -", " +")):
                if line[0] in marks:
                    if names[side] and (whole or not names[side].endswith(".py")):
                        sides[side].setdefault(names[side], {})[at[side]] = line[1:]
                    at[side] += 1
    filled = tuple(
        {p: "".join(f"{lines.get(n, '')}\n" for n in range(1, max(lines) + 1))
         for p, lines in side.items()}
        for side in sides
    )  # fmt: skip
    return filled[0], filled[1]


def _documentation(text: str) -> str:
    match = re.search(r'"""(?:.|\n)*?"""\s*\Z', text)
    return match[0] if match else ""


@dataclass
class Result:
    findings: list[dict[str, Any]]
    ruff: list[dict[str, Any]]
    bandit: list[dict[str, Any]]
    seconds: float
    tokens: int = 0


@dataclass(frozen=True)
class Bench:
    """``only`` names the sources that are asked; empty for all. ``model`` None: no model."""

    only: frozenset[str] = frozenset()
    model: Model | None = None


async def reviewed(variant: Variant, tools: Tools, bench: Bench) -> Result:
    """What a review, ruff and bandit say of one workspace."""
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        root = Path(folder)
        await to_thread.run_sync(_lay, root, variant)
        settings = Settings(
            check=CheckSettings(python=sys.executable),
            review=ReviewSettings(cap=1000),
            budget=BudgetSettings(tokens=10_000_000, calls=10_000),
        )
        snapshot = await Tree(root).capture()
        run = DirectRun(snapshot, settings, dict.fromkeys(Role, bench.model) if bench.model else {})
        opinions = ModelOpinions(tools) if bench.model else None
        reviewers = Reviewers(MemoryShelf(), _chosen(tools, bench.only), tools, opinions)
        paths = (variant.path,) if variant.path else ()
        started = time.monotonic()
        said = await review(run, ReviewRequest(paths=paths, commands=True), reviewers)
        seconds = time.monotonic() - started
        ours = [_line(r.finding) for r in said.findings]
        if variant.path:
            ours = [f for f in ours if f["path"] == variant.path]
        peers = await to_thread.run_sync(_peers, root, variant.path or ".")
        return Result(ours, *peers, seconds, said.tokens)


def _chosen(tools: Tools, only: frozenset[str]) -> Sources:
    """The product's own sources, or some of them."""
    everything = sources.static_sources(tools)

    async def some(run: Run, request: ReviewRequest) -> Sequence[Source]:
        return [s for s in await everything(run, request) if not only or s.name in only]

    return some


def _lay(root: Path, variant: Variant) -> None:
    """The workspace; a change is what git has not seen yet."""
    if not variant.path:
        _write(root, variant.before)
        for argv in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "before", "--allow-empty"]):
            named = ["-c", "user.name=b", "-c", "user.email=b@b.invalid"]
            subprocess.run(["git", *named, *argv], cwd=root, check=True, capture_output=True)
    _write(root, variant.files)


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _line(f: Finding) -> dict[str, Any]:
    return {
        "path": f.path, "line": f.line, "end_line": f.end_line, "severity": str(f.severity),
        "message": f.message, "code": f"{f.origin}/{f.rule}", "proven": f.proven,
        "confidence": f.confidence, "quote": f.quote[:200],
    }  # fmt: skip


def _peers(root: Path, path: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What ruff and bandit say by themselves; each complaint counts as a warning."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero",
         "--output-format=json", f"--select={RUFF}", path],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    ruff = [
        {"path": _below(root, x["filename"]), "line": x["location"]["row"],
         "end_line": x["end_location"]["row"],
         "severity": "warning", "message": x["message"], "code": x["code"] or ""}
        for x in json.loads(done.stdout or "[]")
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", path],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        results = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        results = []
    bandit = [
        {"path": _below(root, x["filename"]), "line": x["line_number"],
         "end_line": x["line_range"][-1] if x["line_range"] else x["line_number"],
         "severity": "info" if x["issue_severity"] == "LOW" else "warning",
         "message": f"{x['issue_text']} CWE-{(x.get('issue_cwe') or {}).get('id', '')}",
         "code": x["test_id"]}
        for x in results
    ]  # fmt: skip
    return ruff, bandit


def _below(root: Path, name: str) -> str:
    path = Path(name)
    base = root.resolve() if path.is_absolute() else Path()
    return str(path.relative_to(base)) if path.is_relative_to(base) else name


# --- figures -----------------------------------------------------------------------------------


def _serious(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [f for f in findings if f["severity"] in SERIOUS]


def _hits(case: dict[str, Any], findings: list[dict[str, Any]], slack: int) -> bool:
    return any(
        f["line"] - slack <= bug <= f["end_line"] + slack
        for f in findings
        for bug in case["bug_lines"]
    )


def figures(
    cases: list[dict[str, Any]], found: dict[tuple[str, str], list[dict[str, Any]]], slack: int
) -> dict[str, Any]:
    """Recall, false alarms and the rest, over one reviewer's findings."""
    hit = bugs = clean = alarmed = extra = 0
    for case in cases:
        if case.get("buggy") is not False:
            bugs += 1
            mine = _serious(found.get((case["id"], "buggy"), []))
            hit += _hits(case, mine, slack)
            extra += len(mine)
        if ("clean" in {v for i, v in found if i == case["id"]}) or case.get("buggy") is False:
            clean += 1
            alarmed += bool(_serious(found.get((case["id"], "clean"), [])))
    return {
        "bugs": bugs, "hit": hit, "recall": hit / max(1, bugs), "clean": clean,
        "alarmed": alarmed, "clean without": 1 - alarmed / max(1, clean),
        "findings": extra / max(1, bugs),
    }  # fmt: skip


def youden(
    cases: list[dict[str, Any]], found: dict[tuple[str, str], list[dict[str, Any]]]
) -> dict[str, Any]:
    """OWASP's own scorecard: share of the vulnerable told minus share of the safe told."""
    count, told = Counter[bool](), Counter[bool]()
    for case in cases:
        mine = found.get((case["id"], "buggy"), [])
        count[case["vulnerable"]] += 1
        told[case["vulnerable"]] += any(
            str(case["cwe"]) in re.findall(r"CWE-?(\d+)", f["message"]) for f in mine
        )
    tpr, fpr = told[True] / max(1, count[True]), told[False] / max(1, count[False])
    return {"true positives": tpr, "false positives": fpr, "youden": tpr - fpr}


def remarks(
    cases: list[dict[str, Any]], found: dict[tuple[str, str], list[dict[str, Any]]]
) -> dict[str, Any]:
    """Places that reviewers of real changes marked as defects, and how many of them the diff that
    is at hand shows at all.
    """
    total = shown = hit = told = 0
    for case in cases:
        mine = found.get((case["id"], "buggy"), [])
        told += len(mine)
        _, after = both_sides(case["diff"])
        for comment in case["valid_comments"]:
            if comment["category"] not in ("Code Defect", "Security Vulnerability"):
                continue
            first = comment["from_line"] or comment["to_line"] or 0
            last = comment["to_line"] or first
            total += 1
            shown += comment["path"] in after
            hit += any(
                f["path"] == comment["path"] and f["line"] - 3 <= max(first, last)
                and min(first, last) <= f["end_line"] + 3
                for f in mine
            )  # fmt: skip
    return {
        "changes": len(cases), "defects": total, "in the diff": shown, "hit": hit,
        "recall": hit / max(1, total), "findings a change": told / max(1, len(cases)),
    }  # fmt: skip


def table(rows: dict[str, dict[str, Any]]) -> str:
    names = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for who, row in rows.items():
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()]
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


# --- all cases ---------------------------------------------------------------------------------


async def run(args: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        model: Model | None = None
        if args.model and not args.no_model:
            model = await fix.embedded(args.model.removeprefix("embedded").lstrip(":"), stack)
            stack.push_async_callback(model.aclose)
        await run_all(args, model)


async def run_all(args: argparse.Namespace, model: Model | None) -> None:
    lines = (args.data / args.set / f"{args.half}.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line) for line in lines][: args.limit or None]
    results: dict[tuple[str, str], Result] = {}
    limiter = anyio.CapacityLimiter(args.jobs)
    with tempfile.TemporaryDirectory(prefix="scratch-") as folder:
        tools = Tools(ScratchPool(Path(folder)))
        bench = Bench(frozenset(filter(None, args.only.split(","))), model)

        async def one(variant: Variant) -> None:
            async with limiter:
                results[variant.id, variant.name] = await reviewed(variant, tools, bench)

        async with anyio.create_task_group() as group:
            for case in cases:
                for variant in variants(case, args.set, args.tests):
                    group.start_soon(one, variant)
        await tools.pool.close()
    text = "".join(
        json.dumps({"id": i, "variant": v, "findings": r.findings}) + "\n"
        for (i, v), r in sorted(results.items())
    )
    await anyio.Path(args.out).write_text(text, "utf-8")
    report(args, cases, results)


def report(
    args: argparse.Namespace,
    cases: list[dict[str, Any]],
    results: dict[tuple[str, str], Result],
) -> None:
    """The table, what each rule brought, and what was falsely told."""
    everybody = {
        "samokoder": {k: r.findings for k, r in results.items()},
        "ruff": {k: r.ruff for k, r in results.items()},
        "bandit": {k: r.bandit for k, r in results.items()},
    }
    print(f"{args.set}/{args.half}, {len(cases)} cases{', with tests' if args.tests else ''}")
    slack = 2 if args.set.startswith("review-plan") else 1
    if cases and "valid_comments" in cases[0]:
        print(table({who: remarks(cases, found) for who, found in everybody.items()}))
    elif cases and "vulnerable" in cases[0]:
        print(table({who: youden(cases, found) for who, found in everybody.items()}))
    else:
        print(table({who: figures(cases, found, slack) for who, found in everybody.items()}))
        by_rule(cases, everybody["samokoder"], slack)
    print(speed(cases, args.set))
    seconds = sorted(r.seconds for r in results.values())
    tokens = sum(r.tokens for r in results.values())
    if tokens:
        print(f"tokens: {tokens} in {len(results)} reviews")
    if seconds:
        print(f"seconds a review: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}")


def speed(cases: list[dict[str, Any]], set_name: str) -> str:
    """CPU time of the passes that only read Python, by themselves."""
    parts = []
    for name, analyse in (("data flow", taint.analyse), ("patterns", defects.analyse)):
        spent, lines, slowest = 0.0, 0, 0.0
        for variant in (v for case in cases for v in variants(case, set_name, False)):
            file = pyfile.read(variant.path, variant.files.get(variant.path, ""))
            if file is None or not variant.path.endswith(".py"):
                continue
            started = time.process_time()
            analyse(file)
            took = time.process_time() - started
            spent, lines = spent + took, lines + len(file.lines)
            slowest = max(slowest, took / max(200, len(file.lines)))
        if lines:
            parts.append(
                f"{name}: {1e6 * spent / lines:.0f} ms CPU for 1,000 lines "
                f"(slowest file {1e6 * slowest:.0f})"
            )
    return "; ".join(parts)


def by_rule(
    cases: list[dict[str, Any]], found: dict[tuple[str, str], list[dict[str, Any]]], slack: int
) -> None:
    rules: dict[str, Counter[str]] = {}
    for case in cases:
        for name in ("buggy", "clean"):
            for f in _serious(found.get((case["id"], name), [])):
                near = name == "buggy" and _hits(case, [f], slack)
                rules.setdefault(f["code"], Counter())[
                    "false" if name == "clean" else "hit" if near else "elsewhere"
                ] += 1
    for code, counts in sorted(rules.items(), key=lambda r: -sum(r[1].values())):
        print(f"  {code:45} {dict(counts)}")
    missed = Counter(
        str(c.get("op") or c.get("bug_type") or c.get("category") or "")
        for c in cases
        if c.get("buggy") is not False
        and not _hits(c, _serious(found.get((c["id"], "buggy"), [])), slack)
    )
    print("  missed: " + ", ".join(f"{k or 'all'} {v}" for k, v in missed.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", required=True)
    parser.add_argument("--half", default="public")
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--model", default="")
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", required=True)
    anyio.run(run, parser.parse_args())


if __name__ == "__main__":
    main()
