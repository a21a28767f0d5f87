"""A task's files, written as many at once as the order allows, then reviewed hunk by hunk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import anyio

from samokoder.agents.context.tags import is_test
from samokoder.agents.errors import AnswerUnusable, PromptTooLong
from samokoder.agents.generate import (
    developer,
    hunks,
    interfaces,
    ordering,
    project,
    reviewer,
    troubleshooter,
)
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.hunks import Numbered
from samokoder.agents.generate.plan import Plan, Task, Work
from samokoder.agents.generate.request import LeftOut
from samokoder.agents.generate.together import together
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot

ALLOW, LEAVE = "Allow", "Leave it alone"

_AROUND = 6000
"""Characters of what other files give."""
_SAMPLE = 2500


@dataclass(frozen=True, slots=True)
class File:
    """One file of a draft; None stands for no file."""

    work: Work
    before: bytes | None
    after: bytes | None


@dataclass
class Draft:
    """What the developer made of a task. ``failed`` says why there is nothing to check.

    ``rungs`` of the fixing ladder are climbed where its checks fail, none where it is too far from
    right; ``mends``: the developer is asked as well. ``doubts`` are what its writer is not sure of,
    whatever the checks say: it is not applied on its own then.
    """

    ground: Ground
    files: dict[str, File] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    hunks: int = 0
    failed: str = ""
    rungs: tuple[str, ...] = troubleshooter.RUNGS
    mends: bool = True
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def change_set(self) -> ChangeSet:
        """All of it as one change set against the task's tree."""
        return change_set(self.ground.task, self.files)


def change_set(task: Task, files: Mapping[str, File]) -> ChangeSet:
    """The change set of some files."""
    found = [
        hunks.change(f.work.target, f.before, f.after, old=f.work.path)
        for _, f in sorted(files.items())
    ]
    return ChangeSet(f"{task.id}: {task.title}", tuple(c for c in found if c is not None))


async def draft(run: Run, ground: Ground, *, review: bool) -> Draft:
    """The whole task, written and reviewed; nothing has been run yet."""
    made = Draft(ground)
    key = f"task/{ground.task.id}/{ground.task.digest}"
    try:
        await _write(run, made, ground.task.works, f"{key}/write")
        if made.notes:
            await _elsewhere(run, made, key)
        if review:
            await _review(run, made, f"{key}/review")
    except (AnswerUnusable, PromptTooLong) as error:
        made.failed = str(error)
    return made


async def _write(run: Run, made: Draft, works: tuple[Work, ...], key: str) -> None:
    """The files, each as soon as what it needs is there."""
    order = ordering.needs(works)
    written = {name: anyio.Event() for name in order}
    fallen: set[str] = set()

    async def one(work: Work) -> None:
        try:
            for need in order[work.target]:
                await written[need].wait()
            if not fallen.intersection(order[work.target]):
                await _file(run, made, work, order[work.target], key)
            else:
                fallen.add(work.target)
        except BaseException:  # cancelled too: files that need this one must not be begun
            fallen.add(work.target)
            raise
        finally:
            written[work.target].set()

    await together({w.target: partial(one, w) for w in works})


async def _file(run: Run, made: Draft, work: Work, before_it: tuple[str, ...], key: str) -> None:
    tree = made.ground.tree
    before = await tree.read(work.path) if work.path in tree.files else None
    if work.action == "delete":
        made.files[work.target] = File(work, before, None)
        return
    if work.action == "rename" and before is None:
        raise AnswerUnusable(f"{work.path} is to be renamed and is not there")
    if work.action == "rename" and not work.purpose:
        made.files[work.target] = File(work, before, before)
        return
    if before is None and work.target.endswith("__init__.py") and _bare(work):
        made.files[work.target] = File(work, None, b"")
        return
    found = await developer.write(
        run,
        made.ground,
        work,
        before=before,
        around=await _around(made, work, before_it),
        sample=await _sample(tree, work) if before is None else ("", ""),
        key=f"{key}/{work.target}",
    )
    made.files[work.target] = File(work, before, before if found.data is None else found.data)
    made.notes += [p for p in found.elsewhere if p not in made.ground.task.paths]
    await run.say(f"{made.ground.task.id}: {work.target} is written")


def _bare(work: Work) -> bool:
    """A file that only makes its folder a package."""
    return not work.gives and (not work.purpose or "empty" in work.purpose.lower())


async def _around(made: Draft, work: Work, before_it: tuple[str, ...]) -> str:
    """What the file may use: drafts of this task it waits for, files of tasks this one needs."""
    parts: list[str] = []
    for name in before_it:
        file = made.files.get(name)
        if file is not None and file.after is not None:
            parts.append(f"{name}\n{await interfaces.shown(name, file.after)}")
    tree = made.ground.tree
    for id in made.ground.task.needs:
        task = made.ground.plan.task(id)
        for other in task.works if task is not None else ():
            if other.target in tree.files and other.target not in made.ground.task.paths:
                data = await tree.read(other.target)
                parts.append(f"{other.target}\n{await interfaces.shown(other.target, data)}")
    others = [n for n in work.needs if n in tree.files and n not in before_it]
    parts += [f"{n}\n{await interfaces.shown(n, await tree.read(n))}" for n in others]
    return "\n\n".join(dict.fromkeys(parts))[:_AROUND]


