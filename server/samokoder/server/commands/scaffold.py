"""`samokoder.new`: a small tested start, without a model."""

from typing import Annotated

import msgspec
from msgspec import Meta

from samokoder.agents.runs.order import Order, RunSummary
from samokoder.agents.runs.undoing import Selection
from samokoder.agents.scaffold import catalogue
from samokoder.agents.scaffold.making import NewRequest, NewResult
from samokoder.agents.scaffold.names import names_of
from samokoder.server.commands import consent, text
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, Yes, root_of, waited
from samokoder.state.runs import RunState

WRITE, LEAVE = "Create it untested", "Leave it"


class NewArgs(Args, frozen=True):
    template: Annotated[str, Meta(description="The scaffold; empty lists them.")] = ""
    name: Annotated[str, Meta(description="What the project is called; also its folder.")] = ""
    root: Root = ""
    here: Annotated[bool, Meta(description="Into the workspace's root, not a new folder.")] = False
    yes: Yes = False


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A scaffold there is."""

    name: str
    title: str
    language: str
    summary: str


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was created; without a template, what there is. ``next`` says how to go on."""

    templates: tuple[Start, ...] = ()
    run: RunSummary | None = None
    created: tuple[str, ...] = ()
    written: bool = False
    proven: bool = False
    reason: str = ""
    next: tuple[str, ...] = ()


async def new(call: Call, args: NewArgs) -> NewAnswer:
    if not args.template and not args.name:
        starts = tuple(
            Start(name=t.name, title=t.title, language=t.language, summary=t.summary)
            for t in catalogue.TEMPLATES
        )
        return NewAnswer(templates=starts)
    chosen, names = catalogue.template(args.template), names_of(args.name)
    root = await root_of(call, args.root)
    once = await consent.to_commands(call, root, yes=args.yes)
    folder = "" if args.here else names.title
    request = NewRequest(chosen.name, names.title, folder)
    order = Order(
        kind="new",
        root=str(root),
        title=f"New {chosen.title}: {names.title}",
        params=msgspec.Raw(msgspec.json.encode(request)),
        origin="editor" if call.client else "shell",
        headless=args.yes,
        consent=once,
        allow_model=False,
        flags={"run.approval": "auto"} if args.yes else {},
        client=call.client or "",
    )
    run_id = await call.service.engine.submit(order)
    await waited(call, run_id)
    run, _, stored = await call.service.engine.outcome(run_id)
    if stored is None:
        return NewAnswer(run=run, reason=run.reason)
    result = msgspec.json.decode(stored, type=NewResult)
    written = result.delivered
    if not written and await _wanted(call, args, result):
        taken = await call.service.engine.apply(run_id, Selection(), client=call.client)
        written = bool(taken.changed)
    steps = [chosen.needs, chosen.start.format(package=names.package)]
    return NewAnswer(
        run=run,
        created=result.created,
        written=written,
        proven=result.proven,
        reason=result.reason,
        next=tuple(filter(None, ("" if args.here else f"cd '{names.title}'", *steps))),
    )


async def _wanted(call: Call, args: NewArgs, result: NewResult) -> bool:
    """What could not be tested here is written only on the user's own word."""
    if result.proven:
        return False
    if args.yes:
        return True
    question = f"The scaffold could not be tested here: {result.reason}. Create it?"
    return await call.choose(question, (WRITE, LEAVE)) == WRITE


def _show(result: NewAnswer) -> str:
    if result.templates:
        width = max(len(t.name) for t in result.templates)
        lines = [f"{t.name:<{width}}  {t.title}: {t.summary}" for t in result.templates]
        return "\n".join([*lines, "", "samokoder new TEMPLATE NAME"])
    if not result.created:
        return text.run_line(result.run) if result.run is not None else result.reason
    lines = [("created " if result.written else "proposed ") + path for path in result.created]
    if result.proven:
        lines.append("Its own tests pass.")
    else:
        lines.append(f"Not tested here: {result.reason}")
    if result.written and result.run is not None:
        lines += ["Go on with:", *(f"  {step}" for step in result.next)]
        lines.append(f"Undo with: samokoder run undo {result.run.id}")
    elif result.run is not None:
        lines.append(f"Create it with: samokoder run apply {result.run.id}")
    return "\n".join(lines)


def _code(result: NewAnswer) -> int:
    if result.templates:
        return 0
    if result.run is not None and result.run.state is not RunState.SUCCEEDED:
        return text.EXIT_CODES[result.run.state]
    return 0 if result.written and result.proven else 1


COMMANDS = (
    Command(
        "samokoder.new",
        NewArgs,
        new,
        "Start a project from a small tested scaffold, without a model.",
        show=_show,
        exit_code=_code,
        positional=("template", "name"),
    ),
)
