"""A change set on its way into the history: its files, contents and hunks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from samokoder.agents.runs.current import current_step
from samokoder.agents.workspace import diff
from samokoder.agents.workspace.changeset import ChangeKind, ChangeSet, FileChange, content_hash
from samokoder.state import blobs, changes
from samokoder.state.changes import NewFile, NewHunk

if TYPE_CHECKING:
    from samokoder.agents.runs.engine import Engine


@dataclass
class Recording:
    """A change set on its way into the history; ``number`` is None until it is there.

    ``before`` are the contents it started from, by path. Stored at the latest with the intent to
    write it, in the same transaction.
    """

    engine: "Engine"
    run_id: str
    key: str
    change_set: ChangeSet
    before: Mapping[str, bytes]
    proven: bool = False
    undoes: int | None = None
    number: int | None = None

    async def store(self) -> int:
        """Store it in a transaction of its own; its number."""
        async with self.engine.db.session() as s:
            return await self.stored(s)

    async def stored(self, s: AsyncSession) -> int:
        """Its number; the same key of the same run always has the same one."""
        if self.number is None:
            made = self.change_set.changes
            contents = [*self.before.values(), *(c.after for c in made if c.after is not None)]
            await blobs.put_many(s, contents)
            self.number = await changes.record(
                s,
                self.run_id,
                key=self.key,
                files=tuple(_new_file(c, self.before.get(c.path)) for c in made),
                title=self.change_set.title,
                hash=self.change_set.hash,
                step_id=current_step.get(),
                proven=self.proven,
                undoes=self.undoes,
            )
        return self.number


def _new_file(change: FileChange, before: bytes | None) -> NewFile:
    after = change.after
    if change.kind is ChangeKind.RENAME and after is None:
        after = before
    hunks = tuple(
        NewHunk((h.offset, h.offset + len(h.before)), (h.new_offset, h.new_offset + len(h.after)))
        for h in diff.hunks(before or b"", after or b"")
    )
    return NewFile(
        path=change.path,
        kind=str(change.kind),
        before=content_hash(before) if before is not None else None,
        after=content_hash(after) if after is not None else None,
        new_path=change.new_path,
        after_mode=change.mode,
        hunks=hunks,
    )
