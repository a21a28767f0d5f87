"""What a model is shown of the code under review: hunks with the scope they stand in.

More is shown before a change than after it; what a definition calls and where it is called is
named with it. Characters that are invisible or turn the reading direction are written out.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from samokoder.agents.context import repomap
from samokoder.agents.review.session import Texts
from samokoder.agents.review.target import Target
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.snapshot import Snapshot

_BEFORE, _AFTER = 25, 8
"""Lines of context where no definition small enough encloses a change."""
_SCOPE = 120
"""Lines up to which a definition is shown whole."""
_CHUNK = 200
"""Lines of one hunk at most; a new file is cut into pieces."""
_WIDTH = 300
"""Characters of a line that are shown."""
_NEIGHBOURS = 6
_SKIPPED = frozenset(
    {".md", ".rst", ".txt", ".csv", ".tsv", ".svg", ".lock", ".map", ".snap", ".po", ".ipynb",
     ".xml", ".html.snap", ".sum", ".pem", ".crt"}
)  # fmt: skip
_GENERATED = re.compile(r"(?i)(?:^|/)(?:package-lock\.json|pnpm-lock\.yaml|[^/]*\.min\.\w+|"
                        r"vendor/|node_modules/|dist/|third_party/)")  # fmt: skip
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_TELLING = 6
"""Characters a quote inside of a line needs."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines ``first`` to ``last`` of a file; ``text`` is what is shown of them, ``key`` the same
    without line numbers and path, so that moving code does not make it new.
    """

    path: str
    first: int
    last: int
    text: str
    key: str
    near: tuple[str, ...] = ()
    """What the code calls and who calls it, a line each."""

    @property
    def chars(self) -> int:
        return len(self.path) + len(self.text) + sum(map(len, self.near))


def visible(text: str) -> str:
    """The text with what cannot be seen written out."""
    return _HIDDEN.sub(lambda m: f"\\u{{{ord(m.group()):04x}}}", text)


def reviewable(path: str) -> bool:
    """Whether a file is worth a model's look: code, not prose, data or what tools have made."""
    return PurePosixPath(path).suffix.lower() not in _SKIPPED and not _GENERATED.search(path)


async def hunks(target: Target, held: Texts) -> tuple[Hunk, ...]:
    """The hunks of a target, by path and line."""
    found: list[Hunk] = []
    for path in sorted(target.scope.files):
        lines = await held.lines(path)
        if not lines or not reviewable(path):
            continue
        found += await _of_file(target, path, lines)
    return tuple(found)


async def _of_file(target: Target, path: str, lines: list[str]) -> list[Hunk]:
    ranges = target.scope.files[path]
    removed = await _removed(target, path, lines)
    defined = await repomap.defined(target.snapshot, path)
    if ranges is None:
        windows = _chunks(len(lines), [place.line for place in defined])
        touched = [(1, len(lines))]
    else:
        touched = [(a, min(b, len(lines))) for a, b in ranges if a <= len(lines)]
        windows = _merged(_window(a, b, defined, len(lines)) for a, b in touched)
    found = []
    for first, last in windows:
        marked = _Marked(
            lines, first, last, touched, removed, compared=target.scope.base is not None
        )
        names = [
            p.name
            for p in defined
            if any(p.line <= b and a <= p.end for a, b in touched if first <= a <= last)
            and p.kind not in ("class", "module")
        ]
        near = await _near(target.snapshot, path, names[:3]) if ranges is not None else ()
        key = hashlib.sha256(marked.bare.encode("utf-8", "surrogatepass")).hexdigest()
        found.append(Hunk(path, first, last, marked.numbered, key, near))
    return found


def _window(first: int, last: int, defined: Sequence[repomap.Place], total: int) -> tuple[int, int]:
    around = [p for p in defined if p.line <= first and last <= p.end and p.end - p.line < _SCOPE]
    if around:
        inner = max(around, key=lambda p: (p.line, -p.end))
        return inner.line, min(inner.end, total)
    return max(1, first - _BEFORE), min(total, last + _AFTER)


