"""What a review is asked for, and what it answers."""

from dataclasses import dataclass

from samokoder.agents.checks.check import Severity
from samokoder.agents.review.finding import Finding


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """``paths`` are files or folders of the workspace. ``first`` and ``last`` are lines of the only
    path: a selection. ``base`` names a commit: everything since the history of the workspace left
    its own is reviewed. ``commit`` is reviewed alone. ``everything``: all files as they stand.
    With none of these the uncommitted changes, or without git all files.
    """

    paths: tuple[str, ...] = ()
    first: int = 0
    last: int = 0
    base: str = ""
    commit: str = ""
    everything: bool = False
    commands: bool = False
    """The user trusts the workspace: tools that run its code may be asked."""
    floor: Severity | None = None
    """The least severity that is reported; None: the settings'."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding with its name; ``dismissed`` holds the reason where the user does not want it."""

    fingerprint: str
    finding: Finding
    dismissed: str = ""


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """``findings`` are what is left after dismissals, floor and cap, gravest first.

    ``below`` were found and are under the floor, ``over`` beyond the cap; ``unquoted`` were
    dropped because what they quote does not stand there. ``tokens`` and ``calls`` are the models',
    ``cached`` the hunks that needed no call, ``model_seconds`` the time spent waiting for models.
    """

    what: str
    files: int = 0
    lines: int = 0
    findings: tuple[Reported, ...] = ()
    dismissed: int = 0
    below: int = 0
    over: int = 0
    unquoted: int = 0
    refuted: int = 0
    gone: int = 0
    tokens: int = 0
    calls: int = 0
    hunks: int = 0
    cached: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0
    model: str = ""
    notes: tuple[str, ...] = ()
    limited: bool = False
