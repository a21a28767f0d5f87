"""A user at an editor, for fuzzers: types, deletes, undoes, saves; what is typed has a tag.

The user is a set of synchronous moves. Whoever looks at the documents (the product does whenever it
plans or writes) gives the user the chance to move just then, so all interleavings are reached by
choosing where to move, with no clock. ``wanted`` is what has to be in each file: the tags that were
typed or applied and not taken out since. A change that is not the user's is checked as it is seen:
it may move the tags of the change set at hand and no other.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anyio.lowlevel import checkpoint

from samokoder.agents.workspace.desk import Desk
from samokoder.agents.workspace.target import Buffer, BufferEdit

TAG = re.compile(r"<[uab]\d+>")
ME, OTHER = "c1", "c2"


def tags(text: str) -> Counter[str]:
    """Every tag of a text and how often it is there."""
    return Counter(TAG.findall(text))


class FuzzDesk(Desk):
    """A desk whose every use is a moment in which the user may move."""

    moment: Callable[[], None] = staticmethod(lambda: None)

    def attached(self, root: Path) -> bool:
        return True

    passed: bool = False
    """The moment has passed: nobody can type before the product awaits something."""

    def buffers(self, path: Path) -> tuple[Buffer, ...]:
        if not self.passed:
            self.passed = True
            asyncio.get_running_loop().call_soon(self._again)
            self.moment()
        return super().buffers(path)

    def _again(self) -> None:
        self.passed = False

    async def apply(self, client: str, edits: tuple[BufferEdit, ...], label: str) -> bool:
        await checkpoint()
        self.moment()
        done = await super().apply(client, edits, label)
        self.moment()
        await checkpoint()
        return done


@dataclass
class User:
    """One user with some files open in one editor, now and then in a second one too."""

    chance: random.Random
    desk: FuzzDesk
    files: list[Path]
    wanted: dict[Path, Counter[str]] = field(default_factory=dict)
    history: dict[Path, list[str]] = field(default_factory=dict)
    """Texts before each change of an open document: the editor's own undo."""
    seen: dict[Path, str] = field(default_factory=dict)
    """Each file as the user saw it last."""
    stored: dict[Path, str] = field(default_factory=dict)
    """The disk as the user's editor saw it last."""
    at_hand: frozenset[str] = frozenset()
    """Tags that the product is allowed to put in or take out now."""
    written: dict[Path, str] = field(default_factory=dict)
    """What the product has made of each file since this was emptied."""
    turned: set[str] = field(default_factory=set)
    """Tags that the user's own undo or deletion put in or took out."""
    moves: Counter[str] = field(default_factory=Counter)
    eager: float = 0.0
    """Chance of a move at each moment."""
    faults: list[str] = field(default_factory=list)
    busy: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        self.desk.moment = self.moment
        for path in self.files:
            self.seen[path] = self.stored[path] = path.read_text()
            self.wanted[path] = tags(self.seen[path])
            self.history[path] = []

    def is_open(self, path: Path) -> bool:
        """Whether the file is open in the user's editor."""
        return (ME, path) in self.desk.documents

    def text(self, path: Path) -> str:
        """The file as the user sees it."""
        return self.desk.text(ME, path) if self.is_open(path) else path.read_text()

    # -- seeing what others did -----------------------------------------------------------------

    def look(self) -> None:
        """Notice and check what the product has done since."""
        for path in self.files:
            disk = path.read_text()
            if disk != self.stored[path]:
                if self.is_open(path):
                    self._reload(path, disk)
                self.stored[path] = disk
            text = self.text(path)
            if text != self.seen[path]:
                self._theirs(path, self.seen[path], text)

    def _reload(self, path: Path, disk: str) -> None:
        """Editors reload a file that changed on disk while it is as it was saved."""
        if self.desk.text(ME, path) == self.stored[path]:
            self.desk.type(ME, path, disk)
        elif self.desk.text(ME, path) != disk:
            self.faults.append(f"{path.name}: the disk was written under unsaved text")

    def _theirs(self, path: Path, old: str, new: str) -> None:
        came, went = tags(new) - tags(old), tags(old) - tags(new)
        for tag in (*came, *went):
            if tag not in self.at_hand:
                how = "came" if tag in came else "went"
                self.faults.append(f"{path.name}: {tag} {how} though it is not of the change")
        self.wanted[path] = self.wanted[path] + came - went
        self.written[path] = new
        if self.is_open(path):
            self.history[path].append(old)
        self.seen[path] = new

    def check(self) -> list[str]:
        """What is wrong now: lost, doubled or unknown tags, and what was wrong on the way."""
        self.look()
        found, self.faults = self.faults, []
        for path in self.files:
            have = tags(self.text(path))
            if have != self.wanted[path]:
                lost, extra = self.wanted[path] - have, have - self.wanted[path]
                found.append(f"{path.name}: lost {dict(lost)}, too many {dict(extra)}")
        return found

    # -- moving ---------------------------------------------------------------------------------

    def moment(self) -> None:
        """Look, and move perhaps; a move's own look at the desk is no moment."""
        if self.busy:
            return
        self.busy = True
        self.look()
        while self.chance.random() < self.eager:
            self.move()
        self.busy = False

    def move(self) -> None:
        """One move, whichever."""
        path = self.chance.choice(self.files)
        kinds = ("line", "word", "delete", "undo", "save", "toggle", "second")
        kind = self.chance.choices(kinds, (5, 4, 2, 2, 1, 1, 1))[0]
        if kind != "toggle" and not self.is_open(path):
            return
        self.moves[kind] += 1
        getattr(self, kind)(path)
        if self.is_open(path) and self.chance.random() < 0.2:
            self.moves["autosave"] += 1
            self.save(path)
        self.seen[path] = self.text(path)

    def tag(self) -> str:
        """A tag that was never used before."""
        self.number += 1
        return f"<u{self.number}>"

    def line(self, path: Path) -> None:
        """A new line with a tag."""
        lines, new = self.text(path).splitlines(keepends=True), self.tag()
        lines.insert(self.chance.randint(0, len(lines)), f"{new} typed\n")
        self._type(path, "".join(lines))
        self.wanted[path][new] += 1

    def word(self, path: Path) -> None:
        """A tag at the end of some word."""
        text, new = self.text(path), self.tag()
        at = self.chance.choice([m.end() for m in re.finditer(r"\b[a-z]+\b", text)] or [0])
        self._type(path, f"{text[:at]} {new}{text[at:]}")
        self.wanted[path][new] += 1

    def delete(self, path: Path) -> None:
        """Some line goes, with every tag that stands in it."""
        lines = self.text(path).splitlines(keepends=True)
        if len(lines) > 4:
            gone = lines.pop(self.chance.randrange(len(lines)))
            self._type(path, "".join(lines))
            self.wanted[path] -= tags(gone)
            self.turned |= tags(gone).keys()

    def undo(self, path: Path) -> None:
        """The editor's undo takes back the last change, whoever made it."""
        if self.history[path]:
            now, before = self.text(path), self.history[path].pop()
            self.wanted[path] = self.wanted[path] - tags(now) + tags(before)
            self.turned |= tags(before).keys() ^ tags(now).keys()
            self.desk.type(ME, path, before)

    def save(self, path: Path) -> None:
        """Write the document to the disk; the second editor reloads it."""
        text = self.stored[path] = self.text(path)
        path.write_bytes(text.encode())
        if (OTHER, path) in self.desk.documents:
            self.desk.type(OTHER, path, text)

    def toggle(self, path: Path) -> None:
        """Save and close, or open."""
        if self.is_open(path):
            self.save(path)
            self.desk.close(ME, path)
            if (OTHER, path) in self.desk.documents:
                self.desk.close(OTHER, path)
        else:
            self.desk.open(ME, path, path.read_text())
            self.history[path] = []

    def second(self, path: Path) -> None:
        """Open a saved document in a second editor, or close it there."""
        if (OTHER, path) in self.desk.documents:
            self.desk.close(OTHER, path)
        else:
            self.save(path)
            self.desk.open(OTHER, path, self.text(path))

    def _type(self, path: Path, text: str) -> None:
        self.history[path].append(self.text(path))
        self.desk.type(ME, path, text)
