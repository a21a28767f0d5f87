"""Writing for a small model: whole small files, several versions, and what runs decides.

A new module: versions of it and claims about it are written independently of each other from the
brief, each version is tried against each claim, and where they agree most is what is delivered,
with the claims that hold as its tests. With tests given, they decide alone.
"""

from anyio import to_thread

from samokoder.agents.checks.check import CheckResult
from samokoder.agents.checks.detect import detect
from samokoder.agents.edits.syntax import python_error
from samokoder.agents.errors import AnswerUnusable, PromptTooLong
from samokoder.agents.generate import project as projects
from samokoder.agents.generate.developer import Ground
from samokoder.agents.generate.drafting import Draft, File
from samokoder.agents.generate.small import calls, given, trees, versions
from samokoder.agents.generate.small.brief import wish
from samokoder.agents.generate.small.given import Given
from samokoder.agents.repair.workshop import Workshop
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace.snapshot import Snapshot

_WHOLE = 1500
"""Tokens of a file, at most."""
_TESTS = 7000
"""Characters of given tests that are shown."""
_LADDER = ("L0", "L1", "L2")
"""Rungs for a version that is nearly right: a slip is found by a search, or written anew with the
failing test in view. A wider context does not help a small model.
"""
_VAIN = 4
"""Versions of which none passes anything, after which no more are written."""


def suits(ground: Ground) -> bool:
    """Whether the task is one this way of writing is for: a new module with its tests, or one
    small Python file.
    """
    works = ground.task.works
    if len(works) == 1:
        return works[0].path.endswith(".py") and works[0].action in ("create", "edit")
    wanted = wish(ground.plan.brief)
    return wanted is not None and [w.path for w in works] == [
        f"{wanted.module}.py",
        f"test_{wanted.module}.py",
    ]


async def draft(run: Run, workshop: Workshop, ground: Ground) -> Draft | None:
    """The task's files; None when another way of writing has to do it."""
    works = ground.task.works
    key = f"task/{ground.task.id}/{ground.task.digest}/small"
    try:
        if len(works) == 1:
            found = await given.about(ground.tree, works[0].path)
            return await _for_tests(run, workshop, ground, found, key) if found else None
        wanted = wish(ground.plan.brief)
        if wanted is None:
            return None
        return await versions.written(run, workshop, ground, wanted, key, _LADDER)
    except (AnswerUnusable, PromptTooLong) as error:
        return Draft(ground, failed=str(error))


async def _for_tests(
    run: Run, workshop: Workshop, ground: Ground, found: Given, key: str
) -> Draft | None:
    """A file that given tests ask for: the version that passes most of them, the first that
    passes all.
    """
    made = Draft(ground)
    (work,) = ground.task.works
    shown = [await projects.text_of(ground.tree, path) for path in found.tests]
    facts = {
        "path": found.path,
        "stub": found.stub,
        "tests": "\n\n".join(shown)[:_TESTS],
        "test_path": ", ".join(found.tests),
        "brief": ground.plan.brief,
    }
    best: tuple[int, str] = (-1, "")
    most = 0
    for number in range(run.settings.model.samples):
        text = await calls.code(run, "file", facts, f"{key}/file/{number}", _WHOLE, number)
        why = await to_thread.run_sync(python_error, text)
        if why or not text.strip():
            continue
        results = await _checked(
            run, workshop, trees.holding(ground.tree, work, text), f"{key}/try/{number}"
        )
        passed = sum(len(r.passed) for r in results)
        failed = sum(len(r.failed) for r in results)
        await run.say(
            f"{ground.task.id}: version {number + 1} passes {passed} of {passed + failed}"
        )
        if passed > best[0]:
            best, most = (passed, text), passed + failed
        if passed and all(r.ok for r in results):
            break
        if number + 1 >= _VAIN and best[0] == 0:
            break
    if best[0] < 0:
        made.failed = "no version can be read as Python"
        return made
    before = await ground.tree.read(work.path) if work.path in ground.tree.files else None
    made.files[work.target] = File(work, before, best[1].encode())
    made.mends, near = False, 2 * best[0] >= most and best[0] > 0
    made.rungs = _LADDER if near else ()
    return made


async def _checked(
    run: Run, workshop: Workshop, tree: Snapshot, key: str
) -> tuple[CheckResult, ...]:
    async def checked() -> tuple[CheckResult, ...]:
        checks = tuple(c for c in await detect(tree, run.settings) if c.kind != "ruff")
        return await workshop.check(tree, checks)

    return await run.step(key, checked, tuple[CheckResult, ...], agent=calls.NAME, pure=True)
