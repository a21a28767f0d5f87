"""Prompts: packaged templates, compiled once; text from outside goes into marked envelopes."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def envelope(*parts: str) -> str:
    """Untrusted text between marks it cannot forge."""
    text = "\n\n".join(part.rstrip() for part in parts if part.strip())
    safe = text.replace("<data>", "<data >").replace("</data>", "</data >")
    return f"<data>\n{safe}\n</data>"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("samokoder.agents.repair", "prompts"),
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
    for name in _environment().list_templates(("jinja",)):
        template(name.removesuffix(".jinja"))
