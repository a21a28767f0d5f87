"""The table of a run's states is sound."""

from samokoder.agents.runs.states import RESUMABLE, before
from samokoder.state.runs import ACTIVE, FINISHED, RunState


def test_every_state_can_be_entered() -> None:
    assert set(before(RunState.QUEUED)) == RESUMABLE
    for state in RunState:
        assert before(state), f"nothing leads to {state}"


def test_an_ended_run_never_runs_again_by_itself() -> None:
    assert not FINISHED & set(before(RunState.RUNNING))
    assert ACTIVE.isdisjoint(FINISHED)
    assert RunState.SUCCEEDED not in RESUMABLE
    assert RunState.UNDONE not in before(RunState.QUEUED)
