"""`samokoder.review`."""

import os
from pathlib import Path
from typing import Annotated, Literal

import anyio
import msgspec
from anyio import to_thread
from msgspec import Meta

from samokoder.agents.checks.check import Severity
from samokoder.agents.counting import counted
from samokoder.agents.errors import InvalidInput
from samokoder.agents.review import prose
from samokoder.agents.review.request import ReviewRequest, ReviewResult
from samokoder.agents.review.sarif import sarif
from samokoder.agents.review.view import FindingView, view
from samokoder.agents.runs.order import RunSummary, Used
from samokoder.agents.workspace import paths
from samokoder.server.commands import text
from samokoder.server.commands.command import Call, Command
from samokoder.server.commands.ordering import order_of
from samokoder.server.commands.shared import RunArgs, Uri, path_of, root_of, waited
from samokoder.server.version import VERSION
from samokoder.state.runs import RunState

Format = Literal["text", "json", "sarif", "markdown"]
Level = Literal["", "hint", "info", "warning", "error"]


class ReviewArgs(RunArgs, frozen=True):
    path: Annotated[
        tuple[str, ...],
        Meta(description="Files or folders; empty means the uncommitted changes."),
    ] = ()
    uri: Uri = ""
    line: Annotated[int, Meta(ge=0, description="First line of a selection, from 1.")] = 0
    end_line: Annotated[int, Meta(ge=0, description="Last line of a selection.")] = 0
    diff: Annotated[
        str, Meta(description="Review what changed since the history left this commit.")
    ] = ""
    commit: Annotated[str, Meta(description="Review what one commit changed.")] = ""
    all: Annotated[bool, Meta(description="Review the whole workspace as it stands.")] = False
    floor: Annotated[
        Level, Meta(description="The least severity that is reported; empty: `review.floor`.")
    ] = ""
    format: Annotated[Format, Meta(description="How the shell prints the findings.")] = "text"


class ReviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a review found, gravest first. ``used`` counts only calls of this run."""

    run: RunSummary
    used: Used
    what: str = ""
    files: int = 0
    findings: tuple[FindingView, ...] = ()
    dismissed: int = 0
    below: int = 0
    over: int = 0
    unquoted: int = 0
    refuted: int = 0
    gone: int = 0
    hunks: int = 0
    cached: int = 0
    model: str = ""
    seconds: float = 0.0
    model_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    format: Format = "text"


async def review(call: Call, args: ReviewArgs) -> ReviewAnswer:
    root, chosen = await _targets(call, args)
    _check(args, chosen)
    request = ReviewRequest(
        paths=chosen,
        first=args.line,
        last=max(args.line, args.end_line),
        base=args.diff,
        commit=args.commit,
        everything=args.all,
        commands=args.yes or await call.service.trusted(root, "commands"),
        floor=Severity(args.floor) if args.floor else None,
    )
    what = args.diff or args.commit or ", ".join(chosen[:3]) or root.name
    order = await order_of(
        call, args, "review", f"Review {what}", root, request, commands=False, model=True
    )
    if args.model:
        order = msgspec.structs.replace(order, flags={**order.flags, "model.reviewer": args.model})
    run_id = await call.service.engine.submit(order)
    if not args.wait:
        return ReviewAnswer(run=await call.service.engine.summary(run_id), used=Used())
    await waited(call, run_id)
    run, used, stored = await call.service.engine.outcome(run_id)
    if stored is None:
        return ReviewAnswer(run=run, used=used, what=what, format=args.format)
    result = msgspec.json.decode(stored, type=ReviewResult)
    return ReviewAnswer(
        run=run,
        used=used,
        what=result.what,
        files=result.files,
        findings=tuple(view(one) for one in result.findings),
        dismissed=result.dismissed,
        below=result.below,
        over=result.over,
        unquoted=result.unquoted,
        refuted=result.refuted,
        gone=result.gone,
        hunks=result.hunks,
        cached=result.cached,
        model=result.model,
        seconds=result.seconds,
        model_seconds=result.model_seconds,
        notes=result.notes,
        format=args.format,
    )


def _check(args: ReviewArgs, chosen: tuple[str, ...]) -> None:
    ways = [
        name
        for name, given in (("diff", args.diff), ("commit", args.commit), ("all", args.all))
        if given
    ]
    if len(ways) > 1:
        raise InvalidInput(f"{' and '.join(ways)} cannot be reviewed at once")
    if args.all and chosen:
        raise InvalidInput("all is the whole workspace, without paths")
    if args.line and ways:
        raise InvalidInput("a selection is reviewed as it stands, without a diff or commit")
    if args.end_line and not args.line:
        raise InvalidInput("a selection needs its first line", hint="Give `line`.")


async def _targets(call: Call, args: ReviewArgs) -> tuple[Path, tuple[str, ...]]:
    """The workspace's folder and the files or folders below it."""
    named: list[Path] = [path_of(args.uri)] if args.uri else []
    if args.path:
        base = Path(args.root) if args.root else (call.roots[0] if call.roots else Path.cwd())
        named += [base / name for name in args.path]
    if not named:
        return await root_of(call, args.root), ()
    real = [Path(await anyio.Path(path).resolve()) for path in named]
    for path, given in zip(real, named, strict=True):
        if not await anyio.Path(path).exists():
            raise InvalidInput(f"{given} does not exist")
    folder = await root_of(call, args.root, await _common(real))
    relative = [await to_thread.run_sync(_relative, folder, path) for path in real]
    return folder, tuple(dict.fromkeys(relative))


