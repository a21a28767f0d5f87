"""The journal's boundaries: the moments between which a crash must not be able to hurt.

The product does nothing here. A fault injector puts its own function in and ends the process at a
boundary of its choice; ``docs/operations.md`` lists the names.
"""

from collections.abc import Callable
from typing import Final


def _nothing(name: str) -> None:
    """Nothing happens at a boundary."""


class _Injector:
    reach: Callable[[str], None] = staticmethod(_nothing)


INJECTOR: Final = _Injector()


def boundary(name: str) -> None:
    """Reach a boundary: ``step.intent``, ``step.effect``, ``step.receipt``, ``call.sent`` …."""
    INJECTOR.reach(name)
