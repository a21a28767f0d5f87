"""A finding: one thing that is wrong, at the place where the quoted text really stands.

Lines and columns count from 1, columns in code points; ``end_line``/``end_column`` is the place
just behind the last character, as in an editor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from samokoder.agents.checks.check import Severity
from samokoder.agents.workspace import text as texts

WEIGHT = {Severity.HINT: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.ERROR: 3}
"""Severities in order, for floors and sorting."""

_QUOTED_LINES = 6
"""Lines a quote has at most; a longer place is quoted by its first ones."""


class Category(StrEnum):
    CORRECTNESS = "correctness"
    SECURITY = "security"
    DATA = "data loss"
    CONCURRENCY = "concurrency"
    API = "api misuse"
    RESOURCES = "resources"
    TESTS = "tests"
    TYPES = "types"
    NIT = "nit"


class Proof(StrEnum):
    """What makes a finding more than an opinion."""

    NONE = ""
    TEST = "test"
    COMPILER = "compiler"
    TYPES = "types"
    FLOW = "flow"
    """A complete path from what a stranger sends to where it does harm."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that belongs to a finding, with what stands there and why it matters."""

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    quote: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence: ``kind`` is "flow", "output", "test", "rule" or "reason"."""

    kind: str
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """``origin`` is who found it ("taint", "defects", "examples", "ruff", "bandit", "mypy", …,
    "model"); ``rule`` is that source's name for the kind of mistake, stable over releases.
    ``confidence`` is from 0 to 1. ``cwe`` is a bare number such as "89", or empty.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    quote: str
    rule: str
    message: str
    origin: str
    category: Category = Category.CORRECTNESS
    cwe: str = ""
    severity: Severity = Severity.WARNING
    confidence: float = 0.5
    proof: Proof = Proof.NONE
    evidence: tuple[Exhibit, ...] = ()
    related: tuple[Place, ...] = ()
    advice: str = ""
    """What to do about it, one line; empty when the message says it."""

    @property
    def proven(self) -> bool:
        return self.proof is not Proof.NONE


def honest(finding: Finding) -> Finding:
    """The finding no louder than its proof: red only when proven, an unproven opinion of a model
    a hint.
    """
    if finding.proven:
        return finding
    ceiling = Severity.HINT if finding.origin == "model" else Severity.WARNING
    if WEIGHT[finding.severity] <= WEIGHT[ceiling]:
        return finding
    return replace(finding, severity=ceiling)


def quoted(
    lines: Sequence[str], line: int, column: int, end_line: int, end_column: int
) -> str | None:
    """The text between two places, at most its first lines; None when there is no such place.

    ``lines`` are those of :func:`samokoder.agents.workspace.text.lines`.
    """
    if not (1 <= line <= end_line <= len(lines)) or column < 1 or end_column < 1:
        return None
    bodies = [texts.body(x) for x in lines[line - 1 : min(end_line, line + _QUOTED_LINES - 1)]]
    if column > len(bodies[0]) + 1 or end_column > len(texts.body(lines[end_line - 1])) + 1:
        return None
    if len(bodies) == end_line - line + 1:
        bodies[-1] = bodies[-1][: end_column - 1]
    bodies[0] = bodies[0][column - 1 :]
    return "\n".join(bodies)


def stands(finding: Finding, text: str) -> bool:
    """Whether the text at the finding's place is what it quotes."""
    said = quoted(
        texts.lines(text), finding.line, finding.column, finding.end_line, finding.end_column
    )
    return bool(said) and said == finding.quote
