"""The journal of a run: a step's intent before its effect, its receipt after."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.state import blobs, clock, dialect, rows, schema


@dataclass(frozen=True, slots=True)
class Step:
    """``attempts`` counts how often the effect was begun."""

    id: int
    run_id: str
    task_id: int | None
    key: str
    kind: str
    agent: str
    attempts: int
    result_id: int | None
    snapshot_id: int | None
    started_at: int
    finished_at: int | None

    @property
    def finished(self) -> bool:
        """Whether the receipt is there: the effect must not be repeated."""
        return self.finished_at is not None


_COLUMNS = rows.columns(Step, schema.Step)


async def begin(
    s: AsyncSession,
    run_id: str,
    key: str,
    *,
    kind: str = "",
    agent: str = "",
    task_id: int | None = None,
) -> Step:
    """Record the intent. A finished step comes back as it is; one cut short counts an attempt."""
    statement = (
        dialect.insert(s, schema.Step)
        .values(
            run_id=run_id,
            key=key,
            kind=kind,
            agent=agent,
            task_id=task_id,
            attempts=1,
            started_at=clock.now_ms(),
        )
        .on_conflict_do_update(
            index_elements=["run_id", "key"],
            set_={"attempts": schema.Step.attempts + 1},
            where=schema.Step.finished_at.is_(None),
        )
        .returning(*_COLUMNS)
    )
    row = (await s.execute(statement)).one_or_none()
    if row is None:
        finished = await find(s, run_id, key)
        assert finished is not None
        return finished
    return Step(*row)


async def finish(
    s: AsyncSession, step_id: int, result: bytes, *, snapshot_id: int | None = None
) -> None:
    """Record the receipt. ``snapshot_id`` is the workspace after the step, where it changed."""
    number = await blobs.number(s, result)
    await s.execute(
        update(schema.Step)
        .where(schema.Step.id == step_id, schema.Step.finished_at.is_(None))
        .values(result_id=number, snapshot_id=snapshot_id, finished_at=clock.now_ms())
    )


async def note(
    s: AsyncSession,
    run_id: str,
    key: str,
    result: bytes,
    *,
    kind: str = "",
    agent: str = "",
    task_id: int | None = None,
    started_at: int | None = None,
    finished_at: int | None = None,
) -> None:
    """Intent and receipt at once; noted again, the newer result counts."""
    now = clock.now_ms()
    receipt = {
        "result_id": await blobs.number(s, result),
        "finished_at": now if finished_at is None else finished_at,
    }
    await s.execute(
        dialect.insert(s, schema.Step)
        .values(
            run_id=run_id,
            key=key,
            kind=kind,
            agent=agent,
            task_id=task_id,
            attempts=1,
            started_at=now if started_at is None else started_at,
            **receipt,
        )
        .on_conflict_do_update(index_elements=["run_id", "key"], set_=receipt)
    )


async def find(s: AsyncSession, run_id: str, key: str) -> Step | None:
    statement = select(*_COLUMNS).where(schema.Step.run_id == run_id, schema.Step.key == key)
    row = (await s.execute(statement)).one_or_none()
    return Step(*row) if row else None


async def result(s: AsyncSession, step: Step) -> bytes:
    """What a finished step returned; KeyError for one that has not finished."""
    statement = select(schema.Blob.hash).where(schema.Blob.id == step.result_id)
    key = (await s.execute(statement)).scalar()
    if key is None:
        raise KeyError(step.key)
    return await blobs.get(s, key.hex())


async def listing(s: AsyncSession, run_id: str) -> tuple[Step, ...]:
    """The run's steps in the order they began."""
    statement = select(*_COLUMNS).where(schema.Step.run_id == run_id).order_by(schema.Step.id)
    return tuple(Step(*row) for row in await s.execute(statement))


async def count(s: AsyncSession, run_id: str) -> int:
    """How many steps of the run have finished."""
    statement = select(func.count()).where(
        schema.Step.run_id == run_id, schema.Step.finished_at.is_not(None)
    )
    return (await s.execute(statement)).scalar_one()
