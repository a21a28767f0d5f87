"""The body of a run that fixes a finding: the source that found it is one of the checks.

A change is proven when the source no longer finds it, the project's own checks say nothing new,
and both are as before without the change. An opinion of a model cannot be proven gone, so what is
suggested for it stays a proposal.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from samokoder.agents.checks.check import Check, CheckResult, Frame, Problem, Severity
from samokoder.agents.checks.command import from_command
from samokoder.agents.checks.detect import detect
from samokoder.agents.errors import EnvironmentMissing, InvalidInput
from samokoder.agents.repair import fix
from samokoder.agents.repair.fix import FixRequest, FixResult
from samokoder.agents.repair.workshop import Bench, Tools, Workshop
from samokoder.agents.review import proving
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.review import Sources
from samokoder.agents.review.source import Scope, Source
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.snapshot import Snapshot

REVIEW = Check("review", "review", ("samokoder", "review"), origin="builtin", timeout=60.0)
"""The check that asks the sources of findings again."""


@dataclass(frozen=True, slots=True)
class RemedyRequest:
    """``finding`` as it stands now, ``name`` its fingerprint; ``command`` replaces the project's
    own checks.
    """

    finding: Finding
    name: str = ""
    command: str = ""
    rungs: tuple[str, ...] = ()


async def remedy(run: Run, request: RemedyRequest, tools: Tools, sources: Sources) -> FixResult:
    """Fix one finding, proven like any fix, or suggest what cannot be proven."""
    finding = request.finding
    if finding.path not in run.snapshot.files:
        raise InvalidInput(f"{finding.path} is not there any more")
    asked = ReviewRequest(paths=(finding.path,), commands=True)
    inner = await tools.workshop(run.settings)
    test = await proving.test_of(finding, run.snapshot, run.settings)
    workshop = ReviewWorkshop(inner, await sources(run, asked), finding, test)
    checks = (*workshop.own, *await _checks(run, request.command))
    problem = _problem(finding)
    wanted = FixRequest(finding.path, finding.line, problem, rungs=request.rungs)
    result = await fix.mend(run, wanted, workshop, checks, suggest=finding.origin == "model")
    if result.nothing:
        return replace(result, reason="the finding is gone: the code is no longer found wrong")
    return result


async def _checks(run: Run, command: str) -> tuple[Check, ...]:
    """The project's own checks; none where it has none or where they cannot run here."""
    if command:
        return (from_command(command, origin="user", timeout=run.settings.check.timeout),)
    try:
        return await detect(run.snapshot, run.settings)
    except EnvironmentMissing:
        return ()


@dataclass
class ReviewWorkshop:
    """A workshop that can also run the review check; see
    :class:`samokoder.agents.repair.workshop.Workshop`.
    """

    inner: Workshop
    sources: Sequence[Source]
    finding: Finding
    test: proving.Test | None = None

    @property
    def own(self) -> tuple[Check, ...]:
        """The check that shows the finding."""
        return (REVIEW,) if self.test is None else (self.test.check,)

    @property
    def sandbox(self) -> str:
        return self.inner.sandbox

    @property
    def confines(self) -> bool:
        return self.inner.confines

    async def check(self, snapshot: Snapshot, checks: tuple[Check, ...]) -> tuple[CheckResult, ...]:
        results: dict[int, CheckResult] = {}
        rest: list[tuple[int, Check]] = []
        for number, check in enumerate(checks):
            if check.kind == REVIEW.kind:
                results[number] = await self._review(snapshot)
            elif self.test is not None and check.id == self.test.check.id:
                results[number] = await self._test(snapshot, self.test)
            else:
                rest.append((number, check))
        if rest:
            done = await self.inner.check(snapshot, tuple(check for _, check in rest))
            results |= {number: result for (number, _), result in zip(rest, done, strict=True)}
        return tuple(results[number] for number in range(len(checks)))

    @asynccontextmanager
    async def bench(self, snapshot: Snapshot) -> AsyncIterator[Bench]:
        async with self.inner.bench(snapshot) as bench:
            yield bench

    async def _test(self, snapshot: Snapshot, test: proving.Test) -> CheckResult:
        """What the finding's own test says; its failure is the finding and nothing else."""
        (done,) = await self.inner.check(snapshot.with_changes(test.change), (test.check,))
        return replace(done, problems=() if done.ok else (_problem(self.finding),))

    async def _review(self, snapshot: Snapshot) -> CheckResult:
        """What the sources say of the finding's file."""
        started = time.monotonic()
        scope = Scope({self.finding.path: None})
        found = [f for source in self.sources for f in await source.findings(snapshot, scope)]
        problems = tuple(map(_problem, found))
        return CheckResult(
            REVIEW,
            1 if problems else 0,
            time.monotonic() - started,
            "\n".join(f"{p.path}:{p.line}: {p.message}" for p in problems),
            problems,
            sandbox=self.inner.sandbox,
            tree=snapshot.hash,
            ended=time.time(),
        )


def _problem(finding: Finding) -> Problem:
    """The finding as a problem of a check; a hint would not count as one."""
    advice = f"\n{finding.advice}" if finding.advice else ""
    frames = [e.place for e in finding.evidence if e.place is not None]
    severity = Severity.ERROR if finding.severity is Severity.ERROR else Severity.WARNING
    return Problem(
        finding.path,
        finding.line,
        finding.message + advice,
        finding.column,
        finding.end_line,
        finding.end_column,
        severity,
        f"review/{finding.origin}",
        finding.rule,
        related=tuple(Frame(p.path, p.line, p.column, p.note) for p in frames),
    )
