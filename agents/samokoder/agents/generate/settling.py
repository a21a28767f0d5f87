"""One task from its draft to the user's files: checked, repaired where needed, delivered."""

from dataclasses import dataclass
from functools import partial

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.errors import AnswerUnusable, EnvironmentMissing, LimitReached
from samokoder.agents.execute.installed import Outcome
from samokoder.agents.generate import checking, developer, troubleshooter
from samokoder.agents.generate.checking import Judgement, Unrun
from samokoder.agents.generate.drafting import Draft, File
from samokoder.agents.generate.plan import Work
from samokoder.agents.generate.request import TaskEnd, TaskOutcome
from samokoder.agents.generate.together import together
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.errors import SamokoderError

NO_SANDBOX = "no sandbox here: code a model writes is not run; `--unconfined` lets it"

_MENDED = 3
"""Files a developer looks at after failing checks that name none of the task's."""


_UNJUDGED = Judgement(False)


@dataclass
class Settled:
    """What checking a draft came to; ``good``: it may become part of the project."""

    draft: Draft
    tree: Snapshot
    change_set: ChangeSet
    before: tuple[CheckResult, ...] = ()
    after: tuple[CheckResult, ...] = ()
    checks: tuple[Check, ...] = ()
    judgement: Judgement = _UNJUDGED
    refused: tuple[str, ...] = ()
    unrun: tuple[Unrun, ...] = ()
    repaired: str = ""
    sandbox: str = ""

    @property
    def good(self) -> bool:
        return self.judgement.fine

    @property
    def doubt(self) -> str:
        """Why it must not be applied on its own, although its checks pass."""
        unrun = [f"{u.id} was not run: {u.reason}" for u in self.unrun]
        parts = (*self.draft.doubts, *self.refused, *unrun, self.judgement.doubt)
        return "; ".join(filter(None, parts))

    def outcome(self, end: TaskEnd, reason: str = "") -> TaskOutcome:
        """The task's line in the report."""
        task = self.draft.ground.task
        return TaskOutcome(
            id=task.id,
            title=task.title,
            end=end,
            reason=reason,
            paths=self.change_set.paths,
            change=key_of(task.id) if end in ("done", "proposed", "conflict") else "",
            checks=checking.ran(self.after, self.unrun),
            sandbox=self.sandbox,
            hunks=self.draft.hunks,
            left_out=tuple(self.draft.left_out),
            repaired=self.repaired,
        )


def may_run(run: Run, workshop: Workshop) -> bool:
    """Whether code that a model wrote may be run here."""
    return workshop.confines or run.settings.sandbox.unconfined


def key_of(task_id: str) -> str:
    """The key of a task's change set in the run's history."""
    return f"task/{task_id}"


async def settle(
    run: Run,
    workshop: Workshop,
    draft: Draft,
    tree: Snapshot,
    *,
    before: tuple[CheckResult, ...] | None,
    command: str,
) -> Settled:
    """Check the draft on ``tree``; where it fails, the ladder and then its developer repair it.

    ``before`` are results on ``tree``, where they are known. What cannot be checked here because
    a tool is missing is left to the user.
    """
    settled = Settled(draft, tree, draft.change_set, sandbox=workshop.sandbox)
    try:
        await _settle(run, workshop, settled, before, command)
    except EnvironmentMissing as error:
        settled.judgement = Judgement(True, doubt=f"it could not be checked here: {error}")
    return settled


async def _settle(
    run: Run,
    workshop: Workshop,
    settled: Settled,
    before: tuple[CheckResult, ...] | None,
    command: str,
) -> None:
    draft, task, tree = settled.draft, settled.draft.ground.task, settled.tree
    name = f"task/{task.id}/{task.digest}"
    if not settled.change_set.changes:
        settled.judgement = Judgement(False, reason="nothing of it is left to do")
        return
    if not may_run(run, workshop):
        settled.judgement = Judgement(True, doubt=NO_SANDBOX)
        return
    for attempt in range(run.settings.generate.repairs + 1):
        made = tree.with_changes(settled.change_set)
        chosen = await checking.chosen(run, made, task, command)
        settled.refused = chosen.refused
        if before is None:
            old = await checking.chosen(run, tree, None, command)
            key = f"{name}/before"
            before = (await checking.results(run, workshop, tree, old.checks, key)).results
        key = f"{name}/check/{attempt}"
        await run.say(f"{task.id}: running {', '.join(c.id for c in chosen.checks) or 'no check'}")
        _hold(
            settled,
            before,
            chosen.checks,
            await checking.results(run, workshop, made, chosen.checks, key),
        )
        settled.judgement = await checking.judge(
            settled.before, settled.after, tree, settled.change_set, task
        )
        if settled.good:
            break
        if await _repaired(run, workshop, settled, made, f"{task.id}.{task.digest}.{attempt}"):
            break
        if not draft.mends:
            break
        if attempt < run.settings.generate.repairs:
            await run.say(f"{task.id}: the developer looks at what fails")
            if not await _mended(run, settled, f"{name}/mend/{attempt}"):
                break


