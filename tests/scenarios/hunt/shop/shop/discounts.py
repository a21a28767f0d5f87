"""Rules that make things cheaper. Only the best one of a group counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """``share`` off articles of ``group`` from ``least`` pieces; days count from 1, inclusive."""

    group: str
    least: int
    share: str
    first_day: int = 1
    last_day: int = 366

    def holds(self, group, pieces, day):
        return (
            self.group in (group, "*")
            and pieces >= self.least
            and self.first_day <= day <= self.last_day
        )


class Rules:
    """All rules of the shop."""

    def __init__(self, rules=()):
        self._rules = list(rules)

    def best(self, group, pieces, day):
        """The largest share that holds, as text; "0" when none does."""
        shares = [r.share for r in self._rules if r.holds(group, pieces, day)]
        return max(shares, key=float, default="0")