def _relative(folder: Path, path: Path) -> str:
    return "." if path == folder else paths.relative(folder, path)


async def _common(real: list[Path]) -> Path:
    """A place below the folder that holds all of these: the file, or a name in that folder."""
    if len(real) == 1 and not await anyio.Path(real[0]).is_dir():
        return real[0]
    return Path(os.path.commonpath(real)) / "_"


def _show(result: ReviewAnswer) -> str:
    if result.format == "json":
        return msgspec.json.format(msgspec.json.encode(result.findings), indent=2).decode()
    if result.format == "sarif":
        log = sarif(result.findings, Path(result.run.root), VERSION)
        return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()
    if result.format == "markdown":
        return prose.markdown(result.findings, result.what)
    return "\n".join(filter(None, (prose.lines(result.findings), *_summary(result))))


def _summary(result: ReviewAnswer) -> list[str]:
    if not result.what:
        return [text.run_line(result.run)]
    count = len(result.findings)
    said = [f"{counted(count, 'finding')} in {result.what}, {counted(result.files, 'file')}"]
    hidden = (
        (result.dismissed, "dismissed"),
        (result.below, "below the floor"),
        (result.over, "beyond the cap"),
        (result.refuted, "refuted"),
        (result.gone, "of an earlier review gone"),
    )
    said += [f"{number} {word}" for number, word in hidden if number]
    lines = ["; ".join(said)]
    if result.model:
        lines.append(
            f"model {result.model}: {counted(result.hunks, 'hunk')}, "
            f"{result.cached} known from before; cost: {text.cost(result.used)}"
        )
    lines += [f"note: {note}" for note in result.notes]
    if result.run.state is not RunState.SUCCEEDED:
        lines.append(f"the review is {result.run.state}: {result.run.reason}")
    return lines


def _code(result: ReviewAnswer) -> int:
    if result.run.state is RunState.SUCCEEDED:
        return 1 if result.findings else 0
    return text.EXIT_CODES[result.run.state]


COMMANDS = (
    Command(
        "samokoder.review",
        ReviewArgs,
        review,
        "Review a selection, files, uncommitted changes, a branch or a commit.",
        show=_show,
        exit_code=_code,
        positional=("path",),
    ),
)
