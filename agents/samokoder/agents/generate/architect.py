"""The architect: files, what each is for and what it gives the others."""

from msgspec import Struct

from samokoder.agents.generate import asking
from samokoder.agents.generate.project import Project
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run

NAME = "architect"


class Part(Struct, frozen=True):
    """One file of the design."""

    path: str
    purpose: str = ""
    gives: tuple[str, ...] = ()


class Design(Struct, frozen=True):
    """What the architect answers."""

    overview: str = ""
    stack: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    scaffold: str = ""
    """A start to build on, in an empty workspace."""


async def design(run: Run, project: Project, demands: str, *, scaffolds: str) -> Design:
    """How what is demanded is built."""
    return await asking.ask(
        run,
        Role.PLANNER,
        NAME,
        Design,
        key="design",
        brief=project.brief,
        demands=demands,
        existing=project.outline,
        shown=project.shown,
        guides=project.guides,
        scaffolds=scaffolds,
    )


def markdown(found: Design) -> str:
    """The design as the plan shows it and every developer reads it."""
    lines = [found.overview.strip()] if found.overview.strip() else []
    if found.stack:
        lines += ["", f"Built with {', '.join(found.stack)}."]
    if found.parts:
        lines.append("")
    for part in found.parts:
        gives = "; ".join(f"`{x}`" for x in part.gives)
        lines.append(f"- `{part.path}`: {part.purpose}" + (f" Gives {gives}" if gives else ""))
    return "\n".join(lines).strip()
