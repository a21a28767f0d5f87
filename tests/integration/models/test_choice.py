"""Which model answers: settings, keys with consent, local servers, embedded, else the reason."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from model_bench import asked, hear

from samokoder.agents.errors import InvalidInput, ModelMissing
from samokoder.agents.models import local, providers, weights
from samokoder.agents.models.model import Role
from samokoder.agents.models.models import OpenModels, open_models
from samokoder.agents.models.script import Script
from samokoder.agents.models.scripted_server import ScriptedServer, serve
from samokoder.agents.models.spec import ModelSpec, parse
from samokoder.agents.settings import ModelSettings, Settings

ROOT = Path("/nowhere")


def _settings(**model: Any) -> Settings:
    return Settings(model=ModelSettings(**model))


class Consent:
    """Who has been agreed to."""

    def __init__(self, *providers: str) -> None:
        self.providers = providers
        self.asked: list[str] = []

    async def __call__(self, root: Path, provider: str) -> bool:
        self.asked.append(provider)
        return provider in self.providers


@pytest.fixture
async def stack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncExitStack]:
    """No local server is found unless a test starts one."""
    for name in providers.LOCAL:
        silent = replace(providers.PROVIDERS[name], base_url="http://127.0.0.1:9/v1")
        monkeypatch.setitem(providers.PROVIDERS, name, silent)
    async with AsyncExitStack() as exits:
        yield exits


async def _models(stack: AsyncExitStack, consent: Consent, **environ: str) -> OpenModels:
    return await stack.enter_async_context(open_models(consent, environ))


async def _server(stack: AsyncExitStack, *rules: dict[str, Any]) -> ScriptedServer:
    script = msgspec.convert({"rules": list(rules)}, Script)
    return await stack.enter_async_context(serve(script))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("openai:gpt-4.1", ModelSpec("openai", "gpt-4.1")),
        ("ollama:qwen2.5-coder:7b", ModelSpec("ollama", "qwen2.5-coder:7b")),
        (" Anthropic ", ModelSpec("anthropic")),
        ("scripted:/a/b.json", ModelSpec("scripted", "/a/b.json")),
        ("scripted:C:\\x.json", ModelSpec("scripted", "C:\\x.json")),
        ("embedded", ModelSpec("embedded")),
        ("smollm2-135m", ModelSpec("embedded", "smollm2-135m")),
    ],
)
def test_names_of_models(text: str, spec: ModelSpec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("antropic:claude", "anthropic:claude"),
        ("olama:x", "ollama:x"),
        ("gpt-4.1", "provider:gpt-4.1"),
        ("zzz:x", "known: "),
        ("scripted", "scripted:FILE"),
        ("", "provider:"),
    ],
)
def test_names_that_are_none(text: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=hint):
        parse(text)


async def test_nothing_there(stack: AsyncExitStack) -> None:
    models = await _models(stack, Consent())
    assert await models.model(ROOT, Settings(), Role.CODER) is None
    assert "no weights" in (await models.choose(ROOT, Settings())).reason


async def test_settings_win_and_roles_fall_back(stack: AsyncExitStack, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(f'{{"rules": [{{"answer": "{name}"}}]}}')
    models = await _models(stack, Consent("anthropic"), ANTHROPIC_API_KEY="k")
    settings = _settings(coder=f"scripted:{tmp_path}/a.json", reviewer="scripted:b.json")
    said = {}
    for role in Role:
        model = await models.model(tmp_path, settings, role)
        assert model is not None
        said[role.value] = (await hear(model)).text
    assert said == {"coder": "a", "reviewer": "b", "planner": "a", "small": "a"}
    first = await models.model(tmp_path, settings, Role.CODER)
    assert first is await models.model(tmp_path, settings, Role.PLANNER), "opened once"
    os.utime(tmp_path / "a.json", (1, 1))
    assert first is not await models.model(tmp_path, settings, Role.CODER), "an edited script"


async def test_a_key_counts_only_with_consent(stack: AsyncExitStack) -> None:
    keys = {"OPENAI_API_KEY": "k1", "ANTHROPIC_API_KEY": "k2"}
    none = Consent()
    choice = await (await _models(stack, none, **keys)).choose(ROOT, Settings())
    assert (choice.spec, choice.waiting) == (None, "anthropic")
    assert none.asked == ["anthropic", "openai"]
    assert "waits for your consent" in choice.reason
    models = await _models(stack, Consent("openai"), **keys)
    model = await models.model(ROOT, Settings(), Role.CODER)
    assert model is not None and model.profile.provider == "openai" and model.profile.remote


async def test_a_remote_model_of_the_settings_needs_consent_too(stack: AsyncExitStack) -> None:
    models = await _models(stack, Consent(), MISTRAL_API_KEY="k")
    choice = await models.choose(ROOT, _settings(coder="mistral"))
    assert (choice.spec, choice.waiting) == (None, "mistral")
    models = await _models(stack, Consent("mistral"), MISTRAL_API_KEY="k")
    choice = await models.choose(ROOT, _settings(coder="mistral"))
    assert choice.spec == ModelSpec("mistral", "codestral-latest")


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"coder": "anthropic:x"}, ModelMissing, "ANTHROPIC_API_KEY"),
        ({"coder": "embedded"}, ModelMissing, "qwen2.5-coder-1.5b are not here"),
        ({"coder": "embedded:qwen2.5-coder"}, InvalidInput, "did you mean qwen2.5-coder-1.5b"),
        ({"coder": "scripted:none.json"}, InvalidInput, "cannot be read"),
        ({"coder": "openai:x", "base_url": "ftp://h/v1"}, InvalidInput, "not an http address"),
        ({"coder": "openai:x", "base_url": "http://api.example.org"}, InvalidInput, "https"),
    ],
)
async def test_what_the_settings_name_and_cannot_be(
    stack: AsyncExitStack, settings: Any, error: Any, words: str
) -> None:
    models = await _models(stack, Consent("anthropic"))
    with pytest.raises(error, match=words):
        await models.model(ROOT, _settings(**settings), Role.CODER)


async def test_another_address_gets_its_own_consent_and_never_the_providers_key(
    stack: AsyncExitStack,
) -> None:
    consent = Consent("openai")
    models = await _models(stack, consent, OPENAI_API_KEY="k")
    away = _settings(coder="openai:m", base_url="https://gateway.example.org/v1")
    choice = await models.choose(ROOT, away)
    assert choice.spec is None and consent.asked[-1] == "gateway.example.org"
    server = await _server(stack, {"answer": "local"})
    here = _settings(coder="openai:m-3b", base_url=f"{server.url}/v1")
    model = await models.model(ROOT, here, Role.CODER)
    assert model is not None
    assert (await hear(model)).text == "local"
    assert not model.profile.remote and model.profile.small
    assert "k" not in repr(vars(model)["_endpoint"].headers).replace("'", "")


async def test_local_servers_are_found(
    stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    exits = await stack.enter_async_context(AsyncExitStack())
    server = await _server(exits, {"answer": "from llama"})
    found = replace(providers.PROVIDERS["llamacpp"], base_url=f"{server.url}/v1")
    monkeypatch.setitem(providers.PROVIDERS, "llamacpp", found)
    monkeypatch.setattr(local, "PATIENCE", 2.0)
    models = await _models(stack, Consent())
    model = await models.model(ROOT, Settings(), Role.CODER)
    assert model is not None and model.profile.id == "llamacpp:scripted"
    assert (await hear(model, asked())).text == "from llama"
    await exits.aclose()
    assert (await models.choose(ROOT, Settings())).spec is not None, "remembered for a while"
    monkeypatch.setattr(local, "FRESH", 0)
    assert (await (await _models(stack, Consent())).choose(ROOT, Settings())).spec is None


async def test_looking_for_local_servers_is_quick(
    stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    mute = replace(providers.PROVIDERS["ollama"], base_url=f"http://127.0.0.1:{port}/v1")
    monkeypatch.setitem(providers.PROVIDERS, "ollama", mute)
    models = await _models(stack, Consent())
    await models.choose(ROOT, Settings())
    monkeypatch.setattr(local, "FRESH", 0)
    models = await _models(stack, Consent())
    begun = anyio.current_time()
    assert (await models.choose(ROOT, Settings())).spec is None
    assert anyio.current_time() - begun < 0.15 + 0.5
    await listener.aclose()


async def test_the_embedded_model_is_last(stack: AsyncExitStack, tmp_path: Path) -> None:
    def install() -> None:
        file = tmp_path / "w"
        file.write_bytes(b"GGUF")
        weights.adopt(file, "qwen2.5-coder-1.5b", "-")

    await anyio.to_thread.run_sync(install)
    models = await _models(stack, Consent(), OPENAI_API_KEY="k")
    model = await models.model(ROOT, Settings(), Role.CODER)
    assert model is not None
    profile = model.profile
    assert (profile.id, profile.small, profile.remote) == (
        "embedded:qwen2.5-coder-1.5b",
        True,
        False,
    )
    assert profile.context == 8192
    await models.release("qwen2.5-coder-1.5b")
