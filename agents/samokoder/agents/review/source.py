"""Where findings come from: analysers, data flow, defect patterns, models; one protocol for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from samokoder.agents.review.finding import Finding
from samokoder.agents.workspace.snapshot import Snapshot

Lines = tuple[tuple[int, int], ...]
"""Ranges of lines from 1, both ends included, ascending."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is under review: per path the lines that count, None for the whole file.

    ``base`` is the workspace before the change, None when code is reviewed as it stands; what was
    already wrong there is not a finding. ``moved`` maps a path to its path in ``base``.
    """

    files: Mapping[str, Lines | None]
    base: Snapshot | None = None
    moved: Mapping[str, str] = field(default_factory=dict)

    def covers(self, path: str, line: int, end_line: int = 0) -> bool:
        """Whether a place touches what is under review."""
        if path not in self.files:
            return False
        ranges = self.files[path]
        last = max(line, end_line)
        return ranges is None or any(a <= last and line <= b for a, b in ranges)


class Source(Protocol):
    """One way to find things. It has no effect on the workspace, so a run may journal it as a
    pure step.
    """

    @property
    def name(self) -> str:
        """Short and stable: part of a step's key and of a finding's origin."""
        ...

    async def findings(self, snapshot: Snapshot, scope: Scope) -> tuple[Finding, ...]:
        """What it finds, all inside the scope, each quoting what stands in the snapshot.

        Raises nothing for code it cannot read: such files have no findings.
        """
        ...
