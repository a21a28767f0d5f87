"""`samokoder.model.*`: which model answers, the embedded one's weights, keys held in memory."""

from pathlib import Path
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta

from samokoder.agents.errors import InvalidInput, NotTrusted
from samokoder.agents.models import catalogue, pull, weights
from samokoder.agents.models.model import Role
from samokoder.agents.models.providers import PROVIDERS
from samokoder.agents.models.source import Progress
from samokoder.agents.settings import Settings
from samokoder.server.commands.command import Args, Call, Command, NoArgs
from samokoder.server.commands.shared import Root, Yes, root_of
from samokoder.state.errors import SamokoderError

Name = Annotated[str, Meta(description="Name of the weights; empty means the default.")]


class NameArgs(Args, frozen=True):
    name: Name = ""


class PullArgs(Args, frozen=True):
    name: Name = ""
    path: Annotated[str, Meta(description="A GGUF file of your own instead of a download.")] = ""
    yes: Yes = False


class KeyArgs(Args, frozen=True):
    provider: Annotated[
        str, Meta(description="Whose key; empty means the address in model.base_url.")
    ] = ""
    key: Annotated[str, Meta(description="The key; it is never written anywhere.")] = ""
    forget: Annotated[bool, Meta(description="Forget the key that was handed over.")] = False


class StatusArgs(Args, frozen=True):
    root: Root = ""


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """Which model answers for a role; ``waiting`` is a provider that needs your consent first."""

    role: str
    model: str
    provider: str = ""
    remote: bool = False
    reason: str = ""
    waiting: str = ""


class ModelStatus(msgspec.Struct, frozen=True):
    """The models of a workspace by role."""

    roles: tuple[Answering, ...]


class Key(msgspec.Struct, frozen=True):
    """``where`` is held (in this process), environment, or empty."""

    provider: str
    title: str
    where: str


class Keys(msgspec.Struct, frozen=True):
    """Whose keys are here; never the keys themselves."""

    keys: tuple[Key, ...]


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


async def key(call: Call, args: KeyArgs) -> Keys:
    models = call.service.models
    if args.key or args.forget:
        models.hold(args.provider, "" if args.forget else args.key)
    elif args.provider:
        raise InvalidInput("which key?", hint="Give `key`, or `forget`.")
    titles = {p.name: p.title for p in PROVIDERS.values()}
    return Keys(
        tuple(
            Key(name, titles.get(name, "model.base_url"), where)
            for name, where in models.keys().items()
        )
    )


async def status(call: Call, args: StatusArgs) -> ModelStatus:
    root = await root_of(call, args.root)
    settings = (await call.service.configuration(root, client=call.client)).settings
    return ModelStatus(tuple([await _answering(call, root, settings, role) for role in Role]))


async def _answering(call: Call, root: Path, settings: Settings, role: Role) -> Answering:
    try:
        chosen = await call.service.models.choose(root, settings, role)
    except SamokoderError as error:
        return Answering(role=role.value, model="", reason=str(error))
    spec = chosen.spec
    return Answering(
        role=role.value,
        model=f"{spec.provider}:{spec.name}" if spec is not None else "",
        provider=chosen.provider,
        remote=chosen.remote,
        reason=chosen.reason,
        waiting=chosen.waiting,
    )


def _show_status(result: ModelStatus) -> str:
    return "\n".join(
        f"{one.role:<9} {one.model or 'none'}: {one.reason}"
        + (f" ({one.waiting} waits for your consent)" if one.waiting else "")
        for one in result.roles
    )


def _show_keys(result: Keys) -> str:
    return "\n".join(f"{k.title:<24} {k.where or 'none'}" for k in result.keys)


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
        "samokoder.model.status",
        StatusArgs,
        status,
        "Show which model answers for which role, and why.",
        show=_show_status,
        positional=("root",),
    ),
    Command(
        "samokoder.model.key",
        KeyArgs,
        key,
        "Show whose keys are here, or hand one to this process, in memory only.",
        show=_show_keys,
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
