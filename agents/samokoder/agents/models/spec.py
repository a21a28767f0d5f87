"""A model's name as people write it: ``provider:name``, ``scripted:FILE``, ``embedded``."""

import difflib
from dataclasses import dataclass
from typing import Final

from samokoder.agents.errors import InvalidInput
from samokoder.agents.models.catalogue import CATALOGUE
from samokoder.agents.models.providers import PROVIDERS

SPECIAL: Final = ("embedded", "scripted")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """``name`` may be empty where the provider has a model of its own choice."""

    provider: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}" if self.name else self.provider


def parse(text: str) -> ModelSpec:
    """The model somebody named. Raises InvalidInput with the nearest match."""
    provider, _, name = text.strip().partition(":")
    provider, name = provider.strip().lower(), name.strip()
    if provider == "scripted":
        if not name:
            raise InvalidInput("scripted needs a file: write `scripted:FILE`")
        return ModelSpec(provider, name)
    if provider in CATALOGUE and not name:
        return ModelSpec("embedded", provider)
    if provider in PROVIDERS or provider == "embedded":
        return ModelSpec(provider, name)
    known = (*PROVIDERS, *SPECIAL)
    near = difflib.get_close_matches(provider, known, 1, 0.6)
    if near:
        meant = f"did you mean `{ModelSpec(near[0], name)}`?"
    elif not name:
        meant = f"write it as `provider:{text.strip()}`"
    else:
        meant = "known: " + ", ".join(known)
    raise InvalidInput(f"there is no provider named {provider!r}; {meant}")
