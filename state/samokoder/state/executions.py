"""Commands that were run: intent before, outcome after."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, schema


@dataclass(frozen=True, slots=True)
class Execution:
    """``output`` is the name of the blob that holds what it printed."""

    id: int
    run_id: str
    step_id: int | None
    command: str
    cwd: str
    confinement: str
    exit_code: int | None
    timed_out: bool
    started_at: int
    finished_at: int | None
    output: str | None


_FIELDS = tuple(name for name in Execution.__dataclass_fields__ if name != "output")


async def begin(
    s: AsyncSession,
    run_id: str,
    command: str,
    *,
    cwd: str,
    confinement: str,
    step_id: int | None = None,
) -> int:
    """A command is about to run; its number."""
    statement = (
        insert(schema.CommandExec)
        .values(
            run_id=run_id,
            step_id=step_id,
            command=command,
            cwd=cwd,
            confinement=confinement,
            timed_out=False,
            started_at=clock.now_ms(),
        )
        .returning(schema.CommandExec.id)
    )
    return (await s.execute(statement)).scalar_one()


async def finish(
    s: AsyncSession,
    execution_id: int,
    *,
    exit_code: int | None,
    output: bytes = b"",
    timed_out: bool = False,
) -> None:
    """It has ended; ``exit_code`` is None when it was killed before it could give one."""
    values = {
        "exit_code": exit_code,
        "timed_out": timed_out,
        "output_id": await blobs.number(s, output),
        "finished_at": clock.now_ms(),
    }
    statement = update(schema.CommandExec).where(schema.CommandExec.id == execution_id)
    await s.execute(statement.values(values))


async def listing(s: AsyncSession, run_id: str) -> tuple[Execution, ...]:
    """The run's commands in the order they began."""
    columns = [getattr(schema.CommandExec, name) for name in _FIELDS]
    statement: Any = (
        select(*columns, schema.Blob.hash)
        .outerjoin(schema.Blob, schema.Blob.id == schema.CommandExec.output_id)
        .where(schema.CommandExec.run_id == run_id)
        .order_by(schema.CommandExec.id)
    )
    return tuple(
        Execution(*(*row[:-1], row[-1].hex() if row[-1] else None))
        for row in await s.execute(statement)
    )
