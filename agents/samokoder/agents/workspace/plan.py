"""What is about to be written, and what was: plain values that go into the journal.

Contents are named by their hash; the journal stores the bytes beside the plan, before anything
happens. A rename is the creation of one path and the deletion of another.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from samokoder.agents.workspace.changeset import ChangeKind
from samokoder.agents.workspace.merge import Clash

Reader = Callable[[str], Awaitable[bytes]]
"""The content of a hash; KeyError when it can no longer be had."""


@dataclass(frozen=True, slots=True)
class Write:
    """One file's effect: ``before`` stands there now, ``after`` will; None is for no file.

    ``mode`` are permission bits of the file before, or of the new one. ``clients`` are the editor
    connections that take it; with none it goes to the disk.
    """

    path: str
    before: str | None
    after: str | None
    mode: int = 0o644
    clients: tuple[str, ...] = ()
    merged: bool = False
    renamed_from: str | None = None

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return ChangeKind.CREATE
        return ChangeKind.MODIFY if self.after is not None else ChangeKind.DELETE


@dataclass(frozen=True, slots=True)
class Plan:
    """All writes of one change set. ``id`` is in the names of its temporary files; ``folders``
    are those it has to make, outermost first; ``prune`` those it removes when they are empty.
    """

    id: str
    title: str
    writes: tuple[Write, ...]
    folders: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()


Intend = Callable[[Plan, Mapping[str, bytes]], Awaitable[None]]
"""Journals a plan and the contents it names, by hash. Called again when the plan had to change
because somebody typed meanwhile; the last one called before a crash is the one to recover.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A write that happened. ``version`` is the document's in the first of ``clients``."""

    path: str
    kind: ChangeKind
    before: str | None
    after: str | None
    mode: int = 0o644
    clients: tuple[str, ...] = ()
    version: int | None = None
    merged: bool = False
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True)
class ApplyReceipt:
    """What became of a change set. ``unchanged`` are paths that already were as wanted;
    ``folders`` the folders that were made; ``left`` paths that kept what an earlier attempt wrote,
    because the user typed into it before it could be taken back.
    """

    writes: tuple[Written, ...]
    unchanged: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def merged(self) -> bool:
        """Whether any text differs from the one the change set was proven with."""
        return any(w.merged for w in self.writes)


@dataclass(frozen=True, slots=True)
class FileConflict:
    """Why one file could not be changed, with the text it was based on and both sides'.

    ``ours`` is the user's text as it is now, ``theirs`` the one of the change set.
    """

    path: str
    reason: str
    base: bytes | None = None
    ours: bytes | None = None
    theirs: bytes | None = None
    clashes: tuple[Clash, ...] = ()