def _merged(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in sorted(windows):
        if found and first <= found[-1][1] + 3:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return [piece for first, last in found for piece in _pieces(first, last)]


def _pieces(first: int, last: int) -> list[tuple[int, int]]:
    return [(at, min(last, at + _CHUNK - 1)) for at in range(first, last + 1, _CHUNK)]


def _chunks(total: int, starts: Sequence[int]) -> list[tuple[int, int]]:
    """Pieces of a whole file, cut where a definition begins as far as that goes."""
    found: list[tuple[int, int]] = []
    first = 1
    while first <= total:
        last = min(total, first + _CHUNK - 1)
        if last < total:
            cuts = [s for s in starts if first + _CHUNK // 3 < s <= last]
            last = max(cuts) - 1 if cuts else last
        found.append((first, last))
        first = last + 1
    return found


async def _removed(target: Target, path: str, lines: list[str]) -> dict[int, list[str]]:
    """Lines that the change took away, by the line they stood before."""
    base = target.scope.base
    old_path = target.scope.moved.get(path, path)
    if base is None or target.scope.files[path] is None:
        return {}
    old = await Texts(base).lines(old_path)
    if old is None:
        return {}
    return {c + 1: old[a:b] for a, b, c, _ in diff.ranges(old, lines) if b > a}


@dataclass
class _Marked:
    """Lines as they are shown: changed ones marked with +, removed ones with -."""

    lines: list[str]
    first: int
    last: int
    touched: Sequence[tuple[int, int]]
    removed: dict[int, list[str]]
    compared: bool
    numbered: str = field(init=False)
    bare: str = field(init=False)

    def __post_init__(self) -> None:
        shown: list[str] = []
        bare: list[str] = []
        for number in range(self.first, self.last + 1):
            for old in self.removed.get(number, ()):
                text = self._shown(old)
                shown.append(f"     - {text}")
                bare.append(f"-{text}")
            new = self.compared and any(a <= number <= b for a, b in self.touched)
            text, mark = self._shown(self.lines[number - 1]), "+" if new else " "
            shown.append(f"{number:>5}{mark} {text}")
            bare.append(f"{mark}{text}")
        self.numbered, self.bare = "\n".join(shown), "\n".join(bare)

    def _shown(self, line: str) -> str:
        return visible(texts.body(line))[:_WIDTH]


async def _near(snapshot: Snapshot, path: str, names: Sequence[str]) -> tuple[str, ...]:
    """What these definitions call and where they are called."""
    found: list[str] = []
    around = await repomap.near(snapshot, path, names) if names else ()
    for name, (callees, callers) in zip(names, around, strict=True):
        called = callees[:_NEIGHBOURS]
        found += [f"calls {p.signature or p.name} ({p.path}:{p.line})" for p in called]
        last = name.rpartition(".")[2]
        for place in callers[:_NEIGHBOURS]:
            inside = f" in {place.signature or place.name}" if place.name else ""
            found.append(f"{last} is called at {place.path}:{place.line}{inside}")
    return tuple(visible(line)[:_WIDTH] for line in dict.fromkeys(found))[: 2 * _NEIGHBOURS]


def located(
    quote: str, line: int, hunk: Hunk, lines: Sequence[str]
) -> tuple[int, int, int, int] | None:
    """Where a model's quote stands in a hunk: line, column, end line, end column; the nearest to
    the line it named. None when it stands nowhere.
    """
    wanted = [x.strip() for x in quote.split("\n") if x.strip()]
    bodies = {
        n: visible(texts.body(lines[n - 1])).strip()
        for n in range(hunk.first, min(hunk.last, len(lines)) + 1)
    }
    if not wanted:
        return None
    numbers = [n for n in bodies if bodies[n]]
    spots: list[tuple[int, int, int, int]] = []
    for at, number in enumerate(numbers):
        block = numbers[at : at + len(wanted)]
        if len(block) == len(wanted) and [bodies[n] for n in block] == wanted:
            last = block[-1]
            start, end = texts.body(lines[number - 1]), texts.body(lines[last - 1])
            column = len(start) - len(start.lstrip()) + 1
            spots.append((number, column, last, len(end.rstrip()) + 1))
        elif len(wanted) == 1 and len(wanted[0]) >= _TELLING:
            column = texts.body(lines[number - 1]).find(wanted[0]) + 1
            if column:
                spots.append((number, column, number, column + len(wanted[0])))
    return min(spots, key=lambda spot: abs(spot[0] - line), default=None)
