"""Runs as they are shown, read from the state."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.errors import InvalidInput
from samokoder.agents.runs import proposals
from samokoder.agents.runs.order import Order, RunSummary, Used
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.runs.view import (
    ChangeView,
    FileTexts,
    FileView,
    HunkView,
    QuestionView,
    RunView,
    StepView,
    TaskView,
)
from samokoder.state import blobs, calls, changes, owners, questions, runs, steps, tasks, workspaces
from samokoder.state.changes import ChangeSet, ChangeState, FileChange
from samokoder.state.database import Database
from samokoder.state.runs import ACTIVE, Run
from samokoder.state.steps import Step
from samokoder.state.tasks import OPEN, Task

SHOWN = 4000
"""Characters of one side of a hunk that are shown."""


def _seconds(millis: int | None) -> float | None:
    return None if millis is None else millis / 1000


def _summary(run: Run, root: str) -> RunSummary:
    return RunSummary(
        id=run.id,
        kind=run.kind,
        title=run.title,
        root=root,
        state=run.state,
        reason=run.reason,
        created=run.created_at / 1000,
        started=_seconds(run.started_at),
        ended=_seconds(run.finished_at),
    )


async def _one(s: AsyncSession, run_id: str) -> Run:
    found = await runs.get(s, run_id)
    if found is not None:
        return found
    same = await runs.matching(s, run_id, limit=2) if run_id else ()
    if len(same) != 1:
        word = "no run" if not same else "more than one run"
        raise InvalidInput(f"{word} is called {run_id!r}", hint="`samokoder run list` names them.")
    return same[0]


async def summary(db: Database, run_id: str) -> RunSummary:
    """One run by its id or a unique beginning of it."""
    async with db.reading() as s:
        run = await _one(s, run_id)
        workspace = await workspaces.get(s, run.workspace_id)
    return _summary(run, workspace.root if workspace else "")


async def summaries(
    db: Database, root: Path | None, *, limit: int, before: str
) -> tuple[RunSummary, ...]:
    """Runs of one workspace (None: of all), newest first."""
    async with db.reading() as s:
        roots = {w.id: w.root for w in await workspaces.listing(s)}
        workspace_id = None
        if root is not None:
            found = await workspaces.find(s, str(root))
            if found is None:
                return ()
            workspace_id = found.id
        listed = await runs.newest(s, workspace_id=workspace_id, before=before or None, limit=limit)
    return tuple(_summary(run, roots.get(run.workspace_id, "")) for run in listed)


async def _used(s: AsyncSession, run_id: str) -> Used:
    (total,) = await calls.totals(s, run_id=run_id)
    return Used(
        calls=total.calls,
        failed_calls=total.failed + total.unknown,
        input_tokens=total.tokens_in,
        output_tokens=total.tokens_out,
        cached_tokens=total.tokens_cached,
        micros=None if total.unpriced else total.micros,
    )


async def used(db: Database, run_id: str) -> Used:
    """What a run has cost so far."""
    async with db.reading() as s:
        return await _used(s, run_id)


async def outcome(db: Database, run_id: str) -> tuple[RunSummary, Used, bytes | None]:
    """What came of a run: its state, its cost, its kind's own result as JSON."""
    async with db.reading() as s:
        run = await _one(s, run_id)
        workspace = await workspaces.get(s, run.workspace_id)
        return (
            _summary(run, workspace.root if workspace else ""),
            await _used(s, run.id),
            run.result,
        )


