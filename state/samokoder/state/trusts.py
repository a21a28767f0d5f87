"""What the user allowed in a workspace. Without a row nothing is allowed."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Trust:
    workspace_id: int
    kind: str
    subject: str
    granted_at: int
    revoked_at: int | None


_COLUMNS = rows.columns(Trust, schema.Trust)


async def grant(s: AsyncSession, workspace_id: int, kind: str, subject: str) -> None:
    """Allow ``subject`` (a command line, a provider …) of this ``kind``; again is fine."""
    facts = {"granted_at": clock.now_ms(), "revoked_at": None}
    await s.execute(
        dialect.insert(s, schema.Trust)
        .values(workspace_id=workspace_id, kind=kind, subject=subject, **facts)
        .on_conflict_do_update(index_elements=["workspace_id", "kind", "subject"], set_=facts)
    )


async def revoke(s: AsyncSession, workspace_id: int, kind: str, subject: str | None = None) -> int:
    """Take back one consent, or all of a kind; the number that were held."""
    statement = update(schema.Trust).where(
        schema.Trust.workspace_id == workspace_id,
        schema.Trust.kind == kind,
        schema.Trust.revoked_at.is_(None),
    )
    if subject is not None:
        statement = statement.where(schema.Trust.subject == subject)
    result = await s.execute(
        statement.values(revoked_at=clock.now_ms()).returning(schema.Trust.subject)
    )
    return len(result.all())


async def holds(s: AsyncSession, workspace_id: int, kind: str, subject: str) -> bool:
    """Whether the user has allowed it and not taken it back."""
    found = await s.execute(
        select(schema.Trust.granted_at).where(
            schema.Trust.workspace_id == workspace_id,
            schema.Trust.kind == kind,
            schema.Trust.subject == subject,
            schema.Trust.revoked_at.is_(None),
        )
    )
    return found.first() is not None


async def listing(s: AsyncSession, workspace_id: int) -> tuple[Trust, ...]:
    """Every consent of the workspace, revoked ones too, by kind and subject."""
    found = await s.execute(
        select(*_COLUMNS)
        .where(schema.Trust.workspace_id == workspace_id)
        .order_by(schema.Trust.kind, schema.Trust.subject)
    )
    return tuple(Trust(*row) for row in found)
