"""The ways from one state of a run to another; there are no others.

queued ──► running ◄──► waiting (for the user, an editor)
   ▲         │
   │         ├─► paused, limited, failed ──┐ by `run resume`
   └─────────┼─────────────────────────────┘
             └─► succeeded, cancelled
every ended state ──► undone   (undoing is a run of its own; undo that one to have it back)
"""

from samokoder.state.runs import RunState

RESUMABLE = frozenset({RunState.PAUSED, RunState.LIMITED, RunState.FAILED})
"""States from which the user may take a run up again."""

_NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    RunState.RUNNING: frozenset(
        {
            RunState.WAITING,
            RunState.PAUSED,
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.LIMITED,
            RunState.CANCELLED,
        }
    ),
    RunState.WAITING: frozenset(
        {RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED, RunState.FAILED, RunState.LIMITED}
    ),
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.CANCELLED}),
    RunState.LIMITED: frozenset({RunState.QUEUED, RunState.UNDONE}),
    RunState.FAILED: frozenset({RunState.QUEUED, RunState.UNDONE}),
    RunState.SUCCEEDED: frozenset({RunState.UNDONE}),
    RunState.CANCELLED: frozenset({RunState.UNDONE}),
    RunState.UNDONE: frozenset(),
}


def before(state: RunState) -> tuple[RunState, ...]:
    """The states from which ``state`` may be entered."""
    return tuple(old for old, allowed in _NEXT.items() if state in allowed)
