"""`samokoder.run.*`: the life of a run, from any client and after any restart."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from samokoder.agents.errors import InvalidInput
from samokoder.agents.runs.order import RunSummary
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.runs.view import FileTexts, RunView
from samokoder.server.commands import questions, text
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, RunId, Yes, root_of
from samokoder.state.runs import RunState


class ListArgs(Args, frozen=True):
    root: Root = ""
    all: Annotated[bool, Meta(description="Runs of every workspace.")] = False
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many, newest first.")] = 20
    before: Annotated[str, Meta(description="Only runs older than this one.")] = ""


class OneArgs(Args, frozen=True):
    run: RunId = ""
    root: Root = ""


class AnswerArgs(Args, frozen=True):
    run: RunId = ""
    answer: Annotated[str, Meta(description="One of the question's options.")] = ""
    question: Annotated[str, Meta(description="The question; empty means the oldest open.")] = ""
    root: Root = ""


class ResumeArgs(Args, frozen=True):
    run: RunId = ""
    root: Root = ""
    tokens: Annotated[int | None, Meta(description="A new limit of tokens.")] = None
    money: Annotated[float | None, Meta(description="A new limit in US dollars.")] = None
    wait: Annotated[bool, Meta(description="Wait for the end of the run.")] = True


class SomeArgs(Args, frozen=True):
    """A run's changes, or some of them."""

    run: RunId = ""
    root: Root = ""
    change: Annotated[int | None, Meta(description="Only this change set.")] = None
    hunk: Annotated[tuple[int, ...], Meta(description="Only these hunks.")] = ()
    file: Annotated[tuple[str, ...], Meta(description="Only these files.")] = ()

    def selection(self) -> Selection:
        """The same for the engine."""
        return Selection(hunks=self.hunk, files=self.file, change=self.change)


class DiffArgs(Args, frozen=True):
    run: RunId = ""
    root: Root = ""
    change: Annotated[int | None, Meta(description="Only this change set.")] = None
    file: Annotated[tuple[str, ...], Meta(description="Only these files.")] = ()


class UndoArgs(SomeArgs, frozen=True):
    agent: Annotated[str, Meta(description="Only what this agent wrote.")] = ""
    yes: Yes = False


