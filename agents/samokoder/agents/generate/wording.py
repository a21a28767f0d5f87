"""The agents' prompts: a folder for each, compiled once. What is stable comes first in each of
them, so that a provider's prompt cache has the beginning of the next one.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, Template

from samokoder.agents import prompts


@cache
def _environment() -> Environment:
    return prompts.environment("samokoder.agents.generate", trim=True)


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")


def one(name: str, facts: dict[str, Any]) -> str:
    """One rendered prompt. Blocking the first time."""
    return _template(name).render(facts).strip()


def pair(agent: str, facts: dict[str, Any]) -> tuple[str, str]:
    """The agent's system and user prompts. Blocking the first time."""
    return one(f"{agent}/system", facts), one(f"{agent}/user", facts)
