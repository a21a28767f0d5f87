"""Whether a task's tree is all right: its checks before and after, held against each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from samokoder.agents.checks.check import Check, CheckResult
from samokoder.agents.checks.command import from_command
from samokoder.agents.checks.detect import detect
from samokoder.agents.checks.interpreter import find_interpreter
from samokoder.agents.context.languages import language_of
from samokoder.agents.execute import installed
from samokoder.agents.execute.command import Command
from samokoder.agents.execute.grants import grant
from samokoder.agents.execute.installed import Outcome
from samokoder.agents.generate import additions, renaming, wellformed
from samokoder.agents.generate.plan import Task
from samokoder.agents.generate.request import Ran
from samokoder.agents.repair import testcode, verdicts
from samokoder.agents.repair.verdicts import Goal
from samokoder.agents.repair.weakening import weakened
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet
from samokoder.agents.workspace.snapshot import Snapshot

_NOTHING = Goal(frozenset(), frozenset())
_PYTHON = ("python", "python3")


@dataclass(frozen=True, slots=True)
class Chosen:
    """``refused`` are commands of the plan that nobody allowed."""

    checks: tuple[Check, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unrun:
    """A check that says nothing, because something it needs is not there."""

    id: str
    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """``fine``: nothing is worse than before and what is new passes. ``tested``: a test ran, or
    nothing that runs was changed. ``doubt`` says why it must not be applied on its own.
    """

    fine: bool
    tested: bool = False
    reason: str = ""
    doubt: str = ""


async def chosen(run: Run, tree: Snapshot, task: Task | None, command: str) -> Chosen:
    """The project's checks on this tree, the user's command, and the task's own."""
    found = list(await detect(tree, run.settings))
    timeout = run.settings.check.timeout
    if command:
        found.append(from_command(command, origin="user", timeout=timeout))
    refused: list[str] = []
    kinds = {c.kind for c in found if c.kind != "command"}
    for text in task.checks if task is not None else ():
        check = await _own(run, from_command(text, origin="plan", timeout=timeout))
        if check.kind in kinds or any(check.argv == c.argv for c in found):
            continue  # the project's whole check of this kind runs anyway
        granted = await grant(run, Command(check.argv, check.cwd), known=found)
        if granted.refused:
            refused.append(f"`{text}` was not run: {granted.refused}")
        else:
            found.append(check)
    return Chosen(tuple(found), tuple(refused))


async def _own(run: Run, check: Check) -> Check:
    """The command with the project's own Python in the place of just any."""
    first = check.argv[0]
    if first not in (*_PYTHON, "pytest", "mypy"):
        return check
    python = (await find_interpreter(run.root, run.settings.check)).path
    rest = check.argv[1:] if first in _PYTHON else ("-m", *check.argv)
    return Check(check.id, check.kind, (python, *rest), check.cwd, check.origin, check.timeout)


async def results(
    run: Run, workshop: Workshop, tree: Snapshot, checks: tuple[Check, ...], key: str
) -> Outcome:
    """What the checks say of a tree; a step of the run."""
    if not checks:
        return Outcome()
    return await installed.results(run, workshop, tree, checks, key=key)


async def judge(
    before: tuple[CheckResult, ...],
    after: tuple[CheckResult, ...],
    tree: Snapshot,
    change_set: ChangeSet,
    task: Task,
) -> Judgement:
    """Hold both against each other; ``tree`` is the one the change set starts from."""
    found = verdicts.difference(before, after, _NOTHING)
    known = {r.check.id for r in before}
    bad = [r.check.id for r in after if not r.ok and r.check.id not in known]
    lost = [(c, t) for c, t in found.lost if t.split("::")[0] not in task.paths]
    broken = await wellformed.faults(change_set)
    if bad or lost or found.new or found.broken or broken:
        told = verdicts.told(found, after)
        parts = (told, f"failing: {', '.join(bad)}" if bad and not told else "", "; ".join(broken))
        return Judgement(False, reason="; ".join(p for p in parts if p))
    ran = any(r.passed for r in after) or any(
        r.ok and r.check.origin in ("plan", "user", "settings") for r in after
    )
    tested = ran or not await to_thread.run_sync(_any_runs, change_set.paths)
    renamed = renaming.names(task)
    return Judgement(True, tested, doubt=await _doubt(before, after, tree, change_set, renamed))


