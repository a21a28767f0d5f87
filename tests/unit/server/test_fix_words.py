"""What the shell says of a fix claims neither more nor less than was done."""

from samokoder.agents.runs.order import RunSummary, Used
from samokoder.server.commands.fix import FixAnswer, show_fix
from samokoder.state.runs import RunState

RUN = RunSummary(id="01run", kind="fix", title="Fix work", root="/w", state=RunState.FAILED)


def test_what_was_applied_is_not_denied_when_something_is_left() -> None:
    answer = FixAnswer(
        run=RUN,
        used=Used(),
        verdict="refused",
        rung="L0",
        note="imports statistics",
        reason="no rung could",
        applied=True,
        fixes=1,
    )
    lines = show_fix(answer).splitlines()
    assert lines[:2] == [
        "Proven at L0 and applied: imports statistics",
        "Problems left: 0; no rung could",
    ]
    assert lines[-1] == "Undo with: samokoder run undo 01run"


def test_nothing_proven_is_nothing_changed() -> None:
    answer = FixAnswer(run=RUN, used=Used(), verdict="refused", reason="no rung could")
    assert show_fix(answer).startswith("Not proven, nothing was changed: no rung could")
