"""What a rung of the ladder is given and what it returns."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from samokoder.agents.checks.check import Check, CheckResult, Evidence, Problem
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Reading:
    """One of several texts that a broken file may have been meant to be, and its likelihood."""

    path: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that might help. ``rung`` names who made it, ``note`` how, in plain words."""

    change_set: ChangeSet
    rung: str
    note: str = ""
    doubt: str = ""
    """Why it may not be claimed although it passes; empty when nothing speaks against it."""
    readings: tuple[Reading, ...] = ()
    """Where it only lets the tests run: this text of the file first, then the other likely ones."""


class Verdict(StrEnum):
    PROVEN = "proven"
    UNVERIFIED = "unverified"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof, kept and shown: what ran, where, on which tree, with which result.

    ``control`` ran on the tree without the change at the same time as ``after``: taking the change
    away brings the failure back.
    """

    verdict: Verdict
    sandbox: str
    before: tuple[CheckResult, ...] = ()
    after: tuple[CheckResult, ...] = ()
    control: tuple[CheckResult, ...] = ()
    reason: str = ""
    """Why it was refused or stays unverified; goes back to the model."""
    progress: bool = False
    """Refused, but what failed before is gone or less, and nothing that passed is lost."""
    flaky: tuple[str, ...] = ()
    """Tests that failed once and passed when run again on the same tree."""
    change: str = ""
    """Hash of the change set that was tried."""
    unprovable: bool = False
    """No candidate can be proven: the checks do not show the problem."""


@dataclass
class Case:
    """One problem to solve. ``learned`` grows as rungs fail; the next one sees it."""

    run: Run
    snapshot: Snapshot
    checks: tuple[Check, ...]
    evidence: Evidence
    focus: tuple[Problem, ...] = ()
    """The problems asked about; empty means whatever makes the checks fail."""
    baseline: tuple[CheckResult, ...] = ()
    learned: list[str] = field(default_factory=list)
    name: str = "fix"
    """Begins the keys of this problem's steps."""
    tokens: int = 0
    """Tokens spent on it so far, input and output."""
    calls: int = 0
    """Model calls made for it so far."""
    origin: Snapshot | None = None
    """The tree before anything was repaired, where that is another one."""
    readings: tuple[Reading, ...] = ()
    """Texts to search from, where what was repaired so far could be read in several ways."""


class Rung(Protocol):
    """One step of the ladder: candidates, cheapest and likeliest first."""

    @property
    def name(self) -> str:
        """ "L0" … "L4"."""
        ...

    def propose(self, case: Case) -> AsyncGenerator[Candidate, str]:
        """Yields candidates; receives by ``asend`` the reason why the last one was refused."""
        ...
