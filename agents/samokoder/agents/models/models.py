"""The open models of this process: one per choice and settings, shared by all runs."""

import hashlib
import os
from collections import ChainMap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import anyio

from samokoder.agents.errors import InvalidInput, ModelMissing
from samokoder.agents.models import choice, local, prices, providers, scripted, weights
from samokoder.agents.models.anthropic import AnthropicModel
from samokoder.agents.models.choice import OWN_KEY, Choice
from samokoder.agents.models.embedded import EmbeddedModel
from samokoder.agents.models.gemini import GeminiModel
from samokoder.agents.models.http import Connections, Endpoint, Limits
from samokoder.agents.models.local import LocalServers
from samokoder.agents.models.model import Model, Profile, Role
from samokoder.agents.models.openai import OpenAIModel
from samokoder.agents.models.providers import PROVIDERS
from samokoder.agents.models.spec import ModelSpec
from samokoder.agents.settings import Settings
from samokoder.state.paths import config_dir

Agreed = Callable[[Path, str], Awaitable[bool]]
"""Has the user agreed, for the workspace, that code goes to this provider?"""


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes two models the same; the key itself only as a digest."""

    choice: ModelSpec
    base_url: str
    limits: Limits
    embedded: tuple[int, int, float] = (0, 0, 0)
    parallel: int = 1
    key: str = ""
    changed: int = 0


class OpenModels:
    """Opens models, keeps them, closes them."""

    def __init__(self, agreed: Agreed, environ: Mapping[str, str] | None = None) -> None:
        self._agreed = agreed
        self._held: dict[str, str] = {}
        """Keys an editor handed over, by the variable they stand for; in memory only."""
        given = os.environ if environ is None else environ
        self._environ = ChainMap(self._held, cast("MutableMapping[str, str]", given))
        self._connections = Connections()
        self._local = LocalServers(self._connections)
        self._open: dict[_Key, Model] = {}
        self._lock = anyio.Lock()

    def hold(self, provider: str, key: str) -> None:
        """Keep a provider's key while this process lives; empty: forget it. InvalidInput when
        there is no such provider; ``""`` is the address in ``model.base_url``.
        """
        name = _variable(provider)
        self._held.pop(name, None)
        if key.strip():
            self._held[name] = key.strip()

    def keys(self) -> dict[str, Literal["held", "environment", ""]]:
        """Where each provider's key is, never the key itself."""
        found: dict[str, Literal["held", "environment", ""]] = {}
        for name in ("", *(p.name for p in PROVIDERS.values() if p.keys)):
            variables = PROVIDERS[name].keys if name else (OWN_KEY,)
            held = _variable(name) in self._held
            there = any(self._environ.get(v) for v in variables)
            found[name] = "held" if held else "environment" if there else ""
        return found

    async def choose(self, root: Path, settings: Settings, role: Role = Role.CODER) -> Choice:
        """Which model would answer, and why; opens nothing. Raises InvalidInput, ModelMissing."""

        async def agreed(provider: str) -> bool:
            return await self._agreed(root, provider)

        return await choice.choose(
            root, settings.model, role, agreed=agreed, local=self._local, environ=self._environ
        )

    async def model(self, root: Path, settings: Settings, role: Role) -> Model | None:
        """The model for a role in this workspace; None when none may or can be used.

        Raises InvalidInput or ModelMissing when what the settings name cannot be had.
        """
        chosen = await self.choose(root, settings, role)
        if chosen.spec is None:
            return None
        return await self.open(chosen, settings)

    async def open(self, chosen: Choice, settings: Settings) -> Model:
        """The model of a choice: an open one, or a new one."""
        if chosen.spec is None:
            raise ModelMissing(chosen.reason)
        limits = Limits(settings.model.stall_timeout, settings.model.total_timeout)
        key = _Key(chosen.spec, chosen.base_url, limits)
        if chosen.spec.provider == "embedded":
            e = settings.embedded
            key = replace(key, embedded=(e.context, e.threads, e.idle))
        elif chosen.spec.provider == "scripted":
            key = replace(key, changed=await anyio.to_thread.run_sync(_changed, chosen.spec.name))
        else:
            secret = self._secret(chosen)
            digest = hashlib.sha256(secret.encode()).hexdigest()
            key = replace(key, key=digest, parallel=settings.model.parallel)
        async with self._lock:
            model = self._open.get(key)
            if model is None:
                model = await self._make(chosen, chosen.spec, key, settings)
                self._open[key] = model
            return model

    async def aclose(self) -> None:
        """Close every model, its child processes and every connection."""
        with anyio.CancelScope(shield=True):
            models, self._open = list(self._open.values()), {}
            for model in models:
                await model.aclose()
            await self._connections.aclose()

    async def release(self, name: str) -> None:
        """Stop the embedded model of these weights, so that the file can go."""
        for key, model in list(self._open.items()):
            if key.choice == ModelSpec("embedded", name):
                del self._open[key]
                await model.aclose()

    async def _make(
        self, chosen: Choice, wanted: ModelSpec, key: _Key, settings: Settings
    ) -> Model:
        if wanted.provider == "scripted":
            path = Path(wanted.name)
            return await anyio.to_thread.run_sync(scripted.load, path, key.limits)
        if wanted.provider == "embedded":
            return await self._embedded(wanted.name, key)
        return await self._remote(chosen, wanted, key, settings)

    async def _embedded(self, name: str, key: _Key) -> Model:
        path = await anyio.to_thread.run_sync(weights.path_of, name)
        if path is None:
            raise ModelMissing(f"the weights {name} are not here")
        context, threads, idle = key.embedded
        return EmbeddedModel(
            name,
            path,
            self._connections,
            context=int(context),
            threads=int(threads),
            idle=idle,
            limits=key.limits,
        )

    async def _remote(
        self, chosen: Choice, wanted: ModelSpec, key: _Key, settings: Settings
    ) -> Model:
        provider = PROVIDERS[wanted.provider]
        custom = chosen.base_url != provider.base_url
        secret = self._secret(chosen)
        headers = {provider.key_header: f"{provider.key_prefix}{secret}"} if secret else {}
        if provider.dialect == "anthropic":
            headers["anthropic-version"] = "2023-06-01"
        name = wanted.name
        if not name:
            name = await local.first_model(self._connections, chosen.base_url, headers=headers)
            if not name:
                raise ModelMissing(f"{provider.title} does not answer at {chosen.base_url}")
        called = name
        if provider.name == "yandex" and "://" not in name:
            called = f"gpt://{self._environ.get('YANDEX_FOLDER_ID', '')}/{name}"
        profile = Profile(
            chosen.provider,
            name,
            context=provider.context,
            small=providers.is_small(name),
            remote=chosen.remote,
            honours_limit=not custom,
            parallel=settings.model.parallel,
        )
        endpoint = Endpoint(chosen.provider, chosen.base_url, secret, headers, called)
        if provider.dialect == "anthropic":
            return AnthropicModel(profile, endpoint, self._connections, key.limits)
        if provider.dialect == "gemini":
            return GeminiModel(profile, endpoint, self._connections, key.limits)
        quirks = providers.quirks(provider, name, custom=custom)
        return OpenAIModel(profile, endpoint, self._connections, key.limits, quirks)

    def _secret(self, chosen: Choice) -> str:
        """The key for this address: a provider's own key goes to its own address only."""
        assert chosen.spec is not None
        provider = PROVIDERS[chosen.spec.provider]
        if chosen.base_url == provider.base_url:
            return providers.key_of(provider, self._environ)
        return self._environ.get(OWN_KEY, "").strip()


@asynccontextmanager
async def open_models(
    agreed: Agreed, environ: Mapping[str, str] | None = None
) -> AsyncIterator[OpenModels]:
    """The models of a process; leaving closes them all, child processes too."""
    await anyio.to_thread.run_sync(lambda: prices.load(config_dir()))
    models = OpenModels(agreed, environ)
    try:
        yield models
    finally:
        await models.aclose()


def _variable(provider: str) -> str:
    """The variable a provider's key stands in first."""
    if not provider:
        return OWN_KEY
    known = PROVIDERS.get(provider)
    if known is None or not known.keys:
        names = ", ".join(p.name for p in PROVIDERS.values() if p.keys)
        raise InvalidInput(f"no provider {provider} takes a key", hint=f"Known: {names}.")
    return known.keys[0]


def _changed(path: str) -> int:
    """When a script was last written: an edited script is another model."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0
