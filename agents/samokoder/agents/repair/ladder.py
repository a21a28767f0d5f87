"""Climbing: rungs from the cheapest up, each candidate once, until one is proven.

What is refused goes back to the rung with the reason and into the case for the rungs above. A
candidate that only helps (fewer failures, nothing lost) becomes the ground on which the rungs are
climbed again, a bounded number of times; what is proven in the end is always the whole change.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

import anyio

from samokoder.agents.errors import LimitReached, ModelError, ModelMissing
from samokoder.agents.repair import changes, verdicts
from samokoder.agents.repair.case import Candidate, Case, Receipt, Rung, Verdict
from samokoder.agents.repair.proof import Prover
from samokoder.agents.workspace.changeset import ChangeSet

_ROUNDS = 4
"""Times the ladder is climbed again from a candidate that made progress."""

MODEL_FREE = frozenset({"L0", "L1"})
"""Rungs that ask no model."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one rung cost and brought."""

    rung: str
    candidates: int = 0
    proofs: int = 0
    seconds: float = 0.0
    tokens: int = 0
    calls: int = 0
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a climb. ``candidate`` without PROVEN is never applied on its own."""

    verdict: Verdict
    candidate: Candidate | None = None
    receipt: Receipt | None = None
    tallies: tuple[Tally, ...] = ()
    reason: str = ""
    limited: bool = False
    """A budget ended the climb; more of it may help."""


@dataclass
class _Climb:
    case: Case
    prover: Prover
    ground: ChangeSet | None = None
    notes: list[str] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Trees that were tried, and what failed in each."""
    best: tuple[tuple[int, int], Candidate, Receipt] | None = None
    progress: tuple[int, ChangeSet, Candidate, Receipt] | None = None
    number: int = 0
    stopped: str = ""
    unprovable: bool = False

    def begin_round(self) -> None:
        self.progress = None


async def climb(case: Case, rungs: Sequence[Rung], prover: Prover) -> Outcome:
    """Climb until a candidate is proven, the rungs are exhausted, or a limit is reached."""
    state = _Climb(case, prover)
    for round_ in range(_ROUNDS + 1):
        state.begin_round()
        for rung in rungs:
            proven = await _rung(state, rung, round_)
            if proven is not None:
                candidate, receipt = proven
                return Outcome(Verdict.PROVEN, candidate, receipt, _tallies(state))
            if state.stopped or state.unprovable or (state.progress and rung.name != "L1"):
                break  # what L1 only improves may be overfitted: the rungs above start afresh
        if state.progress is None or state.stopped or state.unprovable:
            break
        _, whole, candidate, receipt = state.progress
        state.ground = whole
        state.notes.append(candidate.note)
        failures = receipt.after or case.baseline
        state.case = replace(
            case,
            snapshot=case.snapshot.with_changes(whole),
            evidence=replace(
                case.evidence,
                results=failures,
                problems=tuple(p for r in failures for p in r.problems),
            ),
            baseline=failures,
            focus=(),
            learned=case.learned,
            origin=case.snapshot,
            readings=candidate.readings,
            name=f"{case.name}/{round_ + 1}",
        )
    case.tokens, case.calls = max(case.tokens, state.case.tokens), max(case.calls, state.case.calls)
    if state.best is not None:
        _, candidate, receipt = state.best
        why = state.stopped or receipt.reason
        limited = bool(state.stopped)
        return Outcome(Verdict.UNVERIFIED, candidate, receipt, _tallies(state), why, limited)
    reason = state.stopped or (case.learned[-1] if case.learned else "no rung had an idea")
    return Outcome(Verdict.REFUSED, None, None, _tallies(state), reason, bool(state.stopped))


def _tallies(state: _Climb) -> tuple[Tally, ...]:
    return tuple(state.tallies.values())


