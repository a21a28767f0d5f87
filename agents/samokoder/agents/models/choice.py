"""Which model answers for a role, and why: settings, then keys, then local servers, then embedded.

A remote provider is chosen only where the user has agreed to it for this workspace.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from samokoder.agents.errors import InvalidInput, ModelMissing
from samokoder.agents.models import catalogue, spec, weights
from samokoder.agents.models.addresses import is_loopback, is_near
from samokoder.agents.models.local import LocalServers
from samokoder.agents.models.model import Role
from samokoder.agents.models.providers import PROVIDERS, Provider, key_of
from samokoder.agents.models.spec import ModelSpec
from samokoder.agents.settings import ModelSettings

Agreed = Callable[[str], Awaitable[bool]]
"""Has the user agreed that code goes to this provider?"""

OWN_KEY = "SAMOKODER_API_KEY"
"""Key for the address in ``model.base_url``. A provider's own key is never sent elsewhere."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to open, or why there is none. ``reason`` is for people either way.

    ``provider`` is whom code is sent to: the name that is agreed to and that the ledger shows.
    """

    spec: ModelSpec | None
    reason: str
    provider: str = ""
    base_url: str = ""
    remote: bool = False
    waiting: str = ""
    """A remote provider that could serve if the user agreed."""


def wish(settings: ModelSettings, role: Role) -> str:
    """What the settings say for a role; an empty one falls back to the coder's."""
    named: str = getattr(settings, role.value)
    return named or settings.coder


async def choose(
    root: Path,
    settings: ModelSettings,
    role: Role,
    *,
    agreed: Agreed,
    local: LocalServers,
    environ: Mapping[str, str] | None = None,
) -> Choice:
    """See the module. Raises InvalidInput or ModelMissing when what the settings name cannot be."""
    environ = os.environ if environ is None else environ
    waiting: list[str] = []
    wanted = wish(settings, role)
    if wanted:
        choice = await _named(root, spec.parse(wanted), settings, environ, "the settings say so")
        if not choice.remote or await agreed(choice.provider):
            return choice
        waiting.append(choice.provider)
    else:
        for provider in PROVIDERS.values():
            if not key_of(provider, environ) or not provider.model:
                continue
            if await agreed(provider.name):
                found = ModelSpec(provider.name, provider.model)
                reason = f"a key for {provider.title} is in the environment"
                return await _named(root, found, settings, environ, reason)
            waiting.append(provider.name)
    note = f"; {waiting[0]} waits for your consent" if waiting else ""
    first = waiting[0] if waiting else ""
    for found in await local.find():
        base = PROVIDERS[found.provider].base_url
        reason = f"{PROVIDERS[found.provider].title} runs on this machine{note}"
        return Choice(found, reason, found.provider, base, waiting=first)
    name = await anyio.to_thread.run_sync(weights.chosen)
    if await anyio.to_thread.run_sync(weights.path_of, name) is not None:
        reason = f"the embedded model is here{note}"
        return Choice(ModelSpec("embedded", name), reason, "embedded", waiting=first)
    return Choice(
        None,
        f"no model is configured, no local server runs, and no weights are here{note}",
        waiting=first,
    )


async def _named(
    root: Path,
    wanted: ModelSpec,
    settings: ModelSettings,
    environ: Mapping[str, str],
    reason: str,
) -> Choice:
    if wanted.provider == "scripted":
        path = os.path.join(root, wanted.name)
        return Choice(ModelSpec("scripted", path), reason, "scripted")
    if wanted.provider == "embedded":
        name = wanted.name or await anyio.to_thread.run_sync(weights.chosen)
        if await anyio.to_thread.run_sync(weights.path_of, name) is None:
            if name not in catalogue.CATALOGUE:
                catalogue.find(name)
            raise ModelMissing(f"the weights {name} are not here")
        return Choice(ModelSpec("embedded", name), reason, "embedded")
    provider = PROVIDERS[wanted.provider]
    base = settings.base_url if provider.name == "openai" else ""
    base = base or provider.base_url
    remote = not is_loopback(base)
    whom = provider.name
    if base != provider.base_url:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"model.base_url is not an http address: {base}")
        if parts.scheme != "https" and not is_near(base):
            raise InvalidInput(f"model.base_url must begin with https for {parts.hostname}")
        whom = parts.netloc.rpartition("@")[2]
    elif remote and not key_of(provider, environ):
        names = " or ".join(provider.keys)
        raise ModelMissing(f"{provider.title} needs a key", hint=f"Set {names}.")
    return Choice(_complete(wanted, provider), reason, whom, base, remote)


def _complete(wanted: ModelSpec, provider: Provider) -> ModelSpec:
    if wanted.name or is_loopback(provider.base_url):
        return wanted
    return ModelSpec(provider.name, provider.model)
