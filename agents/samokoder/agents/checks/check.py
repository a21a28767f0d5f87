"""A check (a command that says whether the project is all right) and what came of running it.

Lines and columns count from 1, as people and tools print them; a column counts code points.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Check:
    """``argv`` runs in ``cwd`` (POSIX path relative to the workspace, "" for its root).

    ``kind`` picks the parser of the output: pytest, unittest, ruff, mypy, tsc, command, ….
    ``origin`` says who named the command: "builtin" (ours), "detected", "settings" or "user".
    """

    id: str
    kind: str
    argv: tuple[str, ...]
    cwd: str = ""
    origin: str = "detected"
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A place named by the output; ``path`` is relative to the workspace."""

    path: str
    line: int
    column: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at the user's own frame; ``related`` are the other frames."""

    path: str
    line: int
    message: str
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None
    severity: Severity = Severity.ERROR
    source: str = ""
    rule: str = ""
    test: str = ""
    related: tuple[Frame, ...] = ()

    @property
    def identity(self) -> str:
        """Stays equal while unrelated lines move: no line number in it."""
        return "\0".join((self.source, self.path, self.rule, self.test, self.message))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """``output`` is the head and tail that are kept, decoded. ``failed`` and ``passed`` are test
    ids: ``path::name`` for pytest, dotted names for unittest; a test is in one of them at most.
    """

    check: Check
    exit_code: int
    seconds: float
    output: str
    problems: tuple[Problem, ...] = ()
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    timed_out: bool = False
    sandbox: str = "none"
    tree: str = ""
    """Hash of the snapshot it ran on."""
    ended: float = 0.0
    """When the command had ended, in seconds since the epoch."""
    skipped: tuple[str, ...] = ()
    """Test ids that were skipped or failed as expected."""
    stray: tuple[str, ...] = ()
    """Modules that were imported from the real workspace instead of the copy: the result says
    nothing about the change. Only possible without confinement."""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why we believe something is broken: the failing results and the user's own words."""

    results: tuple[CheckResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    text: str = field(default="")
