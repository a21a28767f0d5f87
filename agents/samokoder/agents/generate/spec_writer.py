"""The spec writer: from a brief to demands that can be checked, and the questions that matter."""

from msgspec import Struct

from samokoder.agents.generate import asking
from samokoder.agents.generate.project import Project
from samokoder.agents.models.model import Role
from samokoder.agents.runs.context import Run

NAME = "spec_writer"


class Choice(Struct, frozen=True):
    """A question to the user. ``default`` is one of the options."""

    text: str
    options: tuple[str, ...] = ()
    default: str = ""


class Spec(Struct, frozen=True):
    """What the spec writer answers."""

    title: str = ""
    demands: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    questions: tuple[Choice, ...] = ()


async def write(run: Run, project: Project) -> tuple[str, str]:
    """The title and the demands as Markdown, after the user was asked what changes them."""
    most = run.settings.generate.questions
    spec = await asking.ask(
        run,
        Role.PLANNER,
        NAME,
        Spec,
        key="spec",
        max_tokens=2048,
        brief=project.brief,
        existing=project.outline,
        shown=project.shown,
        constraints=project.constraints,
        questions=most,
    )
    lines = [f"- {' '.join(x.split())}" for x in (*spec.demands, *project.constraints)]
    lines += [f"- Assumed: {' '.join(x.split())}" for x in spec.assumptions]
    for number, choice in enumerate(spec.questions[:most]):
        options = tuple(dict.fromkeys(o for o in choice.options if o))
        if not options:
            continue
        default = choice.default if choice.default in options else options[0]
        answer = await run.question(f"spec/{number}", choice.text, options, default)
        lines.append(f"- {' '.join(choice.text.split())} {answer}")
    return spec.title or project.brief[:60], "\n".join(lines)
