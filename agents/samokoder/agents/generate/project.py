"""What every agent of a run is told about the project, put together once."""

from dataclasses import dataclass

from samokoder.agents.context import repomap
from samokoder.agents.generate import document
from samokoder.agents.generate.request import GenerateRequest
from samokoder.agents.models.model import Profile, Role
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace import paths
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

_MAP = 2000
"""Tokens of the repository map."""
_SMALL_MAP = 600
_SHOWN = 8000
"""Characters of the files the user points at."""
_GUIDES = 3000


@dataclass(frozen=True, slots=True)
class Project:
    """``outline`` is empty for an empty workspace; ``earlier`` and ``feedback`` belong to a
    follow-up; ``small`` says that the developer is a small model.
    """

    brief: str
    outline: str = ""
    shown: str = ""
    guides: str = ""
    constraints: tuple[str, ...] = ()
    earlier: str = ""
    feedback: str = ""
    small: bool = False


async def gather(run: Run, request: GenerateRequest) -> Project:
    """Look around in the run's snapshot; no model is asked."""
    profile = await run.profile(Role.CODER)
    small = profile is not None and profile.small
    snapshot = run.snapshot
    seeds = (*request.files, *_words(request.brief or request.feedback))
    there = [p for p in request.files if p in snapshot.files]
    shown = [f"{p}\n{await text_of(snapshot, p)}" for p in there]
    if request.selection:
        shown.append(request.selection)
    earlier = request.earlier
    return Project(
        brief=request.brief or (earlier.brief if earlier is not None else ""),
        outline=await outline(snapshot, seeds, _SMALL_MAP if small else _MAP),
        shown="\n\n".join(shown)[:_SHOWN],
        guides=await _guides(snapshot),
        constraints=request.constraints,
        earlier=earlier.text if earlier is not None else "",
        feedback=request.feedback,
        small=small,
    )


async def outline(snapshot: Snapshot, seeds: tuple[str, ...], budget: int) -> str:
    """The map of the repository, and the names of files it does not show."""
    mapped = await repomap.map_of(snapshot, seeds, budget)
    others = [p for p in sorted(snapshot.files) if p not in mapped and p != document.PATH]
    more = "\n".join(others)[:1500]
    return "\n".join(filter(None, (mapped.strip(), more)))


async def text_of(snapshot: Snapshot, path: str) -> str:
    """A file as text; empty when it is none."""
    try:
        return texts.decode(await snapshot.read(path), path).text
    except texts.NotText:
        return ""


async def _guides(snapshot: Snapshot) -> str:
    """The project's rules for agents: read, never written."""
    rules = (p for p in sorted(snapshot.files) if paths.protected(p) and p != document.PATH)
    named = [p for p in rules if p.endswith((".md", ".mdc"))]
    return "\n\n".join([await text_of(snapshot, p) for p in named])[:_GUIDES]


def _words(brief: str) -> tuple[str, ...]:
    """Words of the brief that may be names in the code."""
    words = (w.strip("`'\"().,;:!?") for w in brief.split())
    return tuple(dict.fromkeys(w for w in words if len(w) > 3 and w.isascii()))[:40]


def parallel(run: Run, profile: Profile | None) -> int:
    """Calls to the developer's model at the same time."""
    return min(run.settings.model.parallel, profile.parallel) if profile is not None else 1
