"""`samokoder.model.*`: the embedded model's weights."""

from pathlib import Path
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta

from samokoder.agents.errors import InvalidInput, NotTrusted
from samokoder.agents.models import catalogue, pull, weights
from samokoder.agents.models.source import Progress
from samokoder.server.commands.command import Args, Call, Command, NoArgs
from samokoder.server.commands.shared import Yes

Name = Annotated[str, Meta(description="Name of the weights; empty means the default.")]


class NameArgs(Args, frozen=True):
    name: Name = ""


class PullArgs(Args, frozen=True):
    name: Name = ""
    path: Annotated[str, Meta(description="A GGUF file of your own instead of a download.")] = ""
    yes: Yes = False


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list; ``size`` in bytes, ``partial`` what is here of an unfinished pull."""

    name: str
    title: str
    licence: str
    size: int
    installed: bool
    default: bool
    partial: int = 0
    path: str = ""


class Models(msgspec.Struct, frozen=True):
    """Weights that are here or can be had."""

    models: tuple[Weights, ...]


class Done(msgspec.Struct, frozen=True):
    """What was done."""

    message: str
    path: str = ""


async def list_models(call: Call, args: NoArgs) -> Models:
    found = await run_sync(weights.listing)
    return Models(
        tuple(
            Weights(
                name=w.name,
                title=w.title,
                licence=w.licence,
                size=w.size,
                installed=w.path is not None,
                default=w.used or (w.path is None and w.name == catalogue.DEFAULT),
                partial=w.partial,
                path=str(w.path or ""),
            )
            for w in found
        )
    )


async def pull_model(call: Call, args: PullArgs) -> Done:
    name = args.name or catalogue.DEFAULT
    wanted = None if args.path else catalogue.find(name)
    if wanted is not None and await run_sync(weights.path_of, name) is None and not args.yes:
        question = f"Pull {wanted.title} ({wanted.size / 1e9:.2f} GB, {wanted.licence})?"
        if await call.choose(question, ("Pull", "No")) != "Pull":
            raise NotTrusted("nothing was pulled", hint="Pass --yes to agree to the download.")

    async def told(progress: Progress) -> None:
        percent = progress.done * 100 // max(1, progress.total)
        verb = "Checking" if progress.source == "check" else "Pulling"
        size = f"{progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB"
        await call.say(f"{verb} {name}: {size}", percent)

    path = await pull.pull(name, told, path=Path(args.path) if args.path else None)
    return Done(f"{name} is here and verified.", str(path))


async def use(call: Call, args: NameArgs) -> Done:
    name = args.name or catalogue.DEFAULT
    path = await run_sync(weights.use, name)
    return Done(f"The embedded model uses {name} from its next start on.", str(path))


async def remove(call: Call, args: NameArgs) -> Done:
    if not args.name:
        raise InvalidInput("which weights?", hint="`samokoder model list` names them.")
    freed = await run_sync(weights.remove, args.name)
    return Done(f"{args.name} is removed, {freed / 1e6:.0f} MB are free again.")


def _show(result: Models) -> str:
    lines = []
    for w in result.models:
        state = "here" if w.installed else "not here"
        if w.partial:
            state = f"{w.partial * 100 // max(1, w.size)} % here"
        mark = "*" if w.default else " "
        lines.append(f"{mark} {w.name:<22} {w.size / 1e9:6.2f} GB  {w.licence:<12} {state}")
    return "\n".join(lines)


COMMANDS = (
    Command(
        "samokoder.model.list",
        NoArgs,
        list_models,
        "List the weights of the embedded model.",
        show=_show,
        bare=True,
    ),
    Command(
        "samokoder.model.pull",
        PullArgs,
        pull_model,
        "Bring weights of the embedded model here and verify them.",
        show=lambda result: str(result.message),
        positional=("name",),
        bare=True,
    ),
    Command(
        "samokoder.model.use",
        NameArgs,
        use,
        "Choose the weights the embedded model uses.",
        show=lambda result: str(result.message),
        positional=("name",),
        bare=True,
    ),
    Command(
        "samokoder.model.remove",
        NameArgs,
        remove,
        "Delete weights of the embedded model.",
        show=lambda result: str(result.message),
        positional=("name",),
        bare=True,
    ),
)