class RestoreArgs(Args, frozen=True):
    run: RunId = ""
    root: Root = ""
    step: Annotated[str, Meta(description="Go back to the state after this step.")] = ""
    yes: Yes = False


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A run after a command about it."""

    run: RunSummary
    message: str
    changed: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


async def pick(call: Call, run: str, root: str) -> str:
    """The run that is meant; InvalidInput when there is none."""
    engine = call.service.engine
    if run:
        return (await engine.summary(run)).id
    newest = await engine.summaries(await root_of(call, root), limit=1)
    if not newest:
        raise InvalidInput("there is no run in this workspace yet")
    return newest[0].id


async def list_runs(call: Call, args: ListArgs) -> tuple[RunSummary, ...]:
    root = None if args.all else await root_of(call, args.root)
    return await call.service.engine.summaries(root, limit=args.limit, before=args.before)


async def show(call: Call, args: OneArgs) -> RunView:
    return await call.service.engine.view(await pick(call, args.run, args.root))


async def cancel(call: Call, args: OneArgs) -> RunAnswer:
    run = await call.service.engine.cancel(await pick(call, args.run, args.root))
    return RunAnswer(run=run, message=f"Run {run.id} is {run.state}.")


async def resume(call: Call, args: ResumeArgs) -> RunAnswer:
    engine = call.service.engine
    flags: dict[str, str | int | float | bool] = {}
    if args.tokens is not None:
        flags["budget.tokens"] = args.tokens
    if args.money is not None:
        flags["budget.money"] = args.money
    run_id = await engine.resume(await pick(call, args.run, args.root), flags)
    if args.wait:
        await questions.attended(call, run_id)
    run = await engine.summary(run_id)
    return RunAnswer(run=run, message=f"Run {run.id} is {run.state}.")


async def answer(call: Call, args: AnswerArgs) -> RunAnswer:
    run_id = await pick(call, args.run, args.root)
    run = await call.service.engine.answer(
        run_id, args.question, args.answer, by=call.client or "shell"
    )
    return RunAnswer(run=run, message="Answered.")


async def apply(call: Call, args: SomeArgs) -> RunAnswer:
    run_id = await pick(call, args.run, args.root)
    done = await call.service.engine.apply(run_id, args.selection(), client=call.client)
    run = await call.service.engine.summary(run_id)
    return RunAnswer(run=run, message=done.message, changed=done.changed, conflicts=done.conflicts)


async def reject(call: Call, args: SomeArgs) -> RunAnswer:
    run_id = await pick(call, args.run, args.root)
    done = await call.service.engine.reject(run_id, args.selection(), client=call.client)
    run = await call.service.engine.summary(run_id)
    return RunAnswer(run=run, message=done.message, changed=done.changed)


async def diff(call: Call, args: DiffArgs) -> tuple[FileTexts, ...]:
    run_id = await pick(call, args.run, args.root)
    return await call.service.engine.texts(run_id, Selection(files=args.file, change=args.change))


async def undo(call: Call, args: UndoArgs) -> RunAnswer:
    run_id = await pick(call, args.run, args.root)
    selection = msgspec.structs.replace(args.selection(), agent=args.agent)
    done = await call.service.engine.undo(run_id, selection, client=call.client)
    run = await call.service.engine.summary(run_id)
    return RunAnswer(run=run, message=done.message, changed=done.changed, conflicts=done.conflicts)


async def restore(call: Call, args: RestoreArgs) -> RunAnswer:
    run_id = await pick(call, args.run, args.root)
    if not args.step:
        raise InvalidInput("which step?", hint="`samokoder run show` lists the run's steps.")
    done = await call.service.engine.undo(
        run_id, Selection(after_step=args.step), client=call.client
    )
    run = await call.service.engine.summary(run_id)
    return RunAnswer(run=run, message=done.message, changed=done.changed, conflicts=done.conflicts)


def _left(result: RunAnswer) -> Literal[0, 1]:
    return 1 if result.conflicts else 0


def _ended(result: RunAnswer) -> int:
    return text.EXIT_CODES.get(result.run.state, 1)


def _shown(view: RunView) -> int:
    return 1 if view.interrupted or view.summary.state is RunState.WAITING else 0


COMMANDS = (
    Command(
        "samokoder.run.list",
        ListArgs,
        list_runs,
        "List runs, newest first.",
        show=text.run_list,
    ),
    Command(
        "samokoder.run.show",
        OneArgs,
        show,
        "Show one run: steps, changes, proof and cost.",
        show=text.run_view,
        exit_code=_shown,
        positional=("run",),
    ),
    Command(
        "samokoder.run.cancel",
        OneArgs,
        cancel,
        "Cancel a run; what it finished is kept.",
        show=text.run_answer,
        positional=("run",),
    ),
    Command(
        "samokoder.run.resume",
        ResumeArgs,
        resume,
        "Take up a run that was interrupted, paused or stopped at a limit.",
        show=text.run_answer,
        exit_code=_ended,
        positional=("run",),
    ),
    Command(
        "samokoder.run.answer",
        AnswerArgs,
        answer,
        "Answer a question of a run.",
        show=text.run_answer,
        positional=("run", "answer"),
    ),
    Command(
        "samokoder.run.apply",
        SomeArgs,
        apply,
        "Apply what a run proposed: all of it, some files or some hunks.",
        show=text.run_answer,
        exit_code=_left,
        positional=("run",),
    ),
    Command(
        "samokoder.run.reject",
        SomeArgs,
        reject,
        "Reject what a run proposed: all of it, some files or some hunks.",
        show=text.run_answer,
        positional=("run",),
    ),
    Command(
        "samokoder.run.diff",
        DiffArgs,
        diff,
        "Show a run's files before and after.",
        show=text.run_diff,
        positional=("run",),
    ),
    Command(
        "samokoder.run.undo",
        UndoArgs,
        undo,
        "Undo a run, some files or some hunks of it; later edits stay.",
        show=text.run_answer,
        exit_code=_left,
        positional=("run",),
    ),
    Command(
        "samokoder.run.restore",
        RestoreArgs,
        restore,
        "Go back to the state after a step; nothing in the history is lost.",
        show=text.run_answer,
        exit_code=_left,
        positional=("run", "step"),
    ),
)