async def _doubt(
    before: tuple[CheckResult, ...],
    after: tuple[CheckResult, ...],
    tree: Snapshot,
    change_set: ChangeSet,
    renamed: frozenset[str],
) -> str:
    """What a person has to look at although everything passes."""
    strays = sorted({name for r in after for name in r.stray})
    if strays:
        return f"{', '.join(strays[:3])} was imported from outside the scratch copy"
    some, now = len(verdicts.passed(before)), len(verdicts.passed(after))
    if now < some:
        return f"{now} tests pass, before there were {some}"
    old: dict[str, bytes | None] = {}
    new: dict[str, bytes | None] = {}
    for change in change_set.changes:
        if change.kind is ChangeKind.CREATE or change.path not in tree.files:
            continue
        if not testcode.is_test_path(change.path):
            continue
        text = await tree.read(change.path)
        if renaming.only(text, change.after, renamed):
            continue
        old[change.path], new[change.path] = text, additions.without(text, change.after or b"")
        if change.after is None:
            new[change.path] = None
    if not old:
        return ""
    modules = _modules(tree.with_changes(change_set))
    weak = partial(weakened, old, new, exists=modules.__contains__)
    reasons = await to_thread.run_sync(weak)
    return "; ".join(reasons[:3])


def _modules(tree: Snapshot) -> frozenset[str]:
    """Dotted names of the project's own modules."""
    names = (p.removesuffix(".py").removesuffix("/__init__") for p in tree.files if p[-3:] == ".py")
    dotted = [name.replace("/", ".") for name in names]
    return frozenset([*dotted, *(name.removeprefix("src.") for name in dotted)])


def _any_runs(paths: Sequence[str]) -> bool:
    """Whether one of the files is code. Blocking: grammars are looked for at first."""
    return any(
        language_of(p) is not None or p.endswith((".sh", ".rb", ".php", ".pl")) for p in paths
    )


def ran(results: Sequence[CheckResult], unrun: Sequence[Unrun]) -> tuple[Ran, ...]:
    """The checks for people."""
    done = [
        Ran(
            command=" ".join(r.check.argv),
            ok=r.ok,
            id=r.check.id,
            exit_code=r.exit_code,
            seconds=r.seconds,
            passed=len(r.passed),
            failed=len(r.failed),
        )
        for r in results
    ]
    return (*done, *(Ran(command=u.command, ok=False, id=u.id, not_run=u.reason) for u in unrun))


def unrun(checks: Sequence[Check], outcome: Outcome) -> tuple[Unrun, ...]:
    """The checks that could not be run."""
    return tuple(
        Unrun(c.id, " ".join(c.argv), outcome.unrun[c.id]) for c in checks if c.id in outcome.unrun
    )


def failures(before: Sequence[CheckResult], after: Sequence[CheckResult], most: int = 8) -> str:
    """What is new and wrong, for the developer to read."""
    old = {verdicts.key(p) for r in before for p in r.problems}
    lines: list[str] = []
    for result in after:
        fresh = [p for p in result.problems if verdicts.key(p) not in old]
        for p in fresh[:most]:
            test = f" ({p.test})" if p.test else ""
            lines.append(f"{p.path}:{p.line}:{test} {p.message[:600]}")
        if not result.ok and not fresh:
            lines.append(f"{' '.join(result.check.argv)[:200]}\n{result.output.strip()[-1200:]}")
    return "\n".join(lines)


def places(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> tuple[str, ...]:
    """Files that the new failures name."""
    old = {verdicts.key(p) for r in before for p in r.problems}
    found = [
        path
        for r in after
        for p in r.problems
        if verdicts.key(p) not in old
        for path in (p.path, *(f.path for f in p.related))
    ]
    return tuple(dict.fromkeys(found))
