"""Making and combining change sets."""

import ast
import hashlib
from collections.abc import Mapping

import anyio

from samokoder.agents.repair import testcode
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.agents.workspace.snapshot import Snapshot


def modified(snapshot: Snapshot, title: str, texts: Mapping[str, bytes]) -> ChangeSet:
    """A change set that gives these files these contents; unchanged ones are left out."""
    found = []
    for path, after in texts.items():
        entry = snapshot.files.get(path)
        if entry is None:
            found.append(FileChange(path, ChangeKind.CREATE, None, after))
        elif entry.hash != content_hash(after):
            found.append(FileChange(path, ChangeKind.MODIFY, entry.hash, after))
    return ChangeSet(title, tuple(found))


def combined(first: ChangeSet, second: ChangeSet) -> ChangeSet:
    """Both as one, for modifications and creations; ``second`` started from ``first``'s result."""
    found = {c.path: c for c in first.changes}
    for change in second.changes:
        old = found.get(change.path)
        if old is None:
            found[change.path] = change
        elif change.kind is ChangeKind.DELETE and old.kind is ChangeKind.CREATE:
            del found[change.path]
        else:
            kind = old.kind if change.kind is ChangeKind.MODIFY else change.kind
            found[change.path] = FileChange(
                change.path, kind, old.before, change.after, change.new_path, change.mode
            )
    return ChangeSet(f"{first.title}; {second.title}", tuple(found.values()))


async def fingerprint(change_set: ChangeSet) -> str:
    """Equal for change sets that differ only in layout or comments."""
    return await anyio.to_thread.run_sync(_fingerprint, change_set)


def _fingerprint(change_set: ChangeSet) -> str:
    digest = hashlib.sha256()
    for change in sorted(change_set.changes, key=lambda c: c.path):
        digest.update(f"{change.path}\0{change.kind}\0{change.new_path}\0".encode())
        if change.after is None:
            continue
        text = change.after.decode("utf-8", "surrogateescape")
        tree = testcode.parse(text) if change.path.endswith(".py") else None
        shape = ast.dump(tree) if tree is not None else "\n".join(text.split())
        digest.update(shape.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
