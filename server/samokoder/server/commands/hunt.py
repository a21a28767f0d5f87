"""`samokoder.hunt`: a bug that shows far from where it is."""

from typing import Annotated

from msgspec import Meta

from samokoder.server.commands import fix
from samokoder.server.commands.command import Call, Command
from samokoder.server.commands.shared import RunArgs, Uri

_ALL = ("L0", "L1", "L2", "L3", "L4")


class HuntArgs(RunArgs, frozen=True):
    path: Annotated[str, Meta(description="A file or folder; empty means the workspace.")] = ""
    uri: Uri = ""
    line: Annotated[int, Meta(ge=0, description="A line of the file, from 1.")] = 0
    diagnostic: fix.Diagnostic | None = None
    check: Annotated[str, Meta(description="The failing command line.")] = ""
    text: Annotated[str, Meta(description="A pasted error or stack trace.")] = ""
    direct: Annotated[bool, Meta(description="Hunt at once, without the cheaper rungs.")] = False


async def hunt(call: Call, args: HuntArgs) -> fix.FixAnswer:
    return await fix.fix(
        call,
        fix.FixArgs(
            root=args.root,
            yes=args.yes,
            no_model=args.no_model,
            model=args.model,
            unconfined=args.unconfined,
            wait=args.wait,
            path=args.path,
            uri=args.uri,
            line=args.line,
            diagnostic=args.diagnostic,
            check=args.check,
            text=args.text,
            rungs=_ALL[-1:] if args.direct else _ALL,
        ),
    )


COMMANDS = (
    Command(
        "samokoder.hunt",
        HuntArgs,
        hunt,
        "Hunt a bug: reproduce, suppose, watch it run, fix, prove.",
        show=fix.show_fix,
        exit_code=fix.fix_code,
        positional=("path",),
    ),
)
