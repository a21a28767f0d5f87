"""The only door to the user's files: a change set is applied as a whole or not at all.

What is open in an editor changes there, everything else on disk; where the text is not the one the
change started from, both are merged. Order: look, decide, journal, stage on disk, editors (they may
refuse), replace on disk. When a step fails, all before it is taken back.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from samokoder.agents.errors import Conflict, PathRefused
from samokoder.agents.workspace import disk, paths
from samokoder.agents.workspace.buffers import Edited, moved, take_back, write_buffers
from samokoder.agents.workspace.changeset import ChangeSet, content_hash
from samokoder.agents.workspace.decide import Decision, decide
from samokoder.agents.workspace.plan import (
    ApplyReceipt,
    Intend,
    Plan,
    Reader,
    Write,
    Written,
)
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.agents.workspace.target import Editors
from samokoder.state.errors import SamokoderError

_ATTEMPTS: Final = 6
"""Times a change set is planned anew because somebody typed between looking and writing."""


def from_snapshot(snapshot: Snapshot) -> Reader:
    """Contents of a snapshot by their hash."""
    where = {entry.hash: path for path, entry in snapshot.files.items()}

    async def read(name: str) -> bytes:
        if name in snapshot.overlay:
            return snapshot.overlay[name]
        return await snapshot.read(where[name])

    return read


async def apply(
    change_set: ChangeSet,
    *,
    root: Path,
    id: str,
    editors: Editors,
    read: Reader,
    intend: Intend,
    prefer: str | None = None,
    prune: tuple[str, ...] = (),
    guard: Callable[[str], bool] = paths.sealed,
) -> ApplyReceipt:
    """Apply a change set to the workspace ``root``, merging it with what was typed meanwhile.

    ``id`` names the temporary files and must be the same after a crash. ``read`` gives the
    contents the change set started from, by hash. ``intend`` is awaited before anything is
    written. ``prefer`` is the client that is written to first. ``prune`` are folders to remove
    when they end up empty. Paths for which ``guard`` holds are refused.

    Raises PathRefused, Conflict (nothing written, both versions inside) or WriteFailed
    (everything taken back). Where the user typed into the change before it could be taken back it
    stays: Conflict names those paths in ``left``.
    """
    for path in change_set.paths:
        if paths.clean(path) != path:
            raise PathRefused(f"{path} is not in its one spelling")
        if guard(path):
            raise PathRefused(f"{path} holds rules for agents; only you can change it")
    _distinct(change_set)
    left: set[str] = set()

    async def attempt() -> ApplyReceipt:
        decisions = await decide(change_set, root=root, editors=editors, read=read)
        found = [d for d in decisions if d.before != d.after]
        plan = await _plan(change_set.title, id, root, found, prefer, prune)
        unchanged = tuple(d.path for d in decisions if d.before == d.after)
        if not plan.writes:
            return ApplyReceipt((), unchanged, left=tuple(sorted(left)))
        texts = (data for d in found for data in (d.before, d.after) if data is not None)
        contents = {content_hash(data): data for data in texts}
        await intend(plan, contents)
        with anyio.CancelScope(shield=True):
            edited = await _carry_out(plan, found, contents, root, editors, prefer, left)
        versions = {e.file.target: e.version for e in reversed(edited)}
        return ApplyReceipt(
            tuple(_written(w, versions.get(root / w.path)) for w in plan.writes),
            unchanged,
            plan.folders,
            tuple(sorted(left)),
        )

    try:
        for _ in range(_ATTEMPTS):
            with suppress(disk.Stale):
                return await attempt()
        why = f"{change_set.title}: the files keep changing"
        raise Conflict(why, hint="Try again in a moment.")
    except SamokoderError as error:
        if not left:
            raise
        names = ", ".join(sorted(left))
        raise Conflict(
            f"{error.detail}; {names} was typed into and keeps the change",
            files=getattr(error, "files", ()),
            left=tuple(sorted(left)),
        ) from error


def _distinct(change_set: ChangeSet) -> None:
    seen: dict[str, str] = {}
    for path in (p for c in change_set.changes for p in (c.path, c.new_path) if p):
        other = seen.get(path.casefold())
        if other is not None:
            how = "is named twice" if other == path else f"differs from {other} only in case"
            raise PathRefused(f"{path} {how} in one change set")
        seen[path.casefold()] = path


async def _plan(
    title: str,
    id: str,
    root: Path,
    found: list[Decision],
    prefer: str | None,
    prune: tuple[str, ...],
) -> Plan:
    writes = tuple(_write(d, prefer) for d in found)
    new = [w.path for w in writes if w.before is None and not w.clients]
    folders = await to_thread.run_sync(disk.missing_folders, root, new)
    return Plan(re.sub(r"[^\w-]", "_", id)[:80], title, writes, folders, prune)


def _write(d: Decision, prefer: str | None) -> Write:
    clients = sorted({b.client for b in d.buffers}, key=lambda c: (c != prefer, c))
    return Write(
        d.path,
        content_hash(d.before) if d.before is not None else None,
        content_hash(d.after) if d.after is not None else None,
        d.mode,
        tuple(clients) if d.in_editor else (),
        d.merged,
        d.renamed_from,
    )


async def _carry_out(
    plan: Plan,
    found: list[Decision],
    contents: Mapping[str, bytes],
    root: Path,
    editors: Editors,
    prefer: str | None,
    left: set[str],
) -> list[Edited]:
    await to_thread.run_sync(disk.stage, root, plan, contents)
    edited: list[Edited] = []
    try:
        open_files = [d for d in found if d.in_editor]
        await write_buffers(open_files, editors, plan.title, prefer, edited)
        for file in found:
            # opened since: its text is no longer the disk's to change
            if not file.in_editor and moved(file, editors):
                raise disk.Stale(file.path)
    except Exception:  # whatever it was: buffers are put back, then it goes on its way
        left |= await take_back(edited, editors)
        await to_thread.run_sync(disk.clean, root, plan)
        raise
    try:
        await to_thread.run_sync(disk.commit, root, plan, contents)
    except Exception:  # as above
        left |= await take_back(edited, editors)
        raise
    return edited


def _written(write: Write, version: int | None) -> Written:
    return Written(
        write.path,
        write.kind,
        write.before,
        write.after,
        write.mode,
        write.clients,
        version,
        write.merged,
        write.renamed_from,
    )
