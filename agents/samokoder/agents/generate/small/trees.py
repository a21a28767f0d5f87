"""A tree with one file as a version has it."""

from samokoder.agents.generate.plan import Work
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange
from samokoder.agents.workspace.snapshot import Snapshot


def holding(tree: Snapshot, work: Work, text: str) -> Snapshot:
    """The tree with this text as the work's file."""
    kind = ChangeKind.MODIFY if work.path in tree.files else ChangeKind.CREATE
    change = FileChange(work.path, kind, None, text.encode())
    return tree.with_changes(ChangeSet("", (change,)))