def _hold(
    settled: Settled, before: tuple[CheckResult, ...], checks: tuple[Check, ...], now: Outcome
) -> None:
    """Take up what the checks say; those that could not run are held against nothing."""
    settled.checks = tuple(c for c in checks if c.id not in now.unrun)
    settled.before = tuple(r for r in before if r.check.id not in now.unrun)
    settled.after, settled.unrun = now.results, checking.unrun(checks, now)


async def document(
    run: Run,
    workshop: Workshop,
    draft: Draft,
    tree: Snapshot,
    change_set: ChangeSet,
    before: tuple[CheckResult, ...] | None,
    command: str,
) -> Settled:
    """Check a change of documentation: the project's checks say the same with it as without."""
    settled = Settled(draft, tree, change_set, sandbox=workshop.sandbox)
    if not (workshop.confines or run.settings.sandbox.unconfined):
        settled.judgement = Judgement(True, doubt=NO_SANDBOX)
        return settled
    made = tree.with_changes(change_set)
    chosen = await checking.chosen(run, made, None, command)
    if before is None:
        key = "document/before"
        before = (await checking.results(run, workshop, tree, chosen.checks, key)).results
    now = await checking.results(run, workshop, made, chosen.checks, "document/check")
    _hold(settled, before, chosen.checks, now)
    task = draft.ground.task
    settled.judgement = await checking.judge(settled.before, settled.after, tree, change_set, task)
    return settled


async def _repaired(
    run: Run, workshop: Workshop, settled: Settled, made: Snapshot, name: str
) -> bool:
    """Climb the ladder; True when the task is all right then."""
    if not settled.draft.rungs or all(r.ok for r in settled.after):
        return False
    task = settled.draft.ground.task
    found = await troubleshooter.repair(
        run,
        workshop,
        made,
        settled.checks,
        settled.before,
        settled.after,
        name=f"repair.{name}",
        rungs=settled.draft.rungs,
    )
    if found.limited:
        raise LimitReached(found.note)
    if found.change_set is None:
        return False
    outside = [p for p in found.change_set.paths if p not in task.paths]
    if outside and any(p in settled.tree.files for p in outside):
        return False  # what the plan does not name is not touched
    _absorb(settled.draft, found.change_set)
    settled.change_set = settled.draft.change_set
    settled.after = found.after
    settled.judgement = await checking.judge(
        settled.before, settled.after, settled.tree, settled.change_set, task
    )
    settled.repaired = found.note
    return settled.good


def _absorb(draft: Draft, change_set: ChangeSet) -> None:
    """Take what a repair made into the draft's files; it started from them."""
    for change in change_set.changes:
        path = change.new_path or change.path
        file = draft.files.get(path)
        if file is not None:
            draft.files[path] = File(file.work, file.before, change.after)
        elif change.after is not None:
            draft.files[path] = File(Work(path=path), None, change.after)


async def _mended(run: Run, settled: Settled, key: str) -> bool:
    """Let the developer correct the files that the failures name; False when nothing changed."""
    draft = settled.draft
    files = {p: f for p, f in sorted(draft.files.items()) if f.after is not None}
    named = [p for p in checking.places(settled.before, settled.after) if p in files]
    chosen = named or sorted(files, key=lambda p: (not p.endswith((".py", ".js", ".ts")), p))
    text = checking.failures(settled.before, settled.after) or settled.judgement.reason

    async def one(path: str) -> bytes | None:
        file = files[path]
        assert file.after is not None
        try:
            found = await developer.rework(
                run,
                draft.ground,
                file.work,
                data=file.after,
                before=file.before,
                failures=text,
                key=f"{key}/{path}",
            )
        except AnswerUnusable:
            return None
        return found.data

    found = await together({p: partial(one, p) for p in chosen[:_MENDED]})
    changed = False
    for path, data in found.items():
        if data is not None and data != files[path].after:
            files[path] = File(files[path].work, files[path].before, data)
            changed = True
    draft.files |= files
    settled.change_set = draft.change_set
    return changed


async def deliver(run: Run, workshop: Workshop, settled: Settled, *, proven: bool) -> TaskOutcome:
    """Record the task's change set and, where it is proven and the policy lets it, apply it."""
    task = settled.draft.ground.task

    async def again(merged: ChangeSet) -> bool:
        results = await workshop.check(settled.tree.with_changes(merged), settled.checks)
        judged = await checking.judge(settled.before, results, settled.tree, merged, task)
        return judged.fine

    try:
        applied = await run.deliver(
            settled.change_set, proven=proven, key=key_of(task.id), again=again, agent="developer"
        )
    except LimitReached:
        raise
    except SamokoderError as error:
        await run.say(f"{task.id}: {error}")
        return settled.outcome("conflict", str(error))
    if applied:
        return settled.outcome("done")
    return settled.outcome("proposed", settled.doubt or "changes are not applied by themselves")
