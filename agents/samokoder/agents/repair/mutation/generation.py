"""One generation of a search: the tests run and watched, small changes made, all of them tried."""

from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from samokoder.agents.repair import testcode
from samokoder.agents.repair.case import Case
from samokoder.agents.repair.judging import judging_lines
from samokoder.agents.repair.mutation import faults, harness, locate
from samokoder.agents.repair.mutation.harness import Job
from samokoder.agents.repair.mutation.mutants import Mutant, mutants
from samokoder.agents.repair.workshop import Bench

ENOUGH = 24
"""Passing candidates after which one file's tries end."""
_FILES = 4
_SECONDS = 40.0
"""Wall seconds of one file's tries at most."""
_LEAST = 0.15
"""CPU seconds a candidate may take at least."""
_WINDOW = 500
"""Candidates that are still tried after the first one that passes: rivals to compare it with."""
_SECOND = 0.5
"""Likelihood that something else is wrong besides what was put right already."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A text and how the tests did on it; ``error`` is the first failure's type and message."""

    path: str
    text: str
    score: float
    note: str
    ok: bool = False
    fixed: int = 0
    lost: int = 0
    error: str = ""
    line: int = 0


async def bred(
    case: Case, bench: Bench, script: str, job: Job, state: Tried | None, limit: int
) -> tuple[list[Tried], list[Tried]]:
    """Small changes of the case's files, or of the text ``state``: those that pass, and those
    that get further. A change of a changed text is less likely than either of the two.
    """
    wanted = frozenset(p.test for p in case.focus if p.test)
    traced = await _traced(bench, script, job, state)
    texts = await _texts(case, traced, bench.root)
    if state is not None:
        texts[state.path] = state.text
    place = locate.located(traced, bench.root, texts, wanted)
    if place is None:
        return [], []
    batch = await to_thread.run_sync(_batch, place, texts, limit, state)
    found = await _tried(bench, script, job, place, batch)
    if state is not None:
        found = [_onto(state, t) for t in found]
    return [t for t in found if t.ok], [t for t in found if not t.ok and _better(t, place)]


def _onto(state: Tried, tried: Tried) -> Tried:
    score = state.score * tried.score * _SECOND
    note = f"{state.note}; {tried.note}" if state.note else tried.note
    return replace(tried, score=score, note=note)


def _better(tried: Tried, place: locate.Place) -> bool:
    """More tests pass, or the same test gets further: past a crash, to another failure."""
    if tried.lost:
        return False
    if tried.fixed:
        return True
    if not place.crash or not tried.error:
        return False
    if tried.error.startswith("AssertionError"):
        return True
    same_place = tried.line == place.crash_line
    return not same_place and tried.error.partition(":")[0] not in ("SyntaxError", "timeout")


async def _texts(case: Case, traced: dict[str, Any], root: str) -> dict[str, str]:
    """The files that ran, tests left out."""
    found: dict[str, str] = {}
    for name in traced.get("files") or ():
        path = str(name).removeprefix(f"{root}/")
        if path in case.snapshot.files and not testcode.is_test_path(path):
            data = await case.snapshot.read(path)
            found[path] = data.decode("utf-8", "surrogateescape")
    return found


async def _traced(bench: Bench, script: str, job: Job, state: Tried | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"mode": "trace", "seconds": job.trace, "failing": [], "passing": []}
    if state is not None:
        facts |= {"path": f"{bench.root}/{state.path}", "overlay": state.text}
    lines = await harness.run(bench, script, job, facts, 60.0)
    return lines[0] if lines else {}


def _batch(
    place: locate.Place, texts: dict[str, str], limit: int, state: Tried | None
) -> list[Mutant]:
    """Mutants of the suspicious files, likeliest first. Blocking."""
    found: list[Mutant] = []
    for path, suspicion in place.files[:_FILES]:
        if state is not None and path != state.path:
            continue  # one file a repair
        if place.crash:
            found += faults.mutants(path, texts[path], place)
        found += mutants(path, texts[path], suspicion, limit)
        judging = judging_lines(texts[path])
        found = [m for m in found if m.path != path or m.line not in judging]
    unique = {m.text: m for m in sorted(found, key=lambda m: m.score)}
    return sorted(unique.values(), key=lambda m: -m.score)[:limit]


async def _tried(
    bench: Bench, script: str, job: Job, place: locate.Place, batch: list[Mutant]
) -> list[Tried]:
    found: list[Tried] = []
    for path in dict.fromkeys(m.path for m in batch):
        mine = [m for m in batch if m.path == path]
        facts = {
            "mode": "try",
            "path": f"{bench.root}/{path}",
            "failing": list(place.failing),
            "passing": list(place.passing),
            "ignored": list(place.ignored),
            "candidates": [m.text for m in mine],
            "seconds": _LEAST + 3 * min(place.seconds, job.trace / 3),
            "window": _WINDOW,
            "workers": harness.workers(),
            "enough": ENOUGH,
            "total": _SECONDS,
        }
        for line in await harness.run(bench, script, job, facts, _SECONDS + 30):
            index = line.get("i")
            if not isinstance(index, int) or not 0 <= index < len(mine):
                continue
            m = mine[index]
            kind, at = locate.failure(line.get("error"), bench.root)
            found.append(
                Tried(
                    path,
                    m.text,
                    m.score,
                    m.note,
                    bool(line.get("ok")),
                    int(line.get("fixed") or 0),
                    int(line.get("lost") or 0),
                    kind or str(line.get("end") or ""),
                    next((n for p, n in reversed(at) if p == path), 0),
                )
            )
    return found
