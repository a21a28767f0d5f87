"""L1: the rung. Locate by running the tests, try many small changes, prove those that pass.

Everything that runs project code does so in the sandbox, through ``runner/``; its word only says
which candidates are worth a proof.
"""

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from anyio import to_thread

from samokoder.agents.repair import changes, testcode
from samokoder.agents.repair.case import Candidate, Case
from samokoder.agents.repair.judging import judging_lines
from samokoder.agents.repair.mutation import (
    compiled,
    faults,
    harness,
    locate,
    rivalry,
    trial,
    words,
)
from samokoder.agents.repair.mutation.harness import Job
from samokoder.agents.repair.mutation.mutants import Mutant, mutants
from samokoder.agents.repair.workshop import Bench, Workshop

_FIRST = 1600
"""Mutants of the first round at most."""
_LATER = 500
"""Mutants of each text that made progress, in later rounds."""
_BEAM = 6
_ROUNDS = 3
_ENOUGH = 24
"""Passing candidates after which a round ends."""
_FILES = 4
_SECONDS = 40.0
"""Wall seconds of one round at most."""
_LEAST = 0.15
"""CPU seconds a candidate may take at least."""
_SURE = 1.4
"""Likelihood of what says more than a few tests: a word of another language put right."""
_WINDOW = 500
"""Candidates that are still tried after the first one that passes: rivals to compare it with."""


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


class Mutation:
    """See :class:`~samokoder.agents.repair.case.Rung`."""

    name = "L1"

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        if not hasattr(os, "fork"):
            case.learned.append("L1: needs a system that can fork")
            return
        if compiled.compiler_check(case) is not None:
            for path, text, note in await case.run.step(
                f"{case.name}/L1/compiled",
                partial(compiled.repairs, case, self._workshop),
                list[tuple[str, str, str]],
                agent=self.name,
            ):
                yield await _candidate(case, Tried(path, text, 0.0, note))
            return
        job = trial.job_for(case)
        if job is None:
            return
        await case.run.say("L1: looking for the place by running the tests")
        beam: list[Tried] = []
        for number in range(_ROUNDS):
            tried = await case.run.step(
                f"{case.name}/L1/{number}",
                partial(self._round, case, job, tuple(beam), number),
                tuple[Tried, ...],
                agent=self.name,
            )
            winners = _ranked([t for t in tried if t.ok])
            if winners:
                async for candidate in self._judged(case, job, winners, number):
                    yield candidate
                return
            beam = [t for t in tried if not t.ok]
            if not beam:
                return

    async def _judged(
        self, case: Case, job: Job, winners: list[Tried], number: int
    ) -> AsyncGenerator[Candidate, str]:
        """The winners, likeliest first; one that others contradict says so."""
        path = winners[0].path
        mine = [t for t in winners if t.path == path]
        options = tuple(rivalry.Option(t.text, t.score) for t in mine)
        verdict = await case.run.step(
            f"{case.name}/L1/{number}/rivals",
            partial(rivalry.compared, case, self._workshop, job, path, options, sure=_SURE),
            rivalry.Verdict,
            agent=self.name,
            pure=True,
        )
        old = (await case.snapshot.read(path)).decode("utf-8", "surrogateescape")
        for index in verdict.order:
            candidate = await _candidate(case, mine[index])
            word = await to_thread.run_sync(words.contradicted, old, mine[index].text)
            against = f"the function's own description says “{word}”" if word else ""
            yield replace(candidate, doubt=verdict.doubt or against)
        if not verdict.doubt:
            for t in winners:
                if t.path != path:
                    yield await _candidate(case, t)

    async def _round(
        self, case: Case, job: Job, beam: tuple[Tried, ...], number: int
    ) -> tuple[Tried, ...]:
        """One generation: mutants of the case's files, or of the texts that made progress."""
        states: list[Tried | None] = list(beam) if number else [None]
        winners: list[Tried] = []
        partial_: list[Tried] = []
        wanted = frozenset(p.test for p in case.focus if p.test)
        async with self._workshop.bench(case.snapshot) as bench:
            script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
            for state in states:
                traced = await _traced(bench, script, job, state)
                snapshot_texts = await _texts(case, traced, bench.root)
                if state is not None:
                    snapshot_texts[state.path] = state.text
                place = locate.located(traced, bench.root, snapshot_texts, wanted)
                if place is None:
                    continue
                batch = await to_thread.run_sync(
                    _batch, place, snapshot_texts, _FIRST if state is None else _LATER, state
                )
                found = await _tried(bench, script, job, place, batch)
                winners += [t for t in found if t.ok]
                partial_ += [t for t in found if not t.ok and _better(t, place, state)]
                if len(winners) >= _ENOUGH:
                    break
        partial_.sort(key=lambda t: (-t.fixed, t.lost, -t.score))
        return (*winners[: 2 * _ENOUGH], *_varied(partial_)[:_BEAM])


def _ranked(winners: list[Tried]) -> list[Tried]:
    """Likeliest first, each text once."""
    unique = {t.text: t for t in sorted(winners, key=lambda t: t.score)}
    return sorted(unique.values(), key=lambda t: -t.score)


def _varied(found: list[Tried]) -> list[Tried]:
    """At most two texts with the same next failure at the same place."""
    counts: dict[tuple[int, str, int], int] = {}
    kept: list[Tried] = []
    for t in found:
        name = (t.fixed, t.error, t.line)
        counts[name] = counts.get(name, 0) + 1
        if counts[name] <= 2:
            kept.append(t)
    return kept


def _better(tried: Tried, place: "locate.Place", state: Tried | None) -> bool:
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
    place: "locate.Place", texts: dict[str, str], limit: int, state: Tried | None
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
    bench: Bench, script: str, job: Job, place: "locate.Place", batch: list[Mutant]
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
            "enough": _ENOUGH,
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


async def _candidate(case: Case, t: Tried) -> Candidate:
    data = t.text.encode("utf-8", "surrogateescape")
    note = f"{t.path}: {t.note}"
    return Candidate(changes.modified(case.snapshot, note, {t.path: data}), "L1", note)