async def _sample(tree: Snapshot, work: Work) -> tuple[str, str]:
    """The file that is likest to the new one: same kind, nearest folder."""
    suffix, test = work.target.rpartition(".")[2], is_test(work.target)
    folder = work.target.rpartition("/")[0]
    alike = [
        p
        for p, entry in tree.files.items()
        if p.rpartition(".")[2] == suffix and is_test(p) == test and 80 < entry.size <= _SAMPLE
    ]
    if not alike:
        return "", ""
    best = min(alike, key=lambda p: (p.rpartition("/")[0] != folder, p.endswith("__init__.py"), p))
    return best, await project.text_of(tree, best)


async def _elsewhere(run: Run, made: Draft, key: str) -> None:
    """Paths outside the plan that the developer wants to change: only when the user allows it."""
    wanted, made.notes = sorted(set(made.notes)), []
    task = made.ground.task
    extra: list[Work] = []
    known = tuple(sorted(made.files))
    for path in wanted:
        if path not in made.ground.tree.files:
            continue
        text = f"“{task.title}” wants to change {path}, which its plan does not name. Allow it?"
        if await run.question(f"{key}/outside/{path}", text, (ALLOW, LEAVE), LEAVE) == ALLOW:
            purpose = f"what “{task.title}” needs of this file, and nothing else"
            extra.append(Work(path=path, action="edit", purpose=purpose, needs=known))
        else:
            made.notes.append(f"{task.id} wanted to change {path}; it is not in its plan")
    kept = list(made.notes)
    made.notes = []
    if extra:
        await _write(run, made, tuple(extra), f"{key}/extra")
    made.notes = kept


async def _review(run: Run, made: Draft, key: str) -> None:
    """Rounds of verdicts and rework; what is never accepted is left out."""
    task = made.ground.task
    accepted: set[str] = set()
    refused: dict[str, str] = {}
    asked: list[str] = []
    for number in range(run.settings.generate.rounds + 1):
        found = _numbered(made)
        made.hunks = max(made.hunks, len(found))
        fresh = [h for h in found if h.key not in accepted and h.key not in refused]
        if not fresh:
            break
        verdicts = await reviewer.judge(run, task, fresh, remarks=asked, key=f"{key}/{number}")
        again: dict[str, list[str]] = {}
        for hunk in fresh:
            judged = verdicts.get(hunk.number)
            if judged is not None and judged.verdict == "accept":
                accepted.add(hunk.key)
            elif judged is not None and judged.verdict == "rework":
                why = judged.reason or "not good enough"
                again.setdefault(hunk.path, []).append(f"line {hunk.line}: {why}")
            else:
                refused[hunk.key] = judged.reason if judged is not None else "no verdict was given"
        tally = f"{len(accepted)} of {len(found)} hunks accepted"
        await run.say(f"{task.id}: {tally}" + (f", {len(again)} files again" if again else ""))
        if not again or number == run.settings.generate.rounds:
            break
        asked = [f"{path}: {r}" for path, reasons in again.items() for r in reasons]
        await together(
            {
                path: partial(_again, run, made, path, again[path], f"{key}/{number}")
                for path in again
            }
        )
    _leave_out(made, accepted, refused)


async def _again(run: Run, made: Draft, path: str, remarks: list[str], key: str) -> None:
    file = made.files[path]
    assert file.after is not None
    try:
        found = await developer.rework(
            run,
            made.ground,
            file.work,
            data=file.after,
            before=file.before,
            remarks=remarks,
            key=f"{key}/{path}",
        )
    except AnswerUnusable as error:
        made.notes.append(str(error))
        return
    if found.data is not None:
        made.files[path] = File(file.work, file.before, found.data)


def _numbered(made: Draft) -> tuple[Numbered, ...]:
    return hunks.numbered(
        {
            path: (file.before or b"", file.after if file.after is not None else b"")
            for path, file in made.files.items()
        }
    )


def _leave_out(made: Draft, accepted: set[str], refused: dict[str, str]) -> None:
    """Take out of every file the hunks that were not accepted."""
    by_path: dict[str, list[Numbered]] = {}
    for hunk in _numbered(made):
        by_path.setdefault(hunk.path, []).append(hunk)
    for path, found in by_path.items():
        out = [h for h in found if h.key not in accepted]
        if not out:
            continue
        file = made.files[path]
        for hunk in out:
            why = refused.get(hunk.key, "not accepted within the rounds allowed")
            made.left_out.append(LeftOut(path=path, line=hunk.line, reason=why, text=hunk.shown))
        if len(out) == len(found):
            if file.work.action == "rename":
                made.files[path] = File(file.work, file.before, file.before)
            else:
                del made.files[path]
            continue
        data = hunks.without(file.before or b"", found, {h.key for h in out})
        made.files[path] = File(file.work, file.before, data)


async def judged(run: Run) -> bool:
    """Whether a reviewer is asked in this run."""
    wanted = run.settings.generate.review
    if wanted != "auto":
        return wanted == "always"
    profile = await run.profile(Role.REVIEWER)
    return profile is not None and not profile.small


def ground_of(plan: Plan, task: Task, tree: Snapshot, guides: str) -> Ground:
    """What the task is written on."""
    return Ground(plan, task, tree, guides)
