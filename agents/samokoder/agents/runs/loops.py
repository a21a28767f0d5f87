"""Loop detection by lack of progress: the same tree, the same failures, nothing newly learned.

Equal arguments prove nothing (a model can vary them for ever), so only what came of a step counts.
"""

from dataclasses import dataclass, field

from samokoder.agents.errors import LimitReached


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands: the hash of the tree it tried and the identities of what fails."""

    tree: str
    failing: tuple[str, ...]


@dataclass
class LoopDetector:
    """Raises when ``patience`` observations in a row brought nothing that was not seen before."""

    patience: int = 6
    _seen: dict[Standing, int] = field(default_factory=dict)
    _learned: set[str] = field(default_factory=set)
    _barren: int = 0

    def observe(self, standing: Standing, learned: str = "") -> None:
        """Note one observation; LimitReached names the repeated state."""
        first = self._seen.get(standing)
        fresh = first is None or (learned != "" and learned not in self._learned)
        self._seen.setdefault(standing, len(self._seen) + 1)
        if learned:
            self._learned.add(learned)
        self._barren = 0 if fresh else self._barren + 1
        if self._barren >= self.patience:
            failing = ", ".join(standing.failing[:3]) or "nothing"
            raise LimitReached(
                f"{self._barren} steps in a row changed nothing: state {first} came back "
                f"(tree {standing.tree[:12]}, failing: {failing})",
                hint="Look at what was tried with `samokoder run show`; a larger model may help.",
            )
