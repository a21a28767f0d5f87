"""Prompts: templates packaged beside the agent that asks, and the envelope for untrusted text."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def envelope(*parts: str) -> str:
    """Untrusted text between marks it cannot forge."""
    text = "\n\n".join(part.rstrip() for part in parts if part.strip())
    safe = text.replace("<data>", "<data >").replace("</data>", "</data >")
    return f"<data>\n{safe}\n</data>"


def environment(package: str, *, trim: bool = False) -> Environment:
    """The templates in the ``prompts`` folder of a package; a name that is not given is an error.

    ``trim``: lines that hold only a tag leave nothing behind.
    """
    made = Environment(
        loader=PackageLoader(package, "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=trim,
        lstrip_blocks=trim,
        auto_reload=False,
    )
    made.globals["envelope"] = envelope
    return made
