"""How an exception ends a run: which state, and why in plain words."""

from collections.abc import Iterator

from samokoder.agents.errors import LimitReached, RunCancelled
from samokoder.state.errors import SamokoderError
from samokoder.state.runs import RunState


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside nested groups, in order."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def ending(error: Exception) -> tuple[RunState, str, bool]:
    """The state, the reason, and whether this is a defect of ours that the log must hold.

    Of several errors a defect counts first, then a limit: what the others say follows from it.
    """
    found = list(leaves(error))
    for one in found:
        if not isinstance(one, SamokoderError):
            return RunState.FAILED, f"internal error: {type(one).__name__}: {one}", True
    for one in found:
        if isinstance(one, LimitReached):
            return RunState.LIMITED, str(one), False
    if isinstance(found[0], RunCancelled):
        return RunState.CANCELLED, str(found[0]), False
    return RunState.FAILED, str(found[0]), False
