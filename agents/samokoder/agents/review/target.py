"""What is under review: from a request to a snapshot, the lines that count and what was before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from anyio import to_thread

from samokoder.agents.errors import InvalidInput
from samokoder.agents.review import git
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.source import Lines, Scope
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.changeset import content_hash
from samokoder.agents.workspace.snapshot import Entry, Snapshot


@dataclass(frozen=True, slots=True)
class Aim:
    """What git said when the review began: commits by hash, so it can be looked at again.

    ``base`` is what is compared with, ``until`` the commit under review (empty: the workspace).
    ``compared`` is False where code is reviewed as it stands.
    """

    what: str
    paths: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    until: str = ""
    intent: str = ""
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """``snapshot`` is what is reviewed: the workspace, or an earlier commit of it."""

    what: str
    snapshot: Snapshot
    scope: Scope
    intent: str = ""

    @property
    def lines(self) -> int:
        """Changed or chosen lines; files that count as a whole are not counted."""
        ranges = (r for lines in self.scope.files.values() for r in lines or ())
        return sum(last - first + 1 for first, last in ranges)


async def aim(snapshot: Snapshot, request: ReviewRequest) -> Aim:
    """Find out what the request means here. Raises InvalidInput where it means nothing."""
    paths = _below(snapshot, request.paths)
    if request.first:
        if len(paths) != 1:
            raise InvalidInput("a selection is in one file", hint="Give one path with the lines.")
        span = f"{request.first} to {max(request.first, request.last)}"
        return Aim(f"lines {span} of {paths[0]}", paths)
    if request.base or request.commit:
        return await _history(snapshot, request)
    if request.paths:
        return Aim(", ".join(request.paths), paths)
    repository = None if request.everything else await git.find(snapshot.root)
    if repository is None:
        return Aim("the whole workspace", tuple(sorted(snapshot.files)))
    start = await git.head(repository)
    found = await git.changed(repository, start)
    return Aim(
        "the uncommitted changes",
        _held(snapshot, (*found.paths, *snapshot.unsaved)),
        found.moved,
        base=start,
        compared=True,
    )


async def _history(snapshot: Snapshot, request: ReviewRequest) -> Aim:
    repository = await git.find(snapshot.root)
    if repository is None:
        raise InvalidInput(f"{snapshot.root} is not in a git repository")
    if request.commit:
        until = await git.commit(repository, request.commit)
        start = await git.parent(repository, until)
        what = f"commit {until[:12]}"
    else:
        head = await git.head(repository)
        named = await git.commit(repository, request.base)
        start, until = await git.merge_base(repository, named, head) if head else named, ""
        what = f"the changes since {request.base}"
    found = await git.changed(repository, start, until)
    candidates = found.paths if until else (*found.paths, *snapshot.unsaved)
    wanted = _below(snapshot, request.paths) if request.paths else None
    paths = tuple(p for p in _held(snapshot, candidates) if wanted is None or p in wanted)
    intent = await git.messages(repository, start, until or "HEAD")
    return Aim(what, paths, found.moved, start, until, intent, compared=True)


def _held(snapshot: Snapshot, paths: Iterable[str]) -> tuple[str, ...]:
    """Those that are part of the snapshot: no ignored file, no secret, nothing that is gone."""
    return tuple(sorted({p for p in paths if p in snapshot.files}))


def _below(snapshot: Snapshot, paths: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in paths:
        folder = path.rstrip("/")
        inside = [p for p in snapshot.files if p == folder or p.startswith(f"{folder}/")]
        if folder in ("", "."):
            inside = list(snapshot.files)
        if not inside:
            why = snapshot.skipped.get(folder, "it is ignored or not there")
            raise InvalidInput(f"{path} cannot be reviewed: {why}")
        found += inside
    return tuple(sorted(set(found)))


async def target(snapshot: Snapshot, aim: Aim, request: ReviewRequest) -> Target:
    """The code under review and the code before it; the same for the same aim."""
    if not aim.compared:
        lines: Lines | None = None
        if request.first:
            lines = ((request.first, max(request.first, request.last)),)
        return Target(aim.what, snapshot, Scope(dict.fromkeys(aim.paths, lines)))
    repository = await git.find(snapshot.root)
    if repository is None:
        raise InvalidInput(f"{snapshot.root} is no longer in a git repository")
    if aim.until:
        now = await git.contents(repository, aim.until, aim.paths)
        snapshot = _with(snapshot, now)
    names = {path: aim.moved.get(path, path) for path in aim.paths}
    before = await git.contents(repository, aim.base, sorted(set(names.values())))
    files: dict[str, Lines | None] = {}
    for path in aim.paths:
        if path not in snapshot.files:
            continue
        old, new = before.get(names[path]), await snapshot.read(path)
        if texts.is_binary(new) or old == new:
            continue
        files[path] = None if old is None else await to_thread.run_sync(touched, old, new)
    base = _with(snapshot, dict.fromkeys(aim.paths) | before)
    moved = {p: old for p, old in aim.moved.items() if p in files}
    return Target(aim.what, snapshot, Scope(files, base, moved), aim.intent)


def touched(old: bytes, new: bytes) -> Lines:
    """The lines of ``new`` that are not in ``old``; where only something was taken away, the lines
    on both sides of the gap.
    """
    found: list[tuple[int, int]] = []
    total = len(texts.byte_lines(new))
    for _, _, start, end in diff.ranges(texts.byte_lines(old), texts.byte_lines(new)):
        first, last = (start + 1, end) if end > start else (start, start + 1)
        first, last = max(1, first), min(max(1, total), last)
        if first > last:
            continue
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _with(snapshot: Snapshot, contents: Mapping[str, bytes | None]) -> Snapshot:
    """The snapshot with these contents; None takes a file away."""
    files, overlay = dict(snapshot.files), dict(snapshot.overlay)
    for path, data in contents.items():
        if data is None:
            files.pop(path, None)
            continue
        entry = Entry(content_hash(data), len(data))
        old = files.get(path)
        files[path] = replace(entry, mode=old.mode) if old is not None else entry
        overlay[entry.hash] = data
    return replace(snapshot, files=files, overlay=overlay)
