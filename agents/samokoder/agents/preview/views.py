"""Rows of previews as people see them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from samokoder.agents.errors import InvalidInput
from samokoder.agents.preview.spec import Cause, Phase, PreviewSpec, PreviewStatus, Stack
from samokoder.state import previews, workspaces
from samokoder.state.database import Database


async def row(db: Database, preview: str) -> previews.Preview:
    """One row; a unique beginning of its id is enough. InvalidInput when there is none."""
    async with db.reading() as s:
        found = await previews.matching(s, preview) if preview else ()
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(
            f"there is no preview {preview}", hint="`samokoder preview status --all` lists them."
        )
    raise InvalidInput(f"{preview} is the beginning of {len(found)} previews", hint="Give more.")


async def one(db: Database, preview: str) -> PreviewStatus:
    """The preview with exactly this id."""
    async with db.reading() as s:
        found = await previews.get(s, preview)
        if found is None:
            raise InvalidInput(f"there is no preview {preview}")
        facts = await previews.facts(s, (preview,))
        workspace = await workspaces.get(s, found.workspace_id)
    return view(found, workspace.root if workspace else "", facts)


async def listing(db: Database, root: Path | None, *, live: bool) -> tuple[PreviewStatus, ...]:
    """Previews of a workspace (None: of all), the newest first."""
    async with db.reading() as s:
        workspace = None
        if root is not None:
            workspace = await workspaces.find(s, str(root))
            if workspace is None:
                return ()
        found = await previews.listing(
            s,
            workspace_id=workspace.id if workspace else None,
            phases=previews.LIVE if live else (),
        )
        facts = await previews.facts(s, [row.id for row in found])
        roots = {w.id: w.root for w in await workspaces.listing(s)}
    return tuple(view(row, roots.get(row.workspace_id, ""), facts) for row in found)


def view(
    row: previews.Preview, root: str, facts: Mapping[tuple[str, str], Iterable[str]]
) -> PreviewStatus:
    """One row with what is recorded about it."""
    phase = Phase(row.phase)
    return PreviewStatus(
        id=row.id,
        root=root,
        title=row.title,
        stack=Stack(row.stack),
        phase=phase,
        url=f"http://127.0.0.1:{row.port}/" if row.port and phase is Phase.RUNNING else "",
        port=row.port,
        inside=msgspec.json.decode(row.spec, type=PreviewSpec).port,
        cause=Cause(row.cause),
        reason=row.reason,
        code=row.code,
        folder=row.folder,
        image=row.image,
        command=row.command,
        runtime=row.runtime,
        environment=tuple(facts.get((row.id, "environment"), ())),
        egress=tuple(facts.get((row.id, "egress"), ())),
        started=row.created_at,
        ready=row.ready_at or 0,
        deadline=row.deadline_at,
        notes=tuple(facts.get((row.id, "note"), ())),
    )
