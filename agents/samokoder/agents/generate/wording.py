"""The agents' prompts: a folder for each, compiled once. What is stable comes first in each of
them, so that a provider's prompt cache has the beginning of the next one.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from samokoder.agents.repair.templates import envelope


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("samokoder.agents.generate", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["envelope"] = envelope
    return environment


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")


def one(name: str, facts: dict[str, Any]) -> str:
    """One rendered prompt. Blocking the first time."""
    return _template(name).render(facts).strip()


def pair(agent: str, facts: dict[str, Any]) -> tuple[str, str]:
    """The agent's system and user prompts. Blocking the first time."""
    return one(f"{agent}/system", facts), one(f"{agent}/user", facts)
