"""Reviewing, fixing what was found, explaining it and sharing what was dismissed, as kinds."""

from dataclasses import replace
from types import NoneType

from samokoder.agents.counting import counted
from samokoder.agents.repair.case import Verdict
from samokoder.agents.repair.fix import FixResult
from samokoder.agents.repair.kinds import fixed
from samokoder.agents.review.explaining import Explained, ExplainRequest, explain
from samokoder.agents.review.remedy import RemedyRequest, remedy
from samokoder.agents.review.request import ReviewRequest, ReviewResult
from samokoder.agents.review.review import Reviewers, review
from samokoder.agents.review.sharing import Shared, ShareRequest, share
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.state.runs import RunState


def kinds(tools: Reviewers) -> Kinds:
    """The kinds of this package, working with these tools."""

    async def reviewing(run: Run, request: ReviewRequest) -> ReviewResult:
        return await review(run, request, tools)

    async def remedying(run: Run, request: RemedyRequest) -> FixResult:
        result = await remedy(run, request, tools.tools, tools.sources)
        if result.verdict is Verdict.PROVEN and any(f.delivered for f in result.fixes):
            await run.step("close", lambda: tools.shelf.close(run.root, [request.name]), NoneType)
        # the change sets are in the history already
        return replace(result, fixes=tuple(replace(f, change=None) for f in result.fixes))

    return {
        "remedy": Kind(
            "remedy",
            RemedyRequest,
            FixResult,
            remedying,
            fixed,
            writes=True,
            runs_commands=True,
        ),
        "review": Kind("review", ReviewRequest, ReviewResult, reviewing, _reviewed),
        "explain": Kind("explain", ExplainRequest, Explained, explain, _explained),
        "share": Kind("share", ShareRequest, Shared, share, _shared, writes=True),
    }


def _explained(result: Explained) -> tuple[RunState, str]:
    return RunState.SUCCEEDED, "explained" if result.text else "no model answered"


def _shared(result: Shared) -> tuple[RunState, str]:
    return RunState.SUCCEEDED, "proposed" if result.changed else "nothing to change"


def _reviewed(result: ReviewResult) -> tuple[RunState, str]:
    said = f"{counted(len(result.findings), 'finding')} in {result.what}"
    if result.limited:
        return RunState.LIMITED, f"{said} so far; {'; '.join(result.notes)}"
    return RunState.SUCCEEDED, said
