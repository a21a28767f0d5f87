"""The table of a run's states is sound."""

from samokoder.agents.runs.states import ACTIVE, ENDED, RESUMABLE, RunState, before


def test_every_state_but_the_first_can_be_entered() -> None:
    assert before(RunState.QUEUED) == (RunState.PAUSED, RunState.STOPPED, RunState.FAILED)
    for state in RunState:
        assert before(state), f"nothing leads to {state}"


def test_an_ended_run_never_runs_again_by_itself() -> None:
    assert not ENDED & set(before(RunState.RUNNING))
    assert ACTIVE.isdisjoint(ENDED)
    assert RunState.SUCCEEDED not in RESUMABLE
    assert RunState.UNDONE not in before(RunState.QUEUED)
