"""What tokens cost, as far as it is known: dated, overridable, and honest about what is not.

US dollars per million tokens, from the providers' public price pages; ``DATE`` is when the table
was put together. A ``prices.toml`` in the configuration folder adds to it and overrides it:

    ["openai:gpt-4.1"]
    input = 2.0
    output = 8.0
    cached = 0.5
"""

import math
import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.model import Profile, Usage

DATE: Final = "2025-10"
SOURCE: Final = "the providers' public price pages"
FILE: Final = "prices.toml"

Dollars = Annotated[float, Meta(ge=0)]


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens. ``cached``: of the prompt's tokens that a cache had."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None


_FREE: Final = Price(0, 0, 0)
_LOCAL: Final = frozenset({"embedded", "scripted", "ollama", "llamacpp", "lmstudio", "vllm"})

TABLE: Final[dict[str, Price]] = {
    "anthropic:claude-opus-4-1": Price(15, 75, 1.5),
    "anthropic:claude-sonnet-4-5": Price(3, 15, 0.3),
    "anthropic:claude-sonnet-4": Price(3, 15, 0.3),
    "anthropic:claude-haiku-4-5": Price(1, 5, 0.1),
    "anthropic:claude-3-5-haiku": Price(0.8, 4, 0.08),
    "openai:gpt-5": Price(1.25, 10, 0.125),
    "openai:gpt-5-mini": Price(0.25, 2, 0.025),
    "openai:gpt-5-nano": Price(0.05, 0.4, 0.005),
    "openai:gpt-4.1": Price(2, 8, 0.5),
    "openai:gpt-4.1-mini": Price(0.4, 1.6, 0.1),
    "openai:gpt-4.1-nano": Price(0.1, 0.4, 0.025),
    "openai:gpt-4o": Price(2.5, 10, 1.25),
    "openai:gpt-4o-mini": Price(0.15, 0.6, 0.075),
    "openai:o3": Price(2, 8, 0.5),
    "openai:o4-mini": Price(1.1, 4.4, 0.275),
    "gemini:gemini-2.5-flash": Price(0.3, 2.5, 0.075),
    "gemini:gemini-2.5-flash-lite": Price(0.1, 0.4, 0.025),
    "gemini:gemini-2.0-flash": Price(0.1, 0.4, 0.025),
    "deepseek:deepseek-chat": Price(0.28, 0.42, 0.028),
    "deepseek:deepseek-reasoner": Price(0.28, 0.42, 0.028),
    "groq:llama-3.3-70b-versatile": Price(0.59, 0.79),
    "groq:llama-3.1-8b-instant": Price(0.05, 0.08),
    "mistral:codestral-latest": Price(0.3, 0.9),
    "mistral:mistral-small-latest": Price(0.1, 0.3),
    "mistral:mistral-medium-latest": Price(0.4, 2),
    "xai:grok-code-fast-1": Price(0.2, 1.5, 0.02),
}

_DATED: Final = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)\Z")

_own: dict[str, Price] = {}


def price(profile: Profile) -> Price | None:
    """The price of a model; None when it is not known. What runs on this machine is free.

    A dated name (``claude-sonnet-4-5-20250929``) has the price of its family.
    """
    name = profile.id
    for table in (_own, TABLE):
        if name in table:
            return table[name]
        family = _DATED.sub("", name)
        if family != name and family in table:
            return table[family]
    if profile.provider in _LOCAL and not profile.remote:
        return _FREE
    return None


def micros(profile: Profile, usage: Usage) -> int | None:
    """What a call cost in millionths of a dollar, rounded up; None when the price is unknown."""
    found = price(profile)
    if found is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    hit = found.input if found.cached is None else found.cached
    fresh = usage.input_tokens - cached
    dollars = fresh * found.input + cached * hit + usage.output_tokens * found.output
    return math.ceil(round(dollars, 6))


def load(folder: Path) -> None:
    """Take the user's own prices from now on. Reads a file. Raises InvalidInput."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror})") from error
    try:
        own = msgspec.toml.decode(data, type=dict[str, Price])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not a price table: {error}") from error
    _own.clear()
    _own.update(own)