async def view(db: Database, run_id: str) -> RunView:
    """Everything about one run."""
    async with db.reading() as s:
        run = await _one(s, run_id)
        workspace = await workspaces.get(s, run.workspace_id)
        dead = {owner.id for owner in await owners.dead(s)}
        interrupted = run.state in ACTIVE and (run.owner_id is None or run.owner_id in dead)
        listed = await steps.listing(s, run.id)
        gone = await proposals.carried(s, listed)
        shown = [await _change(s, c, gone) for c in await changes.listing(s, run_id=run.id)]
        return RunView(
            summary=_summary(run, workspace.root if workspace else ""),
            used=await _used(s, run.id),
            tasks=tuple([_task(t, listed) for t in await tasks.listing(s, run.id)]),
            steps=tuple(
                StepView(
                    key=step.key,
                    agent=step.agent,
                    done=step.finished,
                    seconds=(step.finished_at - step.started_at) / 1000
                    if step.finished_at
                    else None,
                )
                for step in listed
            ),
            changes=tuple(change for change in shown if change.files or not gone),
            questions=tuple(
                QuestionView(
                    key=q.key,
                    text=q.text,
                    options=q.options,
                    default=q.default,
                    answer=q.answer,
                    answered_by=q.answered_by,
                )
                for q in await questions.listing(s, run.id)
            ),
            result=msgspec.json.decode(run.result) if run.result else None,
            interrupted=interrupted,
        )


def _task(task: Task, listed: Sequence[Step]) -> TaskView:
    mine = [step for step in listed if step.task_id == task.id and step.finished_at]
    took = sum((step.finished_at or 0) - step.started_at for step in mine)
    return TaskView(
        key=task.key,
        title=task.title,
        state=str(task.state),
        reason="" if task.state in OPEN else task.body,
        seconds=took / 1000 if mine else None,
    )


async def texts(db: Database, run_id: str, selection: Selection) -> tuple[FileTexts, ...]:
    """The files of a run's change sets before and after, as far as they are selected."""
    async with db.reading() as s:
        return tuple(
            [
                await _texts(s, change.id, file)
                for change in await changes.listing(s, run_id=run_id)
                if selection.change in (None, change.id)
                for file in change.files
                if not selection.files or file.path in selection.files
            ]
        )


async def _texts(s: AsyncSession, change: int, file: FileChange) -> FileTexts:
    old = await blobs.get(s, file.before) if file.before else None
    new = await blobs.get(s, file.after) if file.after else None
    standing = [h for h in file.hunks if h.state is not ChangeState.REJECTED]
    if old is not None and new is not None:
        new = proposals.assembled(old, new, standing)
    elif not standing:
        new = old
    try:
        before = old.decode() if old is not None else None
        after = new.decode() if new is not None else None
    except UnicodeDecodeError:
        return FileTexts(change=change, path=file.path, new_path=file.new_path, binary=True)
    return FileTexts(
        change=change, path=file.path, new_path=file.new_path, before=before, after=after
    )


async def _change(s: AsyncSession, change: ChangeSet, gone: frozenset[int]) -> ChangeView:
    return ChangeView(
        id=change.id,
        key=change.key,
        title=change.title,
        state=str(change.state),
        proven=change.proven,
        reason=change.reason,
        undoes=change.undoes_id,
        files=tuple(
            [
                await _file(s, file, gone)
                for file in change.files
                if not file.hunks or not all(h.id in gone for h in file.hunks)
            ]
        ),
    )


async def _content(s: AsyncSession, name: str | None) -> bytes:
    return await blobs.get(s, name) if name else b""


async def _file(s: AsyncSession, file: FileChange, gone: frozenset[int]) -> FileView:
    before, after = await _content(s, file.before), await _content(s, file.after)
    return FileView(
        path=file.path,
        kind=file.kind,
        new_path=file.new_path,
        via=file.via,
        hunks=tuple(
            HunkView(
                id=hunk.id,
                state=str(hunk.state),
                before=before[slice(*hunk.before)].decode("utf-8", "replace")[:SHOWN],
                after=after[slice(*hunk.after)].decode("utf-8", "replace")[:SHOWN],
                before_line=before.count(b"\n", 0, hunk.before[0]) + 1,
                after_line=after.count(b"\n", 0, hunk.after[0]) + 1,
            )
            for hunk in file.hunks
            if hunk.id not in gone
        ),
    )


async def reflag(s: AsyncSession, run: Run, flags: dict[str, str | int | float | bool]) -> None:
    """Change settings of an ordered run, for example a limit before it is resumed."""
    order = msgspec.json.decode(run.arguments, type=Order)
    again = msgspec.structs.replace(order, flags={**order.flags, **flags})
    await runs.set_arguments(s, run.id, msgspec.json.encode(again))
