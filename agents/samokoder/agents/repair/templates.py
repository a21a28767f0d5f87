"""The prompts of this package, compiled once."""

from functools import cache

from jinja2 import Environment, Template

from samokoder.agents import prompts


@cache
def _environment() -> Environment:
    return prompts.environment("samokoder.agents.repair")


@cache
def template(name: str) -> Template:
    """A compiled template. Blocking the first time."""
    return _environment().get_template(f"{name}.jinja")


def warm() -> None:
    """Compile every prompt, so that the first one costs nothing. Blocking."""
    for name in _environment().list_templates(("jinja",)):
        template(name.removesuffix(".jinja"))
