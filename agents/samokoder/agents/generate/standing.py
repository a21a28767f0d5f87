"""Where a generation stands: the project with what was made so far, and what the user did to it.

``tree`` is what agents work on: the workspace plus every task that is done. ``shown`` is what the
user's files should be. Where both agree on a file, what the user does to it is taken up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from samokoder.agents.generate import document
from samokoder.agents.generate.document import Document
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Entry, Snapshot


class Changed(msgspec.Struct, frozen=True):
    """A file the user has changed or made."""

    path: str
    hash: str
    size: int
    mode: int


class Seen(msgspec.Struct, frozen=True):
    """What was found when somebody looked. ``plan`` is None when its document is not there;
    ``plan_hash`` names the document's content.
    """

    plan: str | None = None
    plan_hash: str = ""
    changed: tuple[Changed, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass
class Standing:
    """See the module. ``plan`` is the document as it was read or written last, ``plan_hash`` the
    content that stands in the workspace.
    """

    tree: Snapshot
    shown: dict[str, Entry]
    plan: Document = field(default_factory=lambda: document.parse(""))
    plan_hash: str = ""
    written: str = ""
    """The text of the plan as this run has written it last."""


def begin(snapshot: Snapshot) -> Standing:
    """The beginning: nothing was made yet."""
    files = {p: e for p, e in snapshot.files.items() if p != document.PATH}
    return Standing(replace(snapshot, files=files), dict(files))


async def look(run: Run, standing: Standing, key: str) -> Seen:
    """What the user has done to the workspace since the last look; a step of the run."""
    shown = dict(standing.shown)

    async def seen() -> Seen:
        now = await run.look()
        entry = now.files.get(document.PATH)
        text = None
        if entry is not None:
            try:
                text = texts.decode(await now.read(document.PATH)).text
            except texts.NotText:
                text = None
        changed = [
            Changed(p, e.hash, e.size, e.mode)
            for p, e in sorted(now.files.items())
            if p != document.PATH and _differs(shown.get(p), e)
        ]
        gone = [p for p in sorted(shown) if p not in now.files and p not in now.skipped]
        return Seen(text, entry.hash if entry is not None else "", tuple(changed), tuple(gone))

    return await run.step(key, seen, Seen, pure=True)


def _differs(old: Entry | None, new: Entry) -> bool:
    return old is None or old.hash != new.hash


def take_up(standing: Standing, seen: Seen) -> tuple[str, ...]:
    """Take up what the user did; the paths. What was made and is not applied stays as it is."""
    files = dict(standing.tree.files)
    paths: list[str] = []
    for change in seen.changed:
        entry = Entry(change.hash, change.size, change.mode)
        if files.get(change.path) == standing.shown.get(change.path):
            files[change.path] = entry
            paths.append(change.path)
        standing.shown[change.path] = entry
    for path in seen.gone:
        if files.get(path) == standing.shown.get(path):
            files.pop(path, None)
            paths.append(path)
        standing.shown.pop(path, None)
    if paths:
        standing.tree = replace(standing.tree, files=files)
    return tuple(paths)


def made(standing: Standing, change_set: ChangeSet, *, applied: bool) -> None:
    """A task's change is part of the project; ``applied``: of the user's files too."""
    standing.tree = standing.tree.with_changes(change_set)
    if applied:
        reached(standing, change_set)


def plan_change(standing: Standing, text: str, title: str) -> ChangeSet:
    """The change that makes the plan's document read so."""
    data = text.encode()
    before = standing.plan_hash or None
    kind = ChangeKind.MODIFY if before else ChangeKind.CREATE
    return ChangeSet(title, (FileChange(document.PATH, kind, before, data),))


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What a user's edit did to the plan, in words; titles by id."""
    said = [f"“{old[id]}” is no longer in the plan" for id in old if id not in new]
    said += [f"“{new[id]}” was added to the plan" for id in new if id not in old]
    said += [f"“{old[id]}” now reads “{new[id]}”" for id in new if id in old and old[id] != new[id]]
    both = [id for id in new if id in old]
    if both != [id for id in old if id in new]:
        said.append("the order of the plan was changed")
    return said


def reached(standing: Standing, change_set: ChangeSet) -> None:
    """A change that is part of the project has reached the user's files."""
    for path in change_set.paths:
        entry = standing.tree.files.get(path)
        if entry is not None:
            standing.shown[path] = entry
        else:
            standing.shown.pop(path, None)
