"""One writer per workspace: a lease that expires when its holder no longer renews it."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema

TERM_MS = 30_000


@dataclass(frozen=True, slots=True)
class Lease:
    workspace_id: int
    owner_id: str
    run_id: str | None
    acquired_at: int
    expires_at: int


_COLUMNS = rows.columns(Lease, schema.Lease)


async def acquire(
    s: AsyncSession,
    workspace_id: int,
    owner_id: str,
    run_id: str | None = None,
    *,
    term: int = TERM_MS,
    now: int | None = None,
) -> Lease | None:
    """The lease for ``term`` milliseconds; None while anybody holds it.

    Also while the same run does: what asks twice for one run are two writers.
    """
    at = clock.now_ms() if now is None else now
    values = {
        "owner_id": owner_id,
        "run_id": run_id,
        "acquired_at": at,
        "expires_at": at + term,
    }
    statement = (
        dialect.insert(s, schema.Lease)
        .values(workspace_id=workspace_id, **values)
        .on_conflict_do_update(
            index_elements=["workspace_id"],
            set_=values,
            where=schema.Lease.expires_at <= at,
        )
        .returning(*_COLUMNS)
    )
    row = (await s.execute(statement)).one_or_none()
    return Lease(*row) if row else None


async def renew(
    s: AsyncSession, owner_id: str, *, term: int = TERM_MS, now: int | None = None
) -> tuple[int, ...]:
    """Extend every unexpired lease of the owner; the workspaces it still may write to."""
    at = clock.now_ms() if now is None else now
    statement = (
        update(schema.Lease)
        .where(schema.Lease.owner_id == owner_id, schema.Lease.expires_at > at)
        .values(expires_at=at + term)
        .returning(schema.Lease.workspace_id)
    )
    return tuple((await s.execute(statement)).scalars())


async def release(
    s: AsyncSession, workspace_id: int, owner_id: str, run_id: str | None = None
) -> bool:
    """Give the lease back; False when it was no longer held."""
    statement = (
        delete(schema.Lease)
        .where(schema.Lease.workspace_id == workspace_id, schema.Lease.owner_id == owner_id)
        .where(schema.Lease.run_id.is_not_distinct_from(run_id))
        .returning(schema.Lease.workspace_id)
    )
    return (await s.execute(statement)).first() is not None


async def holder(s: AsyncSession, workspace_id: int, *, now: int | None = None) -> Lease | None:
    """The lease in force, if any."""
    at = clock.now_ms() if now is None else now
    statement = select(*_COLUMNS).where(
        schema.Lease.workspace_id == workspace_id, schema.Lease.expires_at > at
    )
    row = (await s.execute(statement)).one_or_none()
    return Lease(*row) if row else None
