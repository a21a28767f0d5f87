"""Where findings are kept between reviews: in the state, or for one-off reviews in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from samokoder.agents.checks.check import Severity
from samokoder.agents.review.finding import Category, Exhibit, Finding, Place, Proof
from samokoder.agents.review.identity import Known
from samokoder.state import dismissals, findings, reviewed, workspaces
from samokoder.state.database import Database
from samokoder.state.dismissals import Dismissal
from samokoder.state.findings import FindingState


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding with its name and with what tells it again (see ``identity``)."""

    fingerprint: str
    base: str
    around: str
    finding: Finding

    @property
    def known(self) -> Known:
        """What identities are matched by."""
        f = self.finding
        opinion = f.origin == "model"
        return Known(
            self.fingerprint, self.base, self.around, f.path, f.line, f.quote, opinion, f.category
        )


class Shelf(Protocol):
    """See the module. ``root`` is the workspace's folder."""

    async def known(self, root: Path) -> tuple[Known, ...]:
        """Every finding and dismissal there ever was, as far as it is remembered."""
        ...

    async def opened(self, root: Path, paths: Collection[str] | None = None) -> tuple[Kept, ...]:
        """The findings that are open, in these files or in all."""
        ...

    async def keep(self, root: Path, run_id: str, found: Sequence[Kept]) -> None:
        """Open these, or renew them."""
        ...

    async def close(self, root: Path, fingerprints: Iterable[str]) -> None:
        """These are gone."""
        ...

    async def dismissed(self, root: Path) -> tuple[Dismissal, ...]:
        """The dismissals made on this machine."""
        ...

    async def answers(self, keys: Collection[bytes]) -> Mapping[bytes, bytes]:
        """What models have said about these hunks."""
        ...

    async def remember(self, root: Path, said: Mapping[bytes, tuple[bytes, int]]) -> None:
        """Keep what a model said about hunks, with the tokens it took."""
        ...


@dataclass
class StateShelf:
    """In the state."""

    db: Database

    async def known(self, root: Path) -> tuple[Known, ...]:
        async with self.db.reading() as s:
            workspace = await workspaces.find(s, str(root))
            if workspace is None:
                return ()
            kept = await findings.listing(s, workspace.id, states=tuple(FindingState))
            silenced = await dismissals.listing(s, workspace.id)
        names = {f.fingerprint for f in kept}
        return (
            *(from_row(f).known for f in kept),
            *(known_dismissal(d) for d in silenced if d.fingerprint not in names),
        )

    async def opened(self, root: Path, paths: Collection[str] | None = None) -> tuple[Kept, ...]:
        async with self.db.reading() as s:
            workspace = await workspaces.find(s, str(root))
            if workspace is None:
                return ()
            rows = await findings.listing(s, workspace.id, paths=paths)
        return tuple(from_row(row) for row in rows)

    async def keep(self, root: Path, run_id: str, found: Sequence[Kept]) -> None:
        if not found:
            return
        async with self.db.session() as s:
            workspace = await workspaces.ensure(s, str(root))
            await findings.keep(s, workspace.id, run_id, [_row(kept) for kept in found])

    async def close(self, root: Path, fingerprints: Iterable[str]) -> None:
        names = tuple(fingerprints)
        if not names:
            return
        async with self.db.session() as s:
            workspace = await workspaces.ensure(s, str(root))
            await findings.close(s, workspace.id, names)

    async def dismissed(self, root: Path) -> tuple[Dismissal, ...]:
        async with self.db.reading() as s:
            workspace = await workspaces.find(s, str(root))
            return await dismissals.listing(s, workspace.id) if workspace else ()

    async def answers(self, keys: Collection[bytes]) -> Mapping[bytes, bytes]:
        async with self.db.reading() as s:
            found = await reviewed.known(s, keys)
        if found:
            async with self.db.session() as s:
                await reviewed.touch(s, found)
        return {key: one.answer for key, one in found.items()}

    async def remember(self, root: Path, said: Mapping[bytes, tuple[bytes, int]]) -> None:
        async with self.db.session() as s:
            workspace = await workspaces.ensure(s, str(root))
            rows = [reviewed.Reviewed(key, *one) for key, one in said.items()]
            await reviewed.remember(s, workspace.id, rows)


