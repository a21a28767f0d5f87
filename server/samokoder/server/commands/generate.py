"""`samokoder.generate` and `samokoder.plan`: from a brief to a project, or to its next piece."""

from pathlib import Path
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta

from samokoder.agents.errors import InvalidInput, ModelMissing
from samokoder.agents.generate import document, estimate
from samokoder.agents.generate.request import (
    Earlier,
    Estimate,
    GenerateRequest,
    GenerateResult,
    LeftOut,
    Ran,
    TaskOutcome,
)
from samokoder.agents.models.model import Role
from samokoder.agents.runs.order import RunSummary, Used
from samokoder.agents.workspace import paths
from samokoder.server.commands import questions, text
from samokoder.server.commands.command import Call, Command
from samokoder.server.commands.ordering import order_of
from samokoder.server.commands.shared import RunArgs, Uri, path_of, root_of
from samokoder.state.runs import RunState


class GenerateArgs(RunArgs, frozen=True):
    brief: Annotated[str, Meta(description="What to make; empty: the plan in the workspace.")] = ""
    file: Annotated[tuple[str, ...], Meta(description="Files the brief is about.")] = ()
    uri: Uri = ""
    selection: Annotated[str, Meta(description="Marked text the brief is about.")] = ""
    constraint: Annotated[tuple[str, ...], Meta(description="What must hold of the result.")] = ()
    check: Annotated[str, Meta(description="A command that must pass in the end.")] = ""
    run: Annotated[str, Meta(description="A finished run to follow up on.")] = ""
    feedback: Annotated[str, Meta(description="What to change about that run's result.")] = ""


class PlanArgs(RunArgs, frozen=True):
    brief: Annotated[str, Meta(description="What to make.")] = ""
    file: Annotated[tuple[str, ...], Meta(description="Files the brief is about.")] = ()
    uri: Uri = ""
    selection: Annotated[str, Meta(description="Marked text the brief is about.")] = ""
    constraint: Annotated[tuple[str, ...], Meta(description="What must hold of the result.")] = ()


class GenerateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was made. ``complete``: every task of the plan is done. ``offer`` is a command that
    shows it running.
    """

    run: RunSummary
    used: Used
    complete: bool = False
    title: str = ""
    plan: str = ""
    planned: int = 0
    tasks: tuple[TaskOutcome, ...] = ()
    changed: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    estimate: Estimate = Estimate()
    stopped: str = ""
    offer: str = ""


async def generate(call: Call, args: GenerateArgs) -> GenerateAnswer:
    earlier = None
    if args.run or args.feedback:
        earlier = await _earlier(call, args)
        root = await root_of(
            call, args.root or (await call.service.engine.summary(earlier.run)).root
        )
    else:
        root = await _root(call, args.root, args.uri)
    request = GenerateRequest(
        brief="" if earlier is not None else args.brief.strip(),
        files=await _files(root, args.file, args.uri),
        selection=args.selection,
        constraints=args.constraint,
        check=args.check,
        feedback=(args.feedback or args.brief).strip() if earlier is not None else "",
        earlier=earlier,
    )
    what = request.feedback or request.brief or "the plan"
    return await _done(call, args, root, request, f"Generate {_short(what)}")


async def plan(call: Call, args: PlanArgs) -> GenerateAnswer:
    if not args.brief.strip():
        raise InvalidInput(
            "there is no brief to plan", hint='Say what to make: `samokoder plan "…"`.'
        )
    root = await _root(call, args.root, args.uri)
    request = GenerateRequest(
        brief=args.brief.strip(),
        files=await _files(root, args.file, args.uri),
        selection=args.selection,
        constraints=args.constraint,
        plan_only=True,
    )
    return await _done(call, args, root, request, f"Plan {_short(request.brief)}")


async def _earlier(call: Call, args: GenerateArgs) -> Earlier:
    """What the tech lead must know of the run that is followed up."""
    engine = call.service.engine
    if not args.run:
        raise InvalidInput("feedback needs the run it is about", hint="Give `run`.")
    if not (args.feedback or args.brief).strip():
        raise InvalidInput("there is no feedback", hint='Say what to change: `--feedback "…"`.')
    summary = await engine.summary(args.run)
    if summary.kind != "generate":
        raise InvalidInput(f"run {summary.id} has generated nothing")
    _, _, stored = await engine.outcome(summary.id)
    if stored is None:
        raise InvalidInput(f"run {summary.id} is {summary.state}", hint="Let it end first.")
    result = msgspec.json.decode(stored, type=GenerateResult)
    lines = [f"{t.id} {t.title} ({t.end}): {', '.join(t.paths)}" for t in result.tasks]
    return Earlier(
        run=summary.id,
        title=result.title,
        brief=result.brief,
        demands=result.demands,
        design=result.design,
        text="\n".join([f"Brief: {result.brief}", *lines, *result.notes]),
    )


async def _root(call: Call, root: str, uri: str) -> Path:
    return await root_of(call, root, path_of(uri) if uri else None)


async def _files(root: Path, files: tuple[str, ...], uri: str) -> tuple[str, ...]:
    named = [*files, *([str(path_of(uri))] if uri else [])]
    found = [await run_sync(paths.relative, root, name) for name in named]
    return tuple(dict.fromkeys(found))


def _short(what: str) -> str:
    line = " ".join(what.split())
    return line if len(line) <= 70 else f"{line[:69]}…"


async def _done(
    call: Call, args: RunArgs, root: Path, request: GenerateRequest, title: str
) -> GenerateAnswer:
    order = await order_of(call, args, "generate", title, root, request, model=True)
    await _needs_model(call, args, root)
    run_id = await call.service.engine.submit(order)
    if not args.wait:
        return GenerateAnswer(run=await call.service.engine.summary(run_id), used=Used())
    await questions.attended(call, run_id)
    return await _answer(call, run_id)


async def _needs_model(call: Call, args: RunArgs, root: Path) -> None:
    """ModelMissing before a run is begun that could do nothing."""
    if args.no_model:
        raise ModelMissing("generating needs one", hint="Leave out `--no-model`.")
    if args.model:
        return  # what is named and missing says so itself
    loaded = await call.service.configuration(root, client=call.client)
    if await call.service.models.model(root, loaded.settings, Role.CODER) is None:
        raise ModelMissing(
            "generating needs one",
            hint="`samokoder model pull` brings a small one; a provider's key in the environment,"
            " or `model.coder` in the settings, a better one. `samokoder new` needs none.",
        )


async def _answer(call: Call, run_id: str) -> GenerateAnswer:
    run, used, stored = await call.service.engine.outcome(run_id)
    if stored is None:
        return GenerateAnswer(run=run, used=used, stopped=run.reason)
    result = msgspec.json.decode(stored, type=GenerateResult)
    done = [t for t in result.tasks if t.end == "done"]
    return GenerateAnswer(
        run=run,
        used=used,
        complete=result.complete,
        title=result.title,
        plan=result.plan,
        planned=result.planned,
        tasks=result.tasks,
        changed=tuple(dict.fromkeys(p for t in done for p in t.paths)),
        left_out=tuple(h for t in result.tasks for h in t.left_out),
        notes=result.notes,
        estimate=result.estimate,
        stopped=result.stopped,
        offer=result.offer,
    )


_MARKS = {"done": "done", "proposed": "proposed, not applied", "deleted": "taken out"}


def _show(result: GenerateAnswer) -> str:
    lines = [result.title or text.run_line(result.run)]
    for task in result.tasks:
        reason = f": {task.reason}" if task.reason else ""
        lines.append(f"  {task.id} {task.title} ({_MARKS.get(task.end, task.end)}){reason}")
        lines += [f"    {_said(check)}" for check in task.checks]
        if task.repaired:
            lines.append(f"    repaired at {task.repaired}")
    lines += [f"  left out: {h.path} line {h.line}: {h.reason}" for h in result.left_out]
    lines += [f"  note: {note}" for note in result.notes]
    if result.plan and not result.tasks:
        lines.append(f"  {result.planned} tasks are planned in {result.plan}")
        lines.append(f"  They take {estimate.told(result.estimate)}.")
        lines.append("  Edit it, then run `samokoder generate`.")
    if result.stopped and result.title:  # without one, the first line says it
        lines.append(f"Stopped: {result.stopped}")
    lines.append(f"  cost: {text.cost(result.used)}")
    if result.changed:
        lines.append(f"Undo with: samokoder run undo {result.run.id}")
    if any(t.end == "proposed" for t in result.tasks):
        lines.append(f"Apply what is proposed with: samokoder run apply {result.run.id}")
    if result.offer:
        lines.append(f"See it running: {result.offer}")
    return "\n".join(lines)


def _said(check: Ran) -> str:
    """A check in a line; ``--json`` has the whole command."""
    if check.not_run:
        return f"{check.id} was not run: {check.not_run}"
    tests = f", {check.passed} tests" if check.passed and not check.failed else ""
    if check.failed:
        tests = f", {check.failed} of {check.passed + check.failed} tests fail"
    state = "passes" if check.ok else f"fails (exit code {check.exit_code})"
    return f"{check.id} {state}{tests}, {check.seconds:.2f} s"


def _code(result: GenerateAnswer) -> int:
    if result.run.state is RunState.SUCCEEDED:
        planned = bool(result.plan) and not result.tasks and not result.stopped
        return 0 if result.complete or planned else 1
    return text.EXIT_CODES[result.run.state]


COMMANDS = (
    Command(
        "samokoder.generate",
        GenerateArgs,
        generate,
        f"Make what a brief says, or work on the plan in {document.PATH}.",
        show=_show,
        exit_code=_code,
        positional=("brief",),
    ),
    Command(
        "samokoder.plan",
        PlanArgs,
        plan,
        f"Plan what a brief says in {document.PATH}, and do nothing yet.",
        show=_show,
        exit_code=_code,
        positional=("brief",),
    ),
)
