"""Findings of reviews: each kept once under its fingerprint, over any number of reviews."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


class FindingState(StrEnum):
    OPEN = "open"
    GONE = "gone"
    """A later review of the same place did not find it again."""


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of evidence (``role`` is its kind) or a related place (``role`` is "related")."""

    role: str
    text: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """See the table. ``places`` are evidence and related places in their order."""

    fingerprint: str
    base: str
    around: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    quote: str
    rule: str
    message: str
    origin: str
    category: str
    cwe: str
    severity: str
    confidence: float
    proof: str
    advice: str
    state: FindingState = FindingState.OPEN
    run_id: str | None = None
    first_at: int = 0
    seen_at: int = 0
    places: tuple[Place, ...] = ()


_FIELDS = tuple(f.name for f in fields(Finding) if f.name != "places")
_COLUMNS = tuple(getattr(schema.Finding, name) for name in _FIELDS)
_PLACE = rows.columns(Place, schema.FindingPlace)
_LATER = tuple(name for name in _FIELDS if name not in ("fingerprint", "first_at"))
"""Columns that a later sight of the same finding renews."""


async def keep(
    s: AsyncSession, workspace_id: int, run_id: str | None, found: Sequence[Finding]
) -> None:
    """Store findings as open; those known by their fingerprint are renewed."""
    now = clock.now_ms()
    for finding in found:
        values: dict[str, Any] = {name: getattr(finding, name) for name in _FIELDS}
        values |= {"state": str(FindingState.OPEN), "run_id": run_id, "seen_at": now}
        statement = (
            dialect.insert(s, schema.Finding)
            .values(workspace_id=workspace_id, **values | {"first_at": now})
            .on_conflict_do_update(
                index_elements=["workspace_id", "fingerprint"],
                set_={name: values[name] for name in _LATER},
            )
            .returning(schema.Finding.id)
        )
        number = (await s.execute(statement)).scalar_one()
        table = schema.FindingPlace
        await s.execute(delete(table).where(table.finding_id == number))
        if finding.places:
            places = [
                {"finding_id": number, "position": i}
                | {f.name: getattr(place, f.name) for f in fields(Place)}
                for i, place in enumerate(finding.places)
            ]
            await s.execute(insert(table), places)


async def close(s: AsyncSession, workspace_id: int, fingerprints: Iterable[str]) -> int:
    """Mark findings as gone; how many were open."""
    table, closed = schema.Finding, 0
    for batch in rows.batches(fingerprints):
        statement = (
            update(table)
            .where(
                table.workspace_id == workspace_id,
                table.fingerprint.in_(batch),
                table.state == str(FindingState.OPEN),
            )
            .values(state=str(FindingState.GONE))
            .returning(table.id)
        )
        closed += len((await s.execute(statement)).all())
    return closed


async def listing(
    s: AsyncSession,
    workspace_id: int,
    *,
    states: Collection[FindingState] = (FindingState.OPEN,),
    paths: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """Findings by path and line."""
    table = schema.Finding
    conditions: list[ColumnElement[bool]] = [
        table.workspace_id == workspace_id,
        table.state.in_([str(state) for state in states]),
    ]
    if paths is not None and len(paths) <= rows.BATCH:
        conditions.append(table.path.in_(list(paths)))
    found = await _read(s, *conditions)
    return tuple(f for f in found if paths is None or f.path in paths)


async def matching(s: AsyncSession, workspace_id: int, beginning: str) -> tuple[Finding, ...]:
    """Findings in any state whose fingerprint begins like this, at most two."""
    table = schema.Finding
    mine = table.workspace_id == workspace_id
    begins = table.fingerprint.startswith(beginning, autoescape=True)
    return (await _read(s, mine, begins))[:2]


async def _read(s: AsyncSession, *conditions: ColumnElement[bool]) -> tuple[Finding, ...]:
    table, place = schema.Finding, schema.FindingPlace
    order = table.path, table.line, table.column, table.id
    found = (await s.execute(select(table.id, *_COLUMNS).where(*conditions).order_by(*order))).all()
    places: dict[int, list[Place]] = {row[0]: [] for row in found}
    for batch in rows.batches(places):
        chosen = select(place.finding_id, *_PLACE).where(place.finding_id.in_(batch))
        for number, *facts in await s.execute(chosen.order_by(place.finding_id, place.position)):
            places[number].append(Place(*facts))
    return tuple(
        Finding(
            **dict(zip(_FIELDS, row[1:], strict=True))
            | {
                "state": FindingState(row[1 + _FIELDS.index("state")]),
                "places": tuple(places[row[0]]),
            }
        )
        for row in found
    )
