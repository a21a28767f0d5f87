"""Consent: what may run or leave the machine is asked once for a workspace and remembered."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from samokoder.agents.errors import NotTrusted
from samokoder.server.answers import ALWAYS, NO, ONCE
from samokoder.server.commands.command import Args, Call, Command
from samokoder.server.commands.shared import Root, root_of
from samokoder.state import trusts, workspaces

Subject = Literal["commands", "provider", "network"]


async def to_commands(call: Call, root: Path, *, yes: bool, purpose: str = "") -> bool:
    """Consent to running the project's own commands; True when it is for this once only.

    ``purpose`` completes "Samokoder wants to …"; empty means its checks. NotTrusted when it was
    refused, or when nobody can be asked.
    """
    if await call.service.trusted(root, "commands"):
        return False
    if yes:
        return True
    answer = await call.choose(
        f"Samokoder wants to {purpose or f'run the checks of {root.name} (tests, linters)'}. "
        "They are programs of this project. Allow it?",
        (ALWAYS, ONCE, NO),
    )
    if answer == ALWAYS:
        await call.service.trust(root, "commands")
        return False
    if answer == ONCE:
        return True
    refused = "you said no" if answer == NO else "nobody could be asked"
    raise NotTrusted(
        f"the commands of {root.name} may not run ({refused})",
        hint="Answer the question in the editor, run `samokoder trust`, or pass --yes.",
    )


async def to_network(call: Call, root: Path, what: str, *, yes: bool) -> bool:
    """Consent to using the network for an installation; remembered when it is for always."""
    if yes or await call.service.trusted(root, "network"):
        return True
    answer = await call.choose(
        f"{what} needs the network (public hosts only). The program itself will not have it. "
        "Allow it?",
        (ALWAYS, ONCE, NO),
    )
    if answer == ALWAYS:
        await call.service.trust(root, "network")
    return answer in (ALWAYS, ONCE)


async def to_provider(call: Call, root: Path, *, named: str) -> None:
    """Ask whether code may go to the remote provider that could serve; remembered when agreed.

    ``named`` is the model the user asked for just now; without an answer the local ones serve.
    """
    flags = {"model.coder": named} if named else {}
    loaded = await call.service.configuration(root, client=call.client, flags=flags)
    provider = (await call.service.models.choose(root, loaded.settings)).waiting
    if not provider:
        return
    answer = await call.choose(
        f"{provider} could write the fix. Code of {root.name} would be sent there. Allow it?",
        (ALWAYS, NO),
    )
    if answer == ALWAYS:
        await call.service.trust(root, "provider", provider)
    elif named:
        raise NotTrusted(
            f"code of {root.name} may not be sent to {provider}",
            hint=f"Agree once with `samokoder trust --kind provider --subject {provider}`.",
        )


class TrustArgs(Args, frozen=True):
    root: Root = ""
    kind: Annotated[
        Subject,
        Meta(description="What to trust: commands, a provider, or the network to install."),
    ] = "commands"
    subject: Annotated[str, Meta(description="The provider, for kind `provider`.")] = ""
    revoke: Annotated[bool, Meta(description="Take the consent back.")] = False
    list: Annotated[bool, Meta(description="Only list what is trusted.")] = False


class Consent(msgspec.Struct, frozen=True):
    """One consent in force; ``granted`` is seconds since the epoch."""

    kind: str
    subject: str
    granted: float


class Trusted(msgspec.Struct, frozen=True):
    """What the user has agreed to in a workspace."""

    root: str
    consents: tuple[Consent, ...]


async def trust(call: Call, args: TrustArgs) -> Trusted:
    root = await root_of(call, args.root)
    service = call.service
    if args.revoke:
        await service.untrust(root, args.kind, args.subject if args.subject else None)
    elif not args.list:
        await service.trust(root, args.kind, args.subject)
    async with service.db.reading() as s:
        found = await workspaces.find(s, str(root))
        held = await trusts.listing(s, found.id) if found is not None else ()
    consents = tuple(
        Consent(t.kind, t.subject, t.granted_at / 1000) for t in held if t.revoked_at is None
    )
    return Trusted(str(root), consents)


def _show(result: Trusted) -> str:
    if not result.consents:
        return f"Nothing is trusted in {result.root}."
    lines = [f"Trusted in {result.root}:"]
    lines += [f"  {c.kind} {c.subject}".rstrip() for c in result.consents]
    return "\n".join(lines)


COMMANDS = (
    Command(
        "samokoder.trust",
        TrustArgs,
        trust,
        "Trust a workspace's commands or a model provider, or take that back.",
        show=_show,
        positional=("root",),
    ),
)