@dataclass
class MemoryShelf:
    """For one process: tests, benchmarks, one-off scripts. Holds one workspace."""

    kept: dict[str, Kept] = field(default_factory=dict)
    gone: dict[str, Kept] = field(default_factory=dict)
    silenced: dict[str, Dismissal] = field(default_factory=dict)
    said: dict[bytes, bytes] = field(default_factory=dict)

    async def known(self, root: Path) -> tuple[Known, ...]:
        every = {**self.gone, **self.kept}
        rest = (known_dismissal(d) for n, d in self.silenced.items() if n not in every)
        return (*(kept.known for kept in every.values()), *rest)

    async def opened(self, root: Path, paths: Collection[str] | None = None) -> tuple[Kept, ...]:
        return tuple(k for k in self.kept.values() if paths is None or k.finding.path in paths)

    async def keep(self, root: Path, run_id: str, found: Sequence[Kept]) -> None:
        for one in found:
            self.gone.pop(one.fingerprint, None)
            self.kept[one.fingerprint] = one

    async def close(self, root: Path, fingerprints: Iterable[str]) -> None:
        for name in fingerprints:
            if name in self.kept:
                self.gone[name] = self.kept.pop(name)

    async def dismissed(self, root: Path) -> tuple[Dismissal, ...]:
        return tuple(self.silenced.values())

    async def answers(self, keys: Collection[bytes]) -> Mapping[bytes, bytes]:
        return {key: self.said[key] for key in keys if key in self.said}

    async def remember(self, root: Path, said: Mapping[bytes, tuple[bytes, int]]) -> None:
        self.said |= {key: answer for key, (answer, _) in said.items()}


def known_dismissal(d: Dismissal) -> Known:
    """A dismissal as something to tell findings by."""
    return Known(d.fingerprint, d.base, d.around, d.path, d.line, d.quote)


def dismissal_of(kept: Kept, reason: str) -> Dismissal:
    """The user's word about a finding."""
    f = kept.finding
    return Dismissal(
        kept.fingerprint, kept.base, kept.around, f.path, f.line, f.quote, f.rule, f.message, reason
    )


def _row(kept: Kept) -> findings.Finding:
    f = kept.finding
    places = [_exhibit(one) for one in f.evidence]
    places += [_place("related", one.note, one) for one in f.related]
    return findings.Finding(
        kept.fingerprint, kept.base, kept.around, f.path, f.line, f.column, f.end_line,
        f.end_column, f.quote, f.rule, f.message, f.origin, f.category, f.cwe, f.severity,
        f.confidence, f.proof, f.advice, places=tuple(places),
    )  # fmt: skip


def _exhibit(one: Exhibit) -> findings.Place:
    # the note of an exhibit's place is its text: a row has room for one of them
    return (
        _place(one.kind, one.text, one.place) if one.place else findings.Place(one.kind, one.text)
    )


def _place(role: str, text: str, at: Place) -> findings.Place:
    return findings.Place(
        role, text, at.path, at.line, at.column, at.end_line, at.end_column, at.quote
    )


def from_row(row: findings.Finding) -> Kept:
    """A finding as reviews know it."""

    def place(p: findings.Place) -> Place:
        return Place(p.path, p.line, p.column, p.end_line, p.end_column, p.quote, p.text)

    evidence = tuple(
        Exhibit(p.role, p.text, place(p) if p.path else None)
        for p in row.places
        if p.role != "related"
    )
    finding = Finding(
        row.path, row.line, row.column, row.end_line, row.end_column, row.quote, row.rule,
        row.message, row.origin, Category(row.category), row.cwe, Severity(row.severity),
        row.confidence, Proof(row.proof), evidence,
        tuple(place(p) for p in row.places if p.role == "related"), row.advice,
    )  # fmt: skip
    return Kept(row.fingerprint, row.base, row.around, finding)
