"""The prompts of this package, compiled once; text from outside goes into marked envelopes."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from samokoder.agents.repair.templates import envelope


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("samokoder.agents.review", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
        auto_reload=False,
    )
    environment.globals["envelope"] = envelope
    return environment


@cache
def template(name: str) -> Template:
    """A compiled template. Blocking the first time."""
    return _environment().get_template(f"{name}.jinja")


def warm() -> None:
    """Compile every prompt, so that the first one costs nothing. Blocking."""
    for name in _environment().list_templates():
        _environment().get_template(name)
