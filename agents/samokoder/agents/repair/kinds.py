"""Checking and fixing as kinds of runs."""

from dataclasses import replace

from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.check import CheckOutcome, CheckRequest, check
from samokoder.agents.repair.fix import FixRequest, FixResult, fix
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.state.runs import RunState


def kinds(tools: Tools) -> Kinds:
    """The kinds of this package, working with these tools."""

    async def fixing(run: Run, request: FixRequest) -> FixResult:
        result = await fix(run, request, tools)
        # the change sets are in the history already
        return replace(result, fixes=tuple(replace(f, change=None) for f in result.fixes))

    async def checking(run: Run, request: CheckRequest) -> CheckOutcome:
        return await check(run, request, tools)

    return {
        "fix": Kind("fix", FixRequest, FixResult, fixing, fixed, writes=True, runs_commands=True),
        "check": Kind("check", CheckRequest, CheckOutcome, checking, _checked, runs_commands=True),
    }


def fixed(result: FixResult) -> tuple[RunState, str]:
    """How a run that fixes ends."""
    if result.limited:
        return RunState.LIMITED, result.reason
    if result.verdict is Verdict.PROVEN:
        return RunState.SUCCEEDED, "; ".join(f.note or f.title for f in result.fixes)
    if result.nothing:
        return RunState.SUCCEEDED, result.reason
    return RunState.FAILED, result.reason or "not proven"


def _checked(result: CheckOutcome) -> tuple[RunState, str]:
    failed = [r.check.id for r in result.results if not r.ok]
    if not failed:
        return RunState.SUCCEEDED, "all checks pass"
    return RunState.SUCCEEDED, f"failing: {', '.join(failed)}"
