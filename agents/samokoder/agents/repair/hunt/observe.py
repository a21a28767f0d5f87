"""Instruments in a scratch copy, and what they show. Nothing of them ever reaches a change set.

Python is watched from outside, through the runner: no line of it changes. Other languages get the
lines that the model asks for, in a copy of the snapshot that is thrown away.
"""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.repair import changes, reach, testcode
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.mutation import harness, locate, trial
from samokoder.agents.repair.workshop import Workshop

_TRACE = 20.0
"""CPU seconds of one instrumented run."""
_CALLS = 70
"""Calls that are shown."""
_ONE = 14
"""Calls of one function that are shown."""
_STEPS = 90
"""Lines that are shown."""
_OUTPUT = 2500
"""Characters of an instrumented program's output that are shown."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a failing test. ``depth`` counts from 0."""

    depth: int
    path: str
    line: int
    name: str
    args: str
    result: str


@dataclass(frozen=True, slots=True)
class Step:
    """One executed line of a watched function, and what it changed."""

    path: str
    name: str
    number: int
    line: int
    changed: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a failing test did. ``suspicion``: path, line and 0–1, from all tests."""

    calls: tuple[Called, ...] = ()
    steps: tuple[Step, ...] = ()
    error: str = ""
    suspicion: tuple[tuple[str, int, float], ...] = ()

    def tree(self) -> str:
        """The calls as an indented list, repeated ones once."""
        lines: list[str] = []
        last, times = "", 0
        for call in self.calls:
            text = f"{'  ' * min(call.depth, 12)}{call.path}:{call.line} {call.name}({call.args})"
            text += f" → {call.result}" if call.result else ""
            name = f"{call.depth} {call.path} {call.name}"
            times = times + 1 if name == last else 0
            last = name
            if times < 3:
                lines.append(text)
            if len(lines) >= _CALLS:
                lines.append("…")
                break
        return "\n".join(lines)

    def trail(self, path: str, name: str) -> str:
        """What the lines of one function did, and its calls with their results."""
        last = name.rpartition(".")[2]
        mine = [s for s in self.steps if s.path == path and s.name.rpartition(".")[2] == last]
        calls = [c for c in self.calls if c.path == path and c.name.rpartition(".")[2] == last]
        told = list(dict.fromkeys(f"{c.name}({c.args}) → {c.result}" for c in calls))
        lines = told if len(told) <= _ONE else [*told[:3], "…", *told[3 - _ONE :]]
        number = 0
        for step in mine[-_STEPS:]:
            if step.number != number:
                number = step.number
                lines.append(f"call {number}, line by line:")
            lines.append(f"  line {step.line}" + (f": {step.changed}" if step.changed else ""))
        return "\n".join(lines)


async def watched(case: Case, workshop: Workshop, functions: tuple[tuple[str, str], ...]) -> Seen:
    """The failing test, watched; nothing is seen where nothing here can watch it."""
    job = trial.job_for(case)
    if job is None:
        return Seen()
    texts = await product_texts(case)
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts: dict[str, Any] = {"mode": "trace", "seconds": _TRACE, "failing": [], "passing": []}
        traced = (await harness.run(bench, script, job, facts, 60.0) or [{}])[0]
        wanted = frozenset(p.test for p in case.focus if p.test)
        place = locate.located(traced, bench.root, texts, wanted)
        facts = {
            "mode": "watch",
            "seconds": _TRACE,
            "failing": list(place.failing if place is not None else ()),
            "passing": [],
            "watched": [list(f) for f in functions],
        }
        lines = await harness.run(bench, script, job, facts, 60.0)
    if not lines:
        return Seen()
    seen = lines[0]
    kind, _ = locate.failure(seen.get("error"), "")
    calls = tuple(Called(*row) for row in seen.get("calls") or () if len(row) == 6)
    steps = tuple(Step(*row) for row in seen.get("steps") or () if len(row) == 5)
    files = place.files if place is not None else ()
    suspicion = tuple((p, n, s) for p, lines_ in files for n, s in sorted(lines_.items()))
    return Seen(calls, steps, kind, suspicion)


async def product_texts(case: Case) -> dict[str, str]:
    """Python files that the failure reaches and that are no tests."""
    every = await reach.texts(case)
    return {path: text for path, text in every.items() if not testcode.is_test_path(path)}


async def probed(case: Case, workshop: Workshop, probes: tuple[tuple[str, int, str], ...]) -> str:
    """Output of the failing checks with lines put in before others (path, line, code), run in a
    copy. Empty when no probe fits.
    """
    texts: dict[str, list[str]] = {}
    for path, line, code in sorted(probes, key=lambda p: -p[1]):
        if path not in case.snapshot.files or testcode.is_test_path(path):
            continue
        if path not in texts:
            data = await case.snapshot.read(path)
            texts[path] = data.decode("utf-8", "surrogateescape").split("\n")
        rows = texts[path]
        if not 1 <= line <= len(rows):
            continue
        margin = rows[line - 1][: len(rows[line - 1]) - len(rows[line - 1].lstrip())]
        rows[line - 1 : line - 1] = [margin + x.strip() for x in code.split("\n")[:3]]
    if not texts:
        return ""
    new = {p: "\n".join(rows).encode("utf-8", "surrogateescape") for p, rows in texts.items()}
    instrumented = case.snapshot.with_changes(changes.modified(case.snapshot, "probes", new))
    failing = tuple(r.check for r in case.evidence.results if not r.ok)
    results: tuple[CheckResult, ...] = await workshop.check(instrumented, failing)
    return "\n".join(r.output for r in results)[-_OUTPUT:]
