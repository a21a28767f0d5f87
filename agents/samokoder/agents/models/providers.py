"""The providers that are known by name: where they listen, which key they take, how they differ.

Addresses, key variables and default models as the providers documented them in 2025; each can be
overridden by naming another model (``provider:name``) or another address (``model.base_url``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from samokoder.agents.models.openai import Quirks

Dialect = Literal["openai", "anthropic", "gemini"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. ``keys`` are environment variables, the first that is set counts."""

    name: str
    title: str
    base_url: str
    dialect: Dialect = "openai"
    keys: tuple[str, ...] = ()
    model: str = ""
    """Used when only the key is there; empty: the provider's own list is asked."""
    context: int = 32768
    quirks: Quirks = field(default_factory=Quirks)
    key_header: str = "authorization"
    key_prefix: str = "Bearer "


OPENAI: Final = Quirks(limit="max_completion_tokens")
OBJECT: Final = Quirks(schema="object", seed="")

PROVIDERS: Final[dict[str, Provider]] = {
    p.name: p
    for p in (
        Provider(
            "anthropic",
            "Anthropic",
            "https://api.anthropic.com/v1",
            dialect="anthropic",
            keys=("ANTHROPIC_API_KEY",),
            model="claude-sonnet-4-5",
            context=200_000,
            key_header="x-api-key",
            key_prefix="",
        ),
        Provider(
            "openai",
            "OpenAI",
            "https://api.openai.com/v1",
            keys=("OPENAI_API_KEY",),
            model="gpt-4.1",
            context=128_000,
            quirks=OPENAI,
        ),
        Provider(
            "gemini",
            "Google Gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            dialect="gemini",
            keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            model="gemini-2.5-flash",
            context=1_000_000,
            key_header="x-goog-api-key",
            key_prefix="",
        ),
        Provider(
            "openrouter",
            "OpenRouter",
            "https://openrouter.ai/api/v1",
            keys=("OPENROUTER_API_KEY",),
            model="qwen/qwen-2.5-coder-32b-instruct",
        ),
        Provider(
            "deepseek",
            "DeepSeek",
            "https://api.deepseek.com/v1",
            keys=("DEEPSEEK_API_KEY",),
            model="deepseek-chat",
            context=64_000,
            quirks=OBJECT,
        ),
        Provider(
            "groq",
            "Groq",
            "https://api.groq.com/openai/v1",
            keys=("GROQ_API_KEY",),
            model="llama-3.3-70b-versatile",
            context=128_000,
            quirks=Quirks(limit="max_completion_tokens", schema="object"),
        ),
        Provider(
            "mistral",
            "Mistral",
            "https://api.mistral.ai/v1",
            keys=("MISTRAL_API_KEY",),
            model="codestral-latest",
            context=128_000,
            quirks=Quirks(usage_option=False, seed="random_seed", prefix=True),
        ),
        Provider(
            "xai",
            "xAI",
            "https://api.x.ai/v1",
            keys=("XAI_API_KEY",),
            model="grok-code-fast-1",
            context=128_000,
        ),
        Provider(
            "together",
            "Together",
            "https://api.together.xyz/v1",
            keys=("TOGETHER_API_KEY",),
            model="Qwen/Qwen2.5-Coder-32B-Instruct",
        ),
        Provider(
            "fireworks",
            "Fireworks",
            "https://api.fireworks.ai/inference/v1",
            keys=("FIREWORKS_API_KEY",),
            model="accounts/fireworks/models/qwen2p5-coder-32b-instruct",
        ),
        Provider(
            "cerebras",
            "Cerebras",
            "https://api.cerebras.ai/v1",
            keys=("CEREBRAS_API_KEY",),
            model="qwen-3-coder-480b",
            quirks=Quirks(limit="max_completion_tokens"),
        ),
        Provider(
            "yandex",
            "YandexGPT",
            "https://llm.api.cloud.yandex.net/v1",
            keys=("YANDEX_API_KEY",),
            model="yandexgpt/latest",
            quirks=Quirks(seed=""),
            key_prefix="Api-Key ",
        ),
        Provider("ollama", "Ollama", "http://127.0.0.1:11434/v1", context=4096),
        Provider("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", context=8192),
        Provider("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", context=8192),
        Provider("vllm", "vLLM", "http://127.0.0.1:8000/v1", keys=("VLLM_API_KEY",)),
    )
}

LOCAL: Final = ("ollama", "llamacpp", "lmstudio")
"""Servers that are looked for on this machine, in this order."""

_REASONING: Final = re.compile(r"(?:o\d|gpt-5)(?!\d)")
_SIZE: Final = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)
_SMALL: Final = 4.0
"""Billions of weights up to which a model is treated as small."""


def quirks(provider: Provider, model: str, *, custom: bool) -> Quirks:
    """The quirks of one model. A custom address gets the common form, not OpenAI's own."""
    if custom:
        return Quirks()
    if provider.name == "openai" and _REASONING.match(model):
        return Quirks(limit="max_completion_tokens", plain=True, seed="")
    return provider.quirks


def is_small(model: str) -> bool:
    """True when the name says a size of at most four billion weights."""
    sizes = [float(size) for size in _SIZE.findall(model)]
    return bool(sizes) and max(sizes) <= _SMALL


def key_of(provider: Provider, environ: Mapping[str, str]) -> str:
    """The provider's key in this environment; empty without one."""
    return next((environ[name].strip() for name in provider.keys if environ.get(name)), "")
