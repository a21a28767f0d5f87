"""The states of a run and the only ways from one to another.

queued ──► running ◄──► waiting (for the user, an editor)
             │  ▲
             │  └────── paused, stopped (at a limit), failed   by `run resume`
             └─► succeeded, failed, stopped, cancelled, paused
succeeded, failed, stopped, cancelled ──► undone ──► (redone by undoing the undo's own run)
"""

from enum import StrEnum


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    UNDONE = "undone"


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})
"""States in which a process must be working on the run, or take it up after a crash."""

ENDED = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.STOPPED,
        RunState.CANCELLED,
        RunState.UNDONE,
    }
)

RESUMABLE = frozenset({RunState.PAUSED, RunState.STOPPED, RunState.FAILED})
"""States from which the user may take a run up again."""

_NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    RunState.RUNNING: frozenset(
        {
            RunState.WAITING,
            RunState.PAUSED,
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.STOPPED,
            RunState.CANCELLED,
        }
    ),
    RunState.WAITING: frozenset(
        {RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED, RunState.FAILED, RunState.STOPPED}
    ),
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.CANCELLED}),
    RunState.STOPPED: frozenset({RunState.QUEUED, RunState.CANCELLED, RunState.UNDONE}),
    RunState.FAILED: frozenset({RunState.QUEUED, RunState.UNDONE}),
    RunState.SUCCEEDED: frozenset({RunState.UNDONE}),
    RunState.CANCELLED: frozenset({RunState.UNDONE}),
    RunState.UNDONE: frozenset(),
}


def before(state: RunState) -> tuple[RunState, ...]:
    """The states from which ``state`` may be entered."""
    return tuple(old for old, allowed in _NEXT.items() if state in allowed)
