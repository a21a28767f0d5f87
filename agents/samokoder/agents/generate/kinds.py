"""Generating as a kind of run."""

from samokoder.agents.generate.generate import generate
from samokoder.agents.generate.request import GenerateRequest, GenerateResult
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.runs.context import Run
from samokoder.agents.runs.kinds import Kind, Kinds
from samokoder.state.runs import RunState

NAME = "generate"


def kinds(tools: Tools) -> Kinds:
    """The kinds of this package, working with these tools."""

    async def generating(run: Run, request: GenerateRequest) -> GenerateResult:
        return await generate(run, request, tools)

    return {
        NAME: Kind(
            NAME,
            GenerateRequest,
            GenerateResult,
            generating,
            _ended,
            writes=True,
            runs_commands=True,
        )
    }


def _ended(result: GenerateResult) -> tuple[RunState, str]:
    if result.limited:
        return RunState.LIMITED, result.stopped
    if not result.tasks:
        return RunState.SUCCEEDED, result.stopped or f"{result.planned} tasks planned"
    done = sum(t.end == "done" for t in result.tasks)
    left = [f"{t.id} {t.end}: {t.reason}" for t in result.tasks if t.end not in ("done", "deleted")]
    said = f"{done} of {result.planned} tasks done"
    reason = "; ".join([said, *left[:4], *([result.stopped] if result.stopped else [])])
    some = done or any(t.end == "proposed" for t in result.tasks)
    return (RunState.SUCCEEDED if some else RunState.FAILED), reason
