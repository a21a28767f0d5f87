"""Sums over the ledger: of one run from its calls, of everything from the daily sums.

A daily sum is changed in the transaction that changes the call, so the two never differ.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, schema

SUMS = (
    "calls",
    "failed",
    "unknown",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "micros",
    "unpriced",
)
_KEY = ("day", "workspace_id", "provider", "model", "role", "agent")


async def add(s: AsyncSession, call_id: int, **more: int) -> None:
    """Add to the sums of the call's day; names as in ``SUMS``, less than nothing takes away."""
    call, run, table = schema.ModelCall, schema.Run, schema.Usage
    day = call.started_at - call.started_at % clock.DAY_MS
    group = (day, run.workspace_id, call.provider, call.model, call.role, call.agent)
    sums = [literal(more.get(name, 0)) for name in SUMS]
    row = select(*group, *sums).join(run, run.id == call.run_id).where(call.id == call_id)
    statement = dialect.insert(s, table).from_select([*_KEY, *SUMS], row)
    added = {name: getattr(table, name) + statement.excluded[name] for name in SUMS}
    await s.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=added))


async def of_days(
    s: AsyncSession, by: str, workspace_id: int | None, since: int | None
) -> Iterable[Any]:
    """Rows of a group's name and its sums, in the order of ``calls.totals``."""
    table = schema.Usage
    groups: dict[str, Any] = {
        "agent": table.agent,
        "role": table.role,
        "model": table.provider + ":" + table.model,
        "provider": table.provider,
        "day": table.day,
    }
    sums = [func.coalesce(func.sum(getattr(table, name)), 0) for name in SUMS]
    statement = _grouped(by, groups.get(by), sums)
    if workspace_id is not None:
        statement = statement.where(table.workspace_id == workspace_id)
    if since is not None:
        statement = statement.where(table.day >= clock.midnight(since))
    return (await s.execute(statement)).all()


async def of_calls(
    s: AsyncSession,
    by: str,
    run_id: str | None,
    workspace_id: int | None,
    since: int | None,
) -> Iterable[Any]:
    """The same from the calls themselves, for one run or per run."""
    call = schema.ModelCall
    groups: dict[str, Any] = {
        "run": call.run_id,
        "agent": call.agent,
        "role": call.role,
        "model": call.provider + ":" + call.model,
        "provider": call.provider,
        "day": call.started_at - call.started_at % clock.DAY_MS,
    }
    sums = [
        func.count(),
        func.count().filter(call.state == "failed"),
        func.count().filter(call.state == "unknown"),
        func.coalesce(func.sum(call.tokens_in), 0),
        func.coalesce(func.sum(call.tokens_out), 0),
        func.coalesce(func.sum(call.tokens_cached), 0),
        func.coalesce(func.sum(call.micros), 0),
        func.count() - func.count(call.micros),
    ]
    statement = _grouped(by, groups.get(by), sums)
    if run_id is not None:
        statement = statement.where(call.run_id == run_id)
    if workspace_id is not None:
        runs = select(schema.Run.id).where(schema.Run.workspace_id == workspace_id)
        statement = statement.where(call.run_id.in_(runs))
    if since is not None:
        statement = statement.where(call.started_at >= since)
    return (await s.execute(statement)).all()


def _grouped(by: str, group: Any, sums: list[Any]) -> Any:
    if group is None:
        return select(literal(""), *sums)
    order = group.desc() if by == "day" else sums[0].desc()
    return select(group.label("name"), *sums).group_by("name").order_by(order)
