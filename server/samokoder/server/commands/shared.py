"""Arguments and questions several commands have in common."""

from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import anyio
from msgspec import Meta

from samokoder.agents.errors import InvalidInput
from samokoder.server.commands.command import Args, Call

RunId = Annotated[str, Meta(description="The run; empty means the newest of this workspace.")]
Root = Annotated[str, Meta(description="Workspace folder; empty means the current one.")]
Yes = Annotated[bool, Meta(description="Answer questions of trust and approval with yes.")]
NoModel = Annotated[bool, Meta(description="Make no model call.")]
ModelName = Annotated[str, Meta(description="Model to use: provider:name or scripted:FILE.")]
Uri = Annotated[str, Meta(description="Address of a document, as editors name it.")]


class RunArgs(Args, frozen=True):
    """What every command that starts a run takes."""

    root: Root = ""
    yes: Yes = False
    no_model: NoModel = False
    model: ModelName = ""
    unconfined: Annotated[
        bool, Meta(description="Let checks run model-written code without a sandbox.")
    ] = False
    wait: Annotated[bool, Meta(description="Wait for the end of the run.")] = True


def path_of(uri: str) -> Path:
    """The file a ``file:`` address names; InvalidInput for any other address."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise InvalidInput(f"{uri} is not a file", hint="Only files on this machine can be used.")
    text = unquote(parts.path)
    # file:///C:/x names C:/x
    return Path(text[1:] if len(text) > 2 and text[0] == "/" and text[2] == ":" else text)


async def root_of(call: Call, root: str, inside: Path | None = None) -> Path:
    """The workspace folder a command is about: named, around a file, or the caller's first."""
    if root:
        folder = Path(root) if Path(root).is_absolute() else call.roots[0] / root
    elif inside is not None:
        folder = next((r for r in call.roots if inside.is_relative_to(r)), inside.parent)
    elif call.roots:
        folder = call.roots[0]
    else:
        raise InvalidInput("no workspace folder is open", hint="Open a folder, or give `root`.")
    resolved = await anyio.Path(folder).resolve()
    if not await resolved.is_dir():
        raise InvalidInput(f"{folder} is not a folder")
    return Path(resolved)


async def waited(call: Call, run_id: str) -> None:
    """Wait for a run; the user's cancellation of the command cancels the run."""
    try:
        await call.service.engine.ended(run_id, call.say)
    except anyio.get_cancelled_exc_class():
        if call.cancelled_by_user:
            with anyio.CancelScope(shield=True):
                await call.service.engine.cancel(run_id)
        raise