async def _rung(state: _Climb, rung: Rung, round_: int) -> tuple[Candidate, Receipt] | None:
    """All candidates of one rung; the proven one and its receipt, or None."""
    case, settings = state.case, state.case.run.settings.fix
    free = rung.name in MODEL_FREE
    bound = settings.candidates if free else settings.attempts
    deadline = time.monotonic() + settings.seconds if free else float("inf")
    tally = state.tallies.get(rung.name, Tally(rung.name))
    started, tokens, calls = time.monotonic(), case.tokens, case.calls
    candidates = proofs = 0
    proven: tuple[Candidate, Receipt] | None = None
    proposals = rung.propose(case)
    if not free:
        state.prover.anticipate()
    reason: str | None = None
    try:
        while proofs < bound and time.monotonic() < deadline:
            candidate = await _next(proposals, reason, deadline)
            if candidate is None:
                break
            candidates += 1
            whole = candidate
            if state.ground is not None:
                combined = changes.combined(state.ground, candidate.change_set)
                note = "; ".join([*state.notes, candidate.note])
                whole = replace(candidate, change_set=combined, note=note)
            name = await changes.fingerprint(whole.change_set)
            if name in state.seen:
                reason = "this was tried before"
                if not free:
                    await case.run.observe(name, state.seen[name])
                continue
            await case.run.say(f"{rung.name}: trying {candidate.note or 'a change'}")
            proofs += 1
            state.number += 1
            receipt = await case.run.step(
                f"{case.name.split('/')[0]}/proof/{state.number}",
                lambda whole=whole: state.prover.prove(whole.change_set),  # type: ignore[misc]
                Receipt,
                agent=rung.name,
                pure=True,
            )
            if receipt.verdict is Verdict.PROVEN and whole.doubt:
                receipt = replace(receipt, verdict=Verdict.UNVERIFIED, reason=whole.doubt)
            if receipt.verdict is Verdict.PROVEN:
                proven = (whole, receipt)
                break
            reason = receipt.reason
            case.learned.append(f"{candidate.note or rung.name}: {reason}")
            _remember(state, whole, receipt)
            state.seen[name] = _failing(receipt, case)
            if not free:
                await case.run.observe(name, state.seen[name], reason)
            if receipt.unprovable:
                # no candidate can be proven, so a second one would only cost more
                state.unprovable = True
                break
    except (ModelError, ModelMissing) as error:
        case.learned.append(f"{rung.name}: {error}")
    except LimitReached as error:
        state.stopped = str(error)
    finally:
        with anyio.CancelScope(shield=True):
            await proposals.aclose()
        state.tallies[rung.name] = replace(
            tally,
            candidates=tally.candidates + candidates,
            proofs=tally.proofs + proofs,
            seconds=tally.seconds + time.monotonic() - started,
            tokens=tally.tokens + case.tokens - tokens,
            calls=tally.calls + case.calls - calls,
            proven=proven is not None,
        )
    return proven


def _failing(receipt: Receipt, case: Case) -> tuple[str, ...]:
    """What failed with the candidate; before it, where its checks were not run to the end."""
    return tuple(sorted(map(str, verdicts.failed(receipt.after or case.baseline))))


async def _next(
    proposals: AsyncGenerator[Candidate, str], reason: str | None, deadline: float
) -> Candidate | None:
    with anyio.move_on_at(anyio.current_time() + deadline - time.monotonic()):
        try:
            if reason is None:
                return await anext(proposals)
            return await proposals.asend(reason)
        except StopAsyncIteration:
            return None
    return None


def _remember(state: _Climb, whole: Candidate, receipt: Receipt) -> None:
    """Keep the best of what was not proven, and the best ground for another climb."""
    left = len(verdicts.failed(receipt.after)) if receipt.after else 10_000
    if receipt.progress and (state.progress is None or left < state.progress[0]):
        state.progress = (left, whole.change_set, whole, receipt)
    if receipt.verdict is Verdict.UNVERIFIED or receipt.progress:
        rank = (0 if receipt.verdict is Verdict.UNVERIFIED else 1, left)
        if state.best is None or rank < state.best[0]:
            state.best = (rank, whole, receipt)
