"""What a list of runs shows beside each run, counted in a few queries for the whole page."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import schema


@dataclass(frozen=True, slots=True)
class Counts:
    """``micros`` leaves out the ``unpriced`` calls; ``questions`` are those still open."""

    steps: int = 0
    files: int = 0
    calls: int = 0
    tokens: int = 0
    micros: int = 0
    unpriced: int = 0
    questions: int = 0


async def of(s: AsyncSession, run_ids: Collection[str]) -> dict[str, Counts]:
    """Counts of each of these runs; at most a page of them."""
    found = {run_id: Counts() for run_id in run_ids}
    step, call, question = schema.Step, schema.ModelCall, schema.Question
    file, change = schema.FileChange, schema.ChangeSet
    tokens = func.coalesce(call.tokens_in, 0) + func.coalesce(call.tokens_out, 0)
    queries: tuple[tuple[tuple[str, ...], Any], ...] = (
        (
            ("steps",),
            select(step.run_id, func.count(step.finished_at))
            .where(step.run_id.in_(run_ids))
            .group_by(step.run_id),
        ),
        (
            ("files",),
            select(change.run_id, func.count(file.path_id.distinct()))
            .join(change, change.id == file.change_set_id)
            .where(change.run_id.in_(run_ids))
            .group_by(change.run_id),
        ),
        (
            ("calls", "tokens", "micros", "unpriced"),
            select(
                call.run_id,
                func.count(),
                func.sum(tokens),
                func.coalesce(func.sum(call.micros), 0),
                func.count() - func.count(call.micros),
            )
            .where(call.run_id.in_(run_ids))
            .group_by(call.run_id),
        ),
        (
            ("questions",),
            select(question.run_id, func.count())
            .where(question.run_id.in_(run_ids), question.answered_at.is_(None))
            .group_by(question.run_id),
        ),
    )
    for names, statement in queries:
        for run_id, *values in await s.execute(statement):
            numbers = dict(zip(names, map(int, values), strict=True))
            found[run_id] = replace(found[run_id], **numbers)
    return found
