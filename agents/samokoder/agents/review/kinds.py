"""Reviewing as a kind of run."""

from samokoder.agents.review.request import ReviewRequest, ReviewResult
from samokoder.agents.review.review import Reviewers, review
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.state.runs import RunState


def kinds(tools: Reviewers) -> Kinds:
    """The kinds of this package, working with these tools."""

    async def reviewing(run: Run, request: ReviewRequest) -> ReviewResult:
        return await review(run, request, tools)

    return {"review": Kind("review", ReviewRequest, ReviewResult, reviewing, _reviewed)}


def _reviewed(result: ReviewResult) -> tuple[RunState, str]:
    count = len(result.findings)
    said = f"{count} finding{'s' if count != 1 else ''} in {result.what}"
    if result.limited:
        return RunState.LIMITED, f"{said} so far; {'; '.join(result.notes)}"
    return RunState.SUCCEEDED, said
