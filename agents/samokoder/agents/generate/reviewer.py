"""The reviewer: a verdict on every hunk; none is taken for granted."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from msgspec import Struct

from samokoder.agents.generate import asking
from samokoder.agents.generate.hunks import Numbered
from samokoder.agents.generate.plan import Task
from samokoder.agents.generate.together import together
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run

NAME = "reviewer"

_BATCH = 12_000
"""Characters of hunks in one question."""

_AGAIN = 2
"""Times hunks without a verdict are asked about, the first included."""


class Judged(Struct, frozen=True):
    """One verdict as the reviewer answers it."""

    hunk: int
    verdict: Literal["accept", "rework", "reject"]
    reason: str = ""


class Verdicts(Struct, frozen=True):
    """What the reviewer answers."""

    verdicts: tuple[Judged, ...] = ()


async def judge(
    run: Run, task: Task, hunks: Sequence[Numbered], *, remarks: Sequence[str], key: str
) -> dict[int, Judged]:
    """Verdicts by the hunks' numbers. A hunk the reviewer never judged is missing."""
    found: dict[int, Judged] = {}
    for again in range(_AGAIN):
        left = [h for h in hunks if h.number not in found]
        if not left:
            break
        batches = _batches(left)

        asked = [
            partial(_asked, run, task, batch, remarks, f"{key}/{again}.{n}")
            for n, batch in enumerate(batches)
        ]
        answers = await together(dict(enumerate(asked)))
        for n, answer in answers.items():
            mine = {h.number for h in batches[n]}
            for judged in answer.verdicts:
                if judged.hunk in mine:
                    found.setdefault(judged.hunk, judged)
    return found


async def _asked(
    run: Run, task: Task, batch: Sequence[Numbered], remarks: Sequence[str], key: str
) -> Verdicts:
    return await asking.ask(
        run,
        Role.REVIEWER,
        NAME,
        Verdicts,
        key=key,
        max_tokens=1000 + 100 * len(batch),
        task=task,
        remarks=remarks,
        hunks=batch,
        numbers=", ".join(str(h.number) for h in batch),
    )


def _batches(hunks: Sequence[Numbered]) -> list[list[Numbered]]:
    """Hunks in order, as many as one question holds."""
    found: list[list[Numbered]] = []
    size = _BATCH
    for hunk in hunks:
        size += len(hunk.shown)
        if size > _BATCH:
            found.append([])
            size = len(hunk.shown)
        found[-1].append(hunk)
    return found
