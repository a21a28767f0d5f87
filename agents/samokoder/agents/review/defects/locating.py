"""From failing tests to a line: the one whose small change makes them pass, else a suspect."""

import ast
from dataclasses import dataclass
from typing import Final

from anyio import to_thread

from samokoder.agents.checks.check import CheckResult, Evidence
from samokoder.agents.repair.case import Candidate, Case
from samokoder.agents.repair.mutation import harness, locate, trial
from samokoder.agents.repair.mutation.search import Mutation
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.review.finding import Place
from samokoder.agents.review.pyfile import PyFile
from samokoder.agents.runs.direct import DirectRun
from samokoder.agents.settings import Settings
from samokoder.agents.workspace import diff
from samokoder.agents.workspace.snapshot import Snapshot

_OTHERS: Final = 3
"""Suspects shown beside the first one."""


@dataclass(frozen=True, slots=True)
class Spot:
    """``note`` is the change that makes all tests pass; empty when none was found."""

    place: Place
    note: str = ""
    others: tuple[Place, ...] = ()


async def spot(
    snapshot: Snapshot, result: CheckResult, workshop: Workshop, settings: Settings, file: PyFile
) -> Spot:
    """Where in the file the fault is likeliest. Runs the failing check many times, confined."""
    case = Case(
        DirectRun(snapshot, settings), snapshot, (result.check,),
        Evidence((result,), result.problems), result.problems,
    )  # fmt: skip
    candidate = await _repair(case, workshop, file.path)
    if candidate is not None:
        line, note = await to_thread.run_sync(_changed, file, candidate)
        return Spot(_line(file, line), note)
    suspicion = await _suspicion(case, workshop, file)
    return await to_thread.run_sync(_suspects, file, suspicion)


async def _repair(case: Case, workshop: Workshop, path: str) -> Candidate | None:
    proposals = Mutation(workshop).propose(case)
    try:
        async for candidate in proposals:
            if candidate.change_set.paths == (path,):
                return candidate
    finally:
        await proposals.aclose()
    return None


def _changed(file: PyFile, candidate: Candidate) -> tuple[int, str]:
    """The first line a repair changes, and what it says of itself."""
    after = candidate.change_set.changes[0].after or b""
    hunks = diff.hunks(file.text.encode(), after)
    line = hunks[0].start + 1 if hunks else 1
    return min(line, len(file.lines)), candidate.note.partition(": ")[2]


async def _suspicion(case: Case, workshop: Workshop, file: PyFile) -> dict[int, float]:
    """How suspicious each line is that failing tests run."""
    job = trial.job_for(case)
    if job is None:
        return {}
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts = {"mode": "trace", "seconds": job.trace, "failing": [], "passing": []}
        lines = await harness.run(bench, script, job, facts, 60.0)
        place = locate.located(lines[0] if lines else {}, bench.root, {file.path: file.text})
    if place is None:
        return {}
    return dict(next((s for p, s in place.files if p == file.path), {}))


def _suspects(file: PyFile, suspicion: dict[int, float]) -> Spot:
    """The most suspicious line; among equals the last one that gives a value back."""
    returns = {
        n.lineno for n in ast.walk(file.tree) if isinstance(n, ast.Return | ast.Yield)
    }  # fmt: skip
    heads = {
        n.lineno for n in ast.walk(file.tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }  # fmt: skip
    ranked = sorted(
        (n for n in suspicion if n not in heads and 0 < n <= len(file.lines)),
        key=lambda n: (-round(suspicion[n], 3), n not in returns, -n),
    )
    if not ranked:
        return Spot(_line(file, min(heads, default=1)))
    return Spot(
        _line(file, ranked[0]), others=tuple(_line(file, n) for n in ranked[1 : 1 + _OTHERS])
    )


def _line(file: PyFile, number: int) -> Place:
    """The code of one line, without its indentation."""
    text = file.lines[number - 1].rstrip("\r\n")
    code = text.strip() or text
    column = text.index(code) + 1 if code else 1
    return Place(file.path, number, column, number, column + len(code), code)
