"""One review under way: what was found so far, checked, told apart from what was known, kept."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from samokoder.agents.checks.check import Severity
from samokoder.agents.review import finding as findings
from samokoder.agents.review import static
from samokoder.agents.review.anchor import anchor
from samokoder.agents.review.finding import WEIGHT, Category, Finding
from samokoder.agents.review.identity import Known, around_of, base_of, identified
from samokoder.agents.review.shelf import Kept, Shelf, known_dismissal
from samokoder.agents.review.target import Target
from samokoder.agents.runs.context import Run
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot
from samokoder.state.dismissals import Dismissal


@dataclass
class Texts:
    """The files of a snapshot as text, each decoded once."""

    snapshot: Snapshot
    _known: dict[str, list[str] | None] = field(default_factory=dict)

    async def lines(self, path: str) -> list[str] | None:
        """The lines with their ends; None for what is no text or not there."""
        if path not in self._known:
            self._known[path] = await self._read(path)
        return self._known[path]

    async def _read(self, path: str) -> list[str] | None:
        if path not in self.snapshot.files:
            return None
        try:
            return texts.lines(texts.decode(await self.snapshot.read(path)).text)
        except texts.NotText:
            return None


@dataclass
class Session:
    """``floor`` is the least severity that is kept, ``project`` the dismissals it shares."""

    run: Run
    target: Target
    shelf: Shelf
    floor: Severity
    nits: bool = False
    project: tuple[Dismissal, ...] = ()
    kept: dict[str, Kept] = field(default_factory=dict)
    below: int = 0
    unquoted: int = 0
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = Texts(self.target.snapshot)

    async def take(self, name: str, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """Keep what holds of these findings; those that were new to this review."""
        sound = [f for one in found if (f := await self._sound(one)) is not None]
        fresh = self._merged(sound)
        if fresh:
            names = await self.run.step(
                f"keep/{name}", lambda: self._keep(fresh), tuple[str, ...], agent=name
            )
            for weaker in self._replaced(fresh):
                del self.kept[weaker]
            for fingerprint, one in zip(names, fresh, strict=True):
                lines = await self.texts.lines(one.path) or []
                kept = Kept(fingerprint, base_of(one), around_of(one, lines), one)
                self.kept[fingerprint] = kept
            await self.tell(one.path for one in fresh)
        return tuple(fresh)

    async def tell(self, paths: Iterable[str]) -> None:
        """The findings of these files are others now."""
        await self.run.emit(
            "findings",
            root=str(self.run.root),
            paths=sorted(set(paths)),
            total=len(self.kept),
        )

    async def _sound(self, one: Finding) -> Finding | None:
        """The finding no louder than its proof; None when it is not to be kept."""
        one = findings.honest(one)
        if one.category is Category.NIT and not self.nits:
            self.below += 1
            return None
        if not static.within(self.target.scope, [one]):
            return None
        lines = await self.texts.lines(one.path)
        if lines is None or not findings.stands(one, "".join(lines)):
            self.unquoted += 1
            return None
        if WEIGHT[one.severity] < WEIGHT[self.floor]:
            self.below += 1
            return None
        return one

    def _merged(self, found: Iterable[Finding]) -> list[Finding]:
        """Those that say something new, also among themselves; the stronger word stays."""
        fresh: list[Finding] = []
        for one in sorted(found, key=order):
            rivals = [k.finding for k in self.kept.values() if same(k.finding, one)]
            rivals += [f for f in fresh if same(f, one)]
            if any(strength(rival) >= strength(one) for rival in rivals):
                continue
            fresh = [f for f in fresh if not same(f, one)]
            fresh.append(one)
        return fresh

    async def _keep(self, fresh: Sequence[Finding]) -> tuple[str, ...]:
        root = self.run.root
        arounds = [around_of(f, await self.texts.lines(f.path) or []) for f in fresh]
        known = [*await self.shelf.known(root), *map(known_dismissal, self.project)]
        held = set(self.kept)
        names = identified(
            list(zip(fresh, arounds, strict=True)),
            [k for k in known if k.fingerprint not in held],
            stands=await self._standing(fresh, known),
            moved=self.target.scope.moved,
            taken=held,
        )
        rows = [
            Kept(name, base_of(f), around, f)
            for name, f, around in zip(names, fresh, arounds, strict=True)
        ]
        await self.shelf.keep(root, self.run.id, rows)
        await self.shelf.close(root, set(self._replaced(fresh)) - set(names))
        return names

    def _replaced(self, fresh: Sequence[Finding]) -> list[str]:
        """What was kept before and is said better now."""
        return [name for name, k in self.kept.items() if any(same(k.finding, f) for f in fresh)]

    async def _standing(self, fresh: Sequence[Finding], known: Collection[Known]) -> "_Standing":
        """Which of the known ones that could be meant still stand where they were."""
        bases = {base_of(f) for f in fresh}
        there = set()
        for one in known:
            if one.base in bases:
                lines = await self.texts.lines(one.path) or []
                if one.quote and one.quote in "".join(lines).replace("\r\n", "\n"):
                    there.add(one.fingerprint)
        return _Standing(frozenset(there))

    async def finish(self, asked: Collection[str], cap: int) -> tuple[int, int]:
        """Close what is gone and what is beyond the cap; how many of each.

        ``asked`` says of which origins the scope was searched completely ("" for all that are no
        models).
        """
        ranked = sorted(self.kept.values(), key=lambda k: order(k.finding))
        over = ranked[cap:]
        gone = await self.run.step(
            "close", lambda: self._close(asked, [k.fingerprint for k in over]), tuple[str, ...]
        )
        for one in over:
            del self.kept[one.fingerprint]
        if gone or over:
            await self.tell([*self.target.scope.files, *self.target.scope.moved.values()])
        return len(gone), len(over)

    async def _close(self, asked: Collection[str], over: Sequence[str]) -> tuple[str, ...]:
        scope, root = self.target.scope, self.run.root
        opened = await self.shelf.opened(root)
        gone = []
        for one in opened:
            if one.fingerprint in self.kept:
                continue
            at = await self._place(one.finding)
            if at is None:
                gone.append(one.fingerprint)
            elif scope.covers(one.finding.path, at[0], at[2]):
                searched = "model" if one.finding.origin == "model" else ""
                if searched in asked:
                    gone.append(one.fingerprint)
        await self.shelf.close(root, [*gone, *over])
        return tuple(gone)

    async def _place(self, one: Finding) -> tuple[int, int, int, int] | None:
        """Where a finding of an earlier review is now."""
        lines = await self.texts.lines(one.path)
        if lines is None:
            return None
        at = (one.line, one.column, one.end_line, one.end_column)
        return anchor(one.quote, at, lambda n: texts.body(lines[n - 1]), len(lines))


@dataclass(frozen=True, slots=True)
class _Standing:
    names: frozenset[str]

    def __call__(self, known: Known) -> bool:
        return known.fingerprint in self.names


def order(one: Finding) -> tuple[int, int, float, str, int, int, str]:
    """Gravest first."""
    return (
        not one.proven, -WEIGHT[one.severity], -one.confidence,
        one.path, one.line, one.column, one.rule,
    )  # fmt: skip


def strength(one: Finding) -> tuple[bool, int, bool, float]:
    """Which of two findings about the same thing is kept."""
    return one.proven, WEIGHT[one.severity], one.origin != "model", one.confidence


def same(one: Finding, other: Finding) -> bool:
    """Whether two findings are about the same thing."""
    if one.path != other.path or one.line > other.end_line or other.line > one.end_line:
        return False
    if one.origin == other.origin and one.origin != "model":
        here = (one.line, one.column, one.rule)
        return here == (other.line, other.column, other.rule)
    return (
        one.rule == other.rule
        or one.category == other.category
        or bool(one.cwe and one.cwe == other.cwe)
    )
