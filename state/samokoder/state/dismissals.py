"""What the user said is no finding, by fingerprint, with the reason."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Dismissal:
    """``base``, ``around``, ``path``, ``line`` tell the same finding again where it moved."""

    fingerprint: str
    base: str
    around: str
    path: str
    line: int
    quote: str
    rule: str
    message: str
    reason: str
    made_at: int = 0
    revoked_at: int | None = None


_COLUMNS = rows.columns(Dismissal, schema.Dismissal)


async def make(s: AsyncSession, workspace_id: int, dismissal: Dismissal) -> None:
    """Dismiss; a second time renews the reason."""
    values = {name: getattr(dismissal, name) for name in Dismissal.__dataclass_fields__}
    values |= {"made_at": clock.now_ms(), "revoked_at": None}
    later = {name: value for name, value in values.items() if name != "fingerprint"}
    await s.execute(
        dialect.insert(s, schema.Dismissal)
        .values(workspace_id=workspace_id, **values)
        .on_conflict_do_update(index_elements=["workspace_id", "fingerprint"], set_=later)
    )


async def revoke(s: AsyncSession, workspace_id: int, fingerprint: str) -> bool:
    """Take a dismissal back; False when there was none."""
    table = schema.Dismissal
    statement = (
        update(table)
        .where(
            table.workspace_id == workspace_id,
            table.fingerprint == fingerprint,
            table.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now_ms())
        .returning(table.fingerprint)
    )
    return (await s.execute(statement)).first() is not None


async def listing(s: AsyncSession, workspace_id: int) -> tuple[Dismissal, ...]:
    """Those in force, by path and line."""
    table = schema.Dismissal
    found = await s.execute(
        select(*_COLUMNS)
        .where(table.workspace_id == workspace_id, table.revoked_at.is_(None))
        .order_by(table.path, table.line, table.fingerprint)
    )
    return tuple(Dismissal(*row) for row in found)
