"""From a model's answer to a change set over a snapshot, or the reasons why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from samokoder.agents.edits import applier
from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.blocks import Code, Parsed, SearchReplace
from samokoder.agents.edits.placeholder import guarded
from samokoder.agents.edits.whole import replace_file
from samokoder.agents.errors import PathRefused
from samokoder.agents.workspace import paths
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Proposal:
    """``change_set`` is there only when every edit of the answer could be made."""

    change_set: ChangeSet | None
    refusals: tuple[Refused, ...] = ()

    @property
    def reason(self) -> str:
        """Why there is no change set, for the model to read."""
        return "\n".join(f"{r.path}: {r.reason}" if r.path else r.reason for r in self.refusals)


async def propose(
    snapshot: Snapshot,
    parsed: Parsed,
    *,
    title: str,
    secrets: Mapping[str, str] | None = None,
    may_drop: bool = False,
) -> Proposal:
    """All edits of an answer on the snapshot's files, one after the other; all or none.

    ``secrets`` maps the placeholders of the prompt to what they stand for.
    """
    refusals = [Refused(problem) for problem in parsed.problems]
    old: dict[str, bytes | None] = {}
    new: dict[str, str] = {}
    edits: tuple[SearchReplace | Code, ...] = (*parsed.edits, *parsed.code)
    for edit in edits:
        path = _path(edit.path)
        if isinstance(path, Refused):
            refusals.append(path)
            continue
        if path not in old:
            old[path] = await snapshot.read(path) if path in snapshot.files else None
            loaded = _load(path, old[path], snapshot)
            if isinstance(loaded, Refused):
                refusals.append(loaded)
                continue
            new[path] = loaded
        if path in new:
            made = _one(edit, path, old[path] is not None, new[path], secrets or {}, may_drop)
            if isinstance(made, Refused):
                refusals.append(made)
            else:
                new[path] = made.text
    changes = tuple(
        change for path, text in new.items() if (change := _change(path, old[path], text))
    )
    if not changes and not refusals:
        refusals.append(Refused("the answer changes nothing"))
    if refusals:
        return Proposal(None, tuple(refusals))
    return Proposal(ChangeSet(title, changes))


def modified(path: str, before: bytes, text: str) -> FileChange:
    """The change of one file to a new text; its byte-order mark stays."""
    after = texts.Text(text, texts.decode(before, path).bom).encode()
    return FileChange(path, ChangeKind.MODIFY, content_hash(before), after)


def _path(path: str) -> str | Refused:
    if not path:
        return Refused("the answer does not say which file the code belongs to")
    try:
        clean = paths.clean(path)
    except PathRefused as error:
        return Refused(error.detail, path)
    if paths.protected(clean):
        return Refused("this file holds rules for agents and cannot be changed", path)
    return clean


def _load(path: str, data: bytes | None, snapshot: Snapshot) -> str | Refused:
    if path in snapshot.skipped:
        return Refused(f"the file cannot be edited: {snapshot.skipped[path]}", path)
    try:
        return texts.decode(data or b"", path).text
    except texts.NotText as error:
        return Refused(f"the file cannot be edited: {error.detail}", path)


def _one(
    edit: SearchReplace | Code,
    path: str,
    exists: bool,
    text: str,
    secrets: Mapping[str, str],
    may_drop: bool,
) -> Edited | Refused:
    def change(seen: str) -> Edited | Refused:
        if isinstance(edit, Code):
            return replace_file(seen, edit.text, path=path, may_drop=may_drop)
        if not exists and not seen and edit.search.strip():
            return Refused("there is no such file; leave the search part empty to make it", path)
        return applier.edit(seen, edit.search, edit.replace, path=path)

    return guarded(text, secrets, change, path=path)


def _change(path: str, before: bytes | None, text: str) -> FileChange | None:
    if before is None:
        return FileChange(path, ChangeKind.CREATE, None, text.encode())
    change = modified(path, before, text)
    return change if change.after != before else None
