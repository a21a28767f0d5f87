"""L1: the rung. Locate by running the tests, try many small changes, prove those that pass.

Everything that runs project code does so in the sandbox, through ``runner/``; its word only says
which candidates are worth a proof.
"""

import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial

from anyio import to_thread

from samokoder.agents.repair import changes
from samokoder.agents.repair.case import Candidate, Case
from samokoder.agents.repair.mutation import compiled, harness, rivalry, trial, words
from samokoder.agents.repair.mutation.generation import ENOUGH, Tried, bred
from samokoder.agents.repair.mutation.harness import Job
from samokoder.agents.repair.workshop import Workshop

_FIRST = 1600
"""Mutants of the first round at most."""
_LATER = 500
"""Mutants of each text that made progress, in later rounds, and of each other reading."""
_BEAM = 6
_ROUNDS = 3
_SURE = 1.4
"""Likelihood of what says more than a few tests: a word of another language put right."""


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
            winners = trial.ranked([t for t in tried if t.ok])
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
        """One generation: mutants of the case's files, or of the texts that made progress. A
        file that could be read in several ways is searched from each of them.
        """
        states: list[Tried | None] = list(beam)
        if not number:
            states = [Tried(g.path, g.text, g.score, "") for g in case.readings] or [None]
        winners: list[Tried] = []
        further: list[Tried] = []
        async with self._workshop.bench(case.snapshot) as bench:
            script = await bench.put("runner.zip", await to_thread.run_sync(harness.program))
            for rank, state in enumerate(states):
                limit = _LATER if number or rank else _FIRST
                good, better = await bred(case, bench, script, job, state, limit)
                winners += good
                further += better
                if number and len(winners) >= ENOUGH:
                    break
        winners.sort(key=lambda t: -t.score)
        further.sort(key=lambda t: (-t.fixed, t.lost, -t.score))
        return (*winners[: 2 * ENOUGH], *_varied(further)[:_BEAM])


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


async def _candidate(case: Case, t: Tried) -> Candidate:
    data = t.text.encode("utf-8", "surrogateescape")
    note = f"{t.path}: {t.note}"
    return Candidate(changes.modified(case.snapshot, note, {t.path: data}), "L1", note)
