"""What the open tasks may cost and how long the model calls take: a guess, shown before approval.

Sizes are what a file, a review and a description took in the scripted scenarios and in runs of
hosted models, rounded up; prices are the table's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from samokoder.agents.generate import ordering
from samokoder.agents.generate.plan import Task
from samokoder.agents.generate.request import Estimate
from samokoder.agents.models import prices
from samokoder.agents.models.model import Profile, Usage

FILE = Usage(2500, 900)
"""One answer of a developer."""
REVIEW = Usage(1500, 250)
"""A review of one file's hunks."""
DETAIL = Usage(2500, 800)
"""The files of a task that has none yet."""
WRITER = Usage(3000, 900)

VERSION, CLAIM = Usage(150, 170), Usage(240, 90)
"""A small model's version of a module, and its claims about one function."""
_SMALL = 2
"""Files of a task that a small model writes in its own way."""
VERSIONS = 3
"""Versions it mostly takes until they agree."""

FILES = 3
"""Files of a task that has none yet."""
REWORK = 1.25
"""Calls are this many times those of a first try that is right."""

READ, WRITE = 2000.0, 60.0
"""Tokens a second of a hosted model: prompt, answer."""
READ_HERE, WRITE_HERE = 70.0, 20.0
"""Tokens a second of the embedded model on two cores."""


@dataclass
class Clock:
    """How long this process's planning calls took; the guess leans on it."""

    started: float = field(default_factory=time.monotonic)
    calls: int = 0

    def each(self) -> float:
        """Seconds of one call so far; 0 when none was made here."""
        return (time.monotonic() - self.started) / self.calls if self.calls else 0.0


def estimate(
    tasks: Sequence[Task],
    profile: Profile | None,
    *,
    parallel: int,
    reviewed: bool,
    documented: bool,
    each: float = 0.0,
    small: bool = False,
) -> Estimate:
    """``parallel`` calls at once; ``each`` is how many seconds a call has taken, 0: not known.
    ``small``: tasks are written by a small model in its own way.
    """
    calls = inputs = outputs = 0
    rounds = 0

    def add(usage: Usage, times: int) -> None:
        nonlocal calls, inputs, outputs
        calls += times
        inputs += times * usage.input_tokens
        outputs += times * usage.output_tokens

    mine = [t for t in tasks if small and 0 < len(t.works) <= _SMALL]
    for task in (t for t in tasks if t not in mine):
        files = [w for w in task.works if w.action != "delete"] if task.works else []
        count = len(files) if task.works else FILES
        add(FILE, count)
        if not task.works:
            add(DETAIL, 1)
            rounds += 1
        if reviewed and count:
            add(REVIEW, count)
            rounds += 1
        rounds += ordering.rounds(ordering.needs(files), parallel) if task.works else 1
    for task in mine:
        functions = sum(len(w.gives) for w in task.works)
        add(VERSION, VERSIONS)
        add(CLAIM, functions)
        rounds += VERSIONS + functions
    if documented and tasks and not small:
        add(WRITER, 1)
        rounds += 1
    if not calls:
        return Estimate()
    calls, inputs, outputs = (round(REWORK * n) for n in (calls, inputs, outputs))
    local = profile is None or not profile.remote
    read, write = (READ_HERE, WRITE_HERE) if local else (READ, WRITE)
    typical = inputs / calls / read + outputs / calls / write
    micros = prices.micros(profile, Usage(inputs, outputs)) if profile is not None else 0
    return Estimate(
        calls=calls,
        input_tokens=inputs,
        output_tokens=outputs,
        micros=micros,
        seconds=round(REWORK * rounds * (each or typical), 1),
    )


def told(found: Estimate) -> str:
    """The estimate in words."""
    if not found.calls:
        return "no model call"
    price = "price unknown" if found.micros is None else f"about ${found.micros / 1_000_000:.2f}"
    minutes = found.seconds / 60
    wait = f"{found.seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
    tokens = (found.input_tokens + found.output_tokens + 500) // 1000
    return f"about {found.calls} model calls, {tokens}k tokens, {price}, {wait} of waiting for them"
