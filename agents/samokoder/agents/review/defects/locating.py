"""From failing tests to a line: the one whose small change makes them pass, else a suspect."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import anyio
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

_SEARCH: Final = 45.0
"""Wall seconds in which a repair is looked for; after that the trace of the tests must do."""

_RISKS: Final[dict[type[ast.AST], float]] = {
    ast.Compare: 1.0, ast.BinOp: 1.0, ast.BoolOp: 0.7, ast.UnaryOp: 0.7, ast.Slice: 0.7,
    ast.AugAssign: 0.5,
}  # fmt: skip
"""Where small mistakes sit, set by hand."""

_OTHERS: Final = 3
"""Suspects shown beside the first one."""


@dataclass(frozen=True, slots=True)
class Spot:
    """``note`` is the change that makes all tests pass; empty when none was found."""

    place: Place
    note: str = ""
    others: tuple[Place, ...] = ()


async def spot(
    snapshot: Snapshot,
    result: CheckResult,
    workshop: Workshop,
    settings: Settings,
    files: Mapping[str, PyFile],
    search: bool = True,
) -> Spot | None:
    """Where in these files the fault is likeliest; None when nothing points into them.

    Runs the failing check many times, confined; without ``search`` once.
    """
    case = Case(
        DirectRun(snapshot, settings), snapshot, (result.check,),
        Evidence((result,), result.problems), result.problems,
    )  # fmt: skip
    candidate = None
    with anyio.move_on_after(_SEARCH if search else 0.0):
        candidate = await _repair(case, workshop) if search else None
    if candidate is not None:
        file = files.get(candidate.change_set.paths[0])
        if file is None:
            return None
        line, note = await to_thread.run_sync(_changed, file, candidate)
        return Spot(line_of(file, line), note)
    suspicion = await _suspicion(case, workshop, files)
    return await to_thread.run_sync(_suspects, files, suspicion)


async def _repair(case: Case, workshop: Workshop) -> Candidate | None:
    """The likeliest small change that makes all tests pass."""
    proposals = Mutation(workshop).propose(case)
    try:
        async for candidate in proposals:
            return candidate
    finally:
        await proposals.aclose()
    return None


def _changed(file: PyFile, candidate: Candidate) -> tuple[int, str]:
    """The first line a repair changes, and what it says of itself."""
    after = candidate.change_set.changes[0].after or b""
    hunks = diff.hunks(file.text.encode(), after)
    line = hunks[0].start + 1 if hunks else 1
    note = candidate.note.partition(": ")[2]
    return min(line, len(file.lines)), note


async def _suspicion(
    case: Case, workshop: Workshop, files: Mapping[str, PyFile]
) -> tuple[tuple[str, dict[int, float]], ...]:
    """How suspicious each line is that failing tests run, worst file first."""
    job = trial.job_for(case)
    if job is None:
        return ()
    texts = {path: file.text for path, file in files.items()}
    async with workshop.bench(case.snapshot) as bench:
        script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
        facts = {"mode": "trace", "seconds": job.trace, "failing": [], "passing": []}
        lines = await harness.run(bench, script, job, facts, 60.0)
        place = locate.located(lines[0] if lines else {}, bench.root, texts)
    return place.files if place is not None else ()


def _suspects(
    files: Mapping[str, PyFile], suspicion: tuple[tuple[str, dict[int, float]], ...]
) -> Spot | None:
    """The most suspicious line of the worst file, with the next ones."""
    for path, lines in suspicion:
        file = files.get(path)
        ranked = _ranked(file, lines) if file is not None else []
        if file is not None and ranked:
            others = tuple(line_of(file, n) for n in ranked[1 : 1 + _OTHERS])
            return Spot(line_of(file, ranked[0]), others=others)
    return None


def _ranked(file: PyFile, suspicion: Mapping[int, float]) -> list[int]:
    """Most suspicious first; among equals the line that decides and computes most."""
    heads: set[int] = set()
    work: dict[int, float] = {}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            heads.add(node.lineno)
        elif isinstance(node, ast.stmt):
            work[node.lineno] = work.get(node.lineno, 0.0) + _work(node)
    return sorted(
        (n for n in suspicion if n not in heads and 0 < n <= len(file.lines)),
        key=lambda n: (-round(suspicion[n], 3), -work.get(n, 0.0), -n),
    )


def _work(statement: ast.stmt) -> float:
    """How much a statement's own expressions can go wrong."""
    own: ast.AST | None = statement
    if isinstance(statement, ast.If | ast.While):
        own = statement.test
    elif isinstance(statement, ast.For | ast.AsyncFor):
        own = statement.iter
    elif isinstance(statement, ast.With | ast.AsyncWith | ast.Try | ast.Match):
        own = None
    total = 0.0
    for node in ast.walk(own) if own is not None else ():
        total += _RISKS.get(type(node), 0.0)
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            total += 0.5
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            total += 0.3
    return total


def line_of(file: PyFile, number: int) -> Place:
    """The code of one line, without its indentation."""
    text = file.lines[number - 1].rstrip("\r\n")
    code = text.strip() or text
    column = text.index(code) + 1 if code else 1
    return Place(file.path, number, column, number, column + len(code), code)
