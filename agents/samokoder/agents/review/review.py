"""The body of a review: sources without a model and reviewers with one, side by side."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import anyio

from samokoder.agents.checks.check import Severity
from samokoder.agents.counting import counted
from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review import dismissed, session
from samokoder.agents.review.finding import Finding
from samokoder.agents.review.request import Reported, ReviewRequest, ReviewResult
from samokoder.agents.review.session import Session
from samokoder.agents.review.shelf import Shelf
from samokoder.agents.review.source import Source
from samokoder.agents.review.stage import Opinions, Stage
from samokoder.agents.review.target import Aim, aim, target
from samokoder.agents.runs.context import Run
from samokoder.state.errors import SamokoderError

Sources = Callable[[Run, ReviewRequest], Awaitable[Sequence[Source]]]
"""The sources for one review; which ones depends on what the user trusts and what is there."""


@dataclass(frozen=True, slots=True)
class Reviewers:
    """What a review works with. ``opinions`` asks the models; None: nobody is asked."""

    shelf: Shelf
    sources: Sources
    tools: Tools
    opinions: Opinions | None = None


async def review(run: Run, request: ReviewRequest, tools: Reviewers) -> ReviewResult:
    """Find what is wrong with what the request names; nothing is changed."""
    started = time.monotonic()
    aimed = await run.step("aim", lambda: aim(run.snapshot, request), Aim, pure=True)
    aims = await target(run.snapshot, aimed, request)
    settings = run.settings.review
    floor = request.floor or Severity(settings.floor)
    project, fault = await dismissed.shared(aims.scope.base or aims.snapshot)
    work = Session(run, aims, tools.shelf, floor, nits=settings.nits, project=project)
    if fault:
        work.notes.append(fault)
    if not aims.scope.files:
        await run.say(f"Nothing to review in {aims.what}", percent=100)
        return ReviewResult(aims.what, notes=(f"nothing to review in {aims.what}",))
    await run.say(f"Reviewing {aims.what}: {counted(len(aims.scope.files), 'file')}")
    stage = await _search(work, request, tools)
    asked = [""] + (["model"] if stage.complete else [])
    gone, over = await work.finish(asked, settings.cap)
    return replace(
        await _reported(work, tools.shelf),
        gone=gone,
        over=over,
        refuted=stage.refuted,
        tokens=stage.tokens,
        calls=stage.calls,
        hunks=stage.hunks,
        cached=stage.cached,
        model=stage.model,
        model_seconds=stage.seconds,
        limited=stage.limited,
        seconds=time.monotonic() - started,
    )


async def _search(work: Session, request: ReviewRequest, tools: Reviewers) -> Stage:
    """Ask all sources and the models at the same time; findings are kept as they come.

    The models' questions go out first: what the sources compute then costs no waiting.
    """
    run, aims = work.run, work.target
    sources = await tools.sources(run, request)
    done = [anyio.Event() for _ in sources]
    found: dict[int, tuple[Finding, ...]] = {}
    ready, sent = anyio.Event(), anyio.Event()
    stage = Stage()

    async def ask(number: int, source: Source) -> None:
        await sent.wait()
        try:
            found[number] = await run.step(
                f"find/{source.name}",
                lambda: source.findings(aims.snapshot, aims.scope),
                tuple[Finding, ...],
                agent=source.name,
                pure=True,
            )
        except SamokoderError as error:
            work.notes.append(f"{source.name}: {error}")
        done[number].set()

    async def opine() -> None:
        nonlocal stage
        if tools.opinions is not None:
            stage = await tools.opinions.ask(work, request, ready, sent)
        sent.set()

    async with anyio.create_task_group() as group:
        for number, source in enumerate(sources):
            group.start_soon(ask, number, source)
        group.start_soon(opine)
        # in the order of the sources, so that a run taken up again keeps the same ones
        for number, source in enumerate(sources):
            await done[number].wait()
            fresh = await work.take(source.name, found.get(number, ()))
            if fresh:
                await run.say(f"{source.name}: {counted(len(fresh), 'finding')}")
        ready.set()
    work.notes += stage.notes
    return stage


async def _reported(work: Session, shelf: Shelf) -> ReviewResult:
    aims = work.target
    own = await shelf.dismissed(work.run.root)
    silenced = {d.fingerprint for d in (*work.project, *own)}
    ranked = sorted(work.kept.values(), key=lambda k: session.order(k.finding))
    shown = tuple(
        Reported(k.fingerprint, k.finding) for k in ranked if k.fingerprint not in silenced
    )
    hidden = len(ranked) - len(shown)
    await work.run.say(f"{counted(len(shown), 'finding')} in {aims.what}", percent=100)
    return ReviewResult(
        aims.what,
        len(aims.scope.files),
        aims.lines,
        shown,
        hidden,
        work.below,
        unquoted=work.unquoted,
        notes=tuple(work.notes),
    )
