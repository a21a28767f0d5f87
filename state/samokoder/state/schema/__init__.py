"""The tables. Everything else in this package reads and writes them; nothing outside does."""

from samokoder.state.schema.base import Table
from samokoder.state.schema.changes import ChangeSet, FileChange, Hunk
from samokoder.state.schema.contents import Blob, Path, Snapshot, SnapshotEntry
from samokoder.state.schema.findings import Dismissal, Finding, FindingPlace, Reviewed
from samokoder.state.schema.ledger import ModelCall, Reservation, Usage
from samokoder.state.schema.previews import Preview, PreviewFact
from samokoder.state.schema.runs import (
    CommandExec,
    Lease,
    Owner,
    Question,
    QuestionOption,
    Run,
    Step,
    Task,
    Trust,
    Workspace,
)
from samokoder.state.schema.stream import Cursor, Event, Notice

HEAD = "0003"
"""The revision these tables stand for; a newer migration raises it."""

__all__ = [
    "HEAD",
    "Blob",
    "ChangeSet",
    "CommandExec",
    "Cursor",
    "Dismissal",
    "Event",
    "FileChange",
    "Finding",
    "FindingPlace",
    "Hunk",
    "Lease",
    "ModelCall",
    "Notice",
    "Owner",
    "Path",
    "Preview",
    "PreviewFact",
    "Question",
    "QuestionOption",
    "Reservation",
    "Reviewed",
    "Run",
    "Snapshot",
    "SnapshotEntry",
    "Step",
    "Table",
    "Task",
    "Trust",
    "Usage",
    "Workspace",
]
