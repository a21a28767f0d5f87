"""What a parser returns, and the few things every parser does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from samokoder.agents.checks.check import Frame, Problem
from samokoder.agents.checks.places import Places


@dataclass(frozen=True, slots=True)
class Parsed:
    """Problems at the user's own frames; test ids that failed, passed, were skipped."""

    problems: tuple[Problem, ...] = ()
    failed: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


Parser = Callable[[str, Places], Parsed]
"""Text without control sequences in, what it says out; never raises."""


def parsed(
    problems: Iterable[Problem],
    failed: Iterable[str] = (),
    passed: Iterable[str] = (),
    skipped: Iterable[str] = (),
) -> Parsed:
    """A :class:`Parsed` in which nothing is said twice."""
    once = {(p.path, p.line, p.column, p.message, p.test): p for p in problems}
    return Parsed(
        tuple(once.values()),
        tuple(dict.fromkeys(failed)),
        tuple(dict.fromkeys(passed)),
        tuple(dict.fromkeys(skipped)),
    )


def related(frames: Iterable[Frame], path: str, line: int) -> tuple[Frame, ...]:
    """The frames other than the problem's own place, each once."""
    return tuple(dict.fromkeys(f for f in frames if (f.path, f.line) != (path, line)))
