"""Recorded change sets as frozen values, and how they are read from their tables."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from samokoder.state import rows, schema


class ChangeState(StrEnum):
    """Of a change set, and of each of its hunks."""

    PROPOSED = "proposed"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDONE = "undone"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Hunk:
    """Bytes ``before`` of the old content became ``after`` of the new one, by whom."""

    id: int
    file_change_id: int
    change_set_id: int
    run_id: str
    step_id: int | None
    task_id: int | None
    agent: str
    path: str
    before: tuple[int, int]
    after: tuple[int, int]
    state: ChangeState
    undoes_id: int | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """Blob names: ``before``/``after`` as proposed, ``found``/``written`` as applied."""

    id: int
    kind: str
    path: str
    new_path: str | None
    before: str | None
    after: str | None
    found: str | None
    written: str | None
    before_mode: int | None
    after_mode: int | None
    via: str
    version: int | None
    hunks: tuple[Hunk, ...]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """``hash`` is the engine's name for the change; ``undoes_id`` what it takes back."""

    id: int
    workspace_id: int
    run_id: str
    step_id: int | None
    undoes_id: int | None
    key: str
    title: str
    hash: str
    state: ChangeState
    reason: str
    proven: bool
    created_at: int
    moved_at: int
    applied_at: int | None
    files: tuple[FileChange, ...]


_SET = tuple(
    getattr(schema.ChangeSet, name) for name in ChangeSet.__dataclass_fields__ if name != "files"
)


async def load(s: AsyncSession, condition: ColumnElement[bool]) -> tuple[ChangeSet, ...]:
    """The change sets that fulfil a condition on their own row, oldest first."""
    order = schema.ChangeSet.id
    heads = (await s.execute(select(*_SET).where(condition).order_by(order))).all()
    files: dict[int, list[FileChange]] = defaultdict(list)
    for batch in rows.batches([head[0] for head in heads]):
        await _load_files(s, batch, files)
    found = []
    for head in heads:
        values = dict(zip((column.key for column in _SET), head, strict=True))
        values["hash"] = values["hash"].hex()
        values["state"] = ChangeState(values["state"])
        found.append(ChangeSet(**values, files=tuple(files[values["id"]])))
    return tuple(found)


async def attributed(
    s: AsyncSession,
    *,
    run_id: str | None,
    step_id: int | None,
    task_id: int | None,
    agent: str | None,
    workspace_id: int | None,
    path: str | None,
    states: Collection[ChangeState],
) -> tuple[Hunk, ...]:
    """Hunks by attribution; every given filter must hold."""
    filters: list[ColumnElement[bool]] = []
    if run_id is not None:
        filters.append(schema.ChangeSet.run_id == run_id)
    if step_id is not None:
        filters.append(schema.Step.id == step_id)
    if task_id is not None:
        filters.append(schema.Step.task_id == task_id)
    if agent is not None:
        filters.append(schema.Step.agent == agent)
    if workspace_id is not None:
        filters.append(schema.ChangeSet.workspace_id == workspace_id)
    if path is not None:
        filters.append(schema.Path.path == path)
    if states:
        filters.append(schema.Hunk.state.in_([state.value for state in states]))
    statement = _hunks().where(*filters).order_by(schema.Hunk.id)
    return tuple(_hunk(row) for row in await s.execute(statement))


async def _load_files(
    s: AsyncSession, change_set_ids: list[int], files: dict[int, list[FileChange]]
) -> None:
    hunks: dict[int, list[Hunk]] = defaultdict(list)
    statement = _hunks().where(schema.ChangeSet.id.in_(change_set_ids)).order_by(schema.Hunk.id)
    for row in await s.execute(statement):
        hunk = _hunk(row)
        hunks[hunk.file_change_id].append(hunk)
    table, path, new_path = schema.FileChange, schema.Path, aliased(schema.Path)
    contents = [aliased(schema.Blob) for _ in range(4)]
    pointers = (table.before_id, table.after_id, table.found_id, table.written_id)
    columns = (
        table.change_set_id,
        table.id,
        table.kind,
        path.path,
        new_path.path,
        *(blob.hash for blob in contents),
        table.before_mode,
        table.after_mode,
        table.via,
        table.version,
    )
    joined: Any = select(*columns).join(path, path.id == table.path_id)
    joined = joined.outerjoin(new_path, new_path.id == table.new_path_id)
    for blob, pointer in zip(contents, pointers, strict=True):
        joined = joined.outerjoin(blob, blob.id == pointer)
    joined = joined.where(table.change_set_id.in_(change_set_ids)).order_by(table.id)
    for row in await s.execute(joined):
        names = [key.hex() if key is not None else None for key in row[5:9]]
        change = FileChange(*(*row[1:5], *names, *row[9:], tuple(hunks[row[1]])))
        files[row[0]].append(change)


def _hunks() -> Any:
    hunk, file, change, step = schema.Hunk, schema.FileChange, schema.ChangeSet, schema.Step
    return (
        select(
            hunk.id,
            file.id,
            change.id,
            change.run_id,
            step.id,
            step.task_id,
            func.coalesce(step.agent, ""),
            schema.Path.path,
            hunk.before_start,
            hunk.before_end,
            hunk.after_start,
            hunk.after_end,
            hunk.state,
            hunk.undoes_id,
        )
        .join(file, file.id == hunk.file_change_id)
        .join(change, change.id == file.change_set_id)
        .join(schema.Path, schema.Path.id == file.path_id)
        .outerjoin(step, step.id == func.coalesce(hunk.step_id, change.step_id))
    )


def _hunk(row: Any) -> Hunk:
    before, after, state, undoes = (row[8], row[9]), (row[10], row[11]), row[12], row[13]
    return Hunk(*(*row[:8], before, after, ChangeState(state), undoes))
