"""One search/replace edit, applied to a file's text: rightly, or not at all.

The search text is found in exactly one place (:mod:`fit`), both texts are compared line by line,
and only the lines that differ between them change. Lines the model merely repeated keep the file's
own bytes; new lines get the file's indentation, quotes and line ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from samokoder.agents.edits.fit import Fit, Misfit, fit, windows
from samokoder.agents.edits.indents import Shift, Uneven
from samokoder.agents.edits.likeness import SMART, key, partners, weight
from samokoder.agents.edits.syntax import worse
from samokoder.agents.edits.transplant import transplant
from samokoder.agents.workspace import diff
from samokoder.agents.workspace import text as texts


@dataclass(frozen=True, slots=True)
class Edited:
    """The file's new text. ``how`` says how well the search text fitted (see :class:`fit.Fit`)."""

    text: str
    how: str = "exact"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed; ``reason`` is for the model to read. ``path`` may be empty."""

    reason: str
    path: str = ""


class _Unclear(Exception):
    """The edit would have to guess."""


def edit(text: str, search: str, replace: str, *, path: str = "") -> Edited | Refused:
    """``text`` with ``search`` replaced, in the one place where it fits."""
    lines = texts.lines(text)
    file = [texts.body(line) for line in lines]
    block = [texts.body(line) for line in texts.lines(search)]
    new = [texts.body(line) for line in texts.lines(replace)]
    if block == new:
        return Refused("search and replace are the same: the edit changes nothing", path)
    if not text.strip() and not search.strip():
        return Edited(texts.with_ends(replace, texts.line_end(text)))
    found = fit(file, block)
    there = windows(_bare(file), _bare(new)) if _telling(block, new) else []
    if isinstance(found, Misfit):
        return Refused(_done(there) if there else found.reason, path)
    results: set[str] = set()
    for one in found:
        if there and (one.how == "aligned" or _covered(one, there, len(new))):
            return Refused(_done(there), path)
        try:
            results.add(_apply(lines, file, block, new, one))
        except Uneven:
            return Refused("the indentation of the search text does not match the file's", path)
        except _Unclear as why:
            return Refused(str(why), path)
    if len(results) > 1:
        return Refused("the search text fits in several ways; quote the lines exactly", path)
    result = results.pop()
    if result == text:
        return Refused("already applied: the edit changes nothing in the file", path)
    error = worse(path, text, result)
    if error:
        return Refused(f"after this edit the file cannot be parsed: {error}", path)
    return Edited(result, found[0].how)


def _bare(lines: Sequence[str]) -> list[str]:
    return [line.rstrip() for line in lines]


def _done(there: Sequence[int]) -> str:
    return f"already applied: from line {there[0] + 1} on the file is as it should be"


def _telling(block: Sequence[str], new: Sequence[str]) -> bool:
    """Whether finding the new lines in the file says that the edit was made before."""
    old = {key(line) for line in block}
    said = sum(weight(line) >= 0.6 for line in new)
    return said >= 3 or any(weight(line) >= 0.6 and key(line) not in old for line in new)


def _covered(one: Fit, there: Sequence[int], size: int) -> bool:
    known = [line for line in one.lines if line is not None]
    return any(at <= known[0] and known[-1] < at + size for at in there)


def _apply(
    lines: Sequence[str], file: Sequence[str], block: Sequence[str], new: Sequence[str], one: Fit
) -> str:
    clean: Callable[[str], str] = str
    if one.how == "exact":
        ranges = diff.ranges(block, new)
    else:
        matched = [(b, file[at]) for b, at in zip(block, one.lines, strict=True) if at is not None]
        shift = Shift([(b, f) for b, f in matched if key(b) == key(f)] or matched)
        clean = _cleaner(matched)
        block, new = [shift.apply(line) for line in block], [shift.apply(line) for line in new]
        block, one = _completed(file, block, new, one)
        ranges = diff.ranges(_bare(block), _bare(new))
    end = texts.line_end("".join(lines))
    out: list[str] = []
    at = 0
    for i, j, k, m in ranges:
        change = _hunk(file, block, new, one, (i, j, k, m))
        if change is None:
            continue
        start, stop, fresh = change
        out += lines[at:start]
        for line, source in fresh:
            own = lines[source if source is not None else max(0, start - 1)]
            body = line if source is not None else clean(line)
            out.append(body + (own[len(texts.body(own)) :] or end))
        at = stop
    out += lines[at:]
    return _finish(out, lines, end)


def _completed(
    file: Sequence[str], block: Sequence[str], new: Sequence[str], one: Fit
) -> tuple[list[str], Fit]:
    """The block with those lines put back that it leaves out although the new text has them.

    Not blank ones: where one stands in the new text, it may as well be another.
    """
    full: list[tuple[str, int | None, bool]] = []
    last: int | None = None
    for line, at in zip(block, one.lines, strict=True):
        if last is not None and at is not None:
            full += [(file[n], n, True) for n in range(last + 1, at) if weight(file[n]) >= 0.6]
        full.append((line, at, False))
        last = at if at is not None else last
    changed: set[int] = set()
    if len(full) > len(block):
        for i, j, _, _ in diff.ranges(_bare([line for line, _, _ in full]), _bare(new)):
            changed.update(range(i, j))
    kept = [(line, at) for n, (line, at, left) in enumerate(full) if not left or n not in changed]
    return [line for line, _ in kept], Fit(tuple(at for _, at in kept), one.how)


def _finish(out: list[str], lines: Sequence[str], end: str) -> str:
    """A file that ends without a line end still does; lines in the middle all have one."""
    open_end = bool(lines) and lines[-1] == texts.body(lines[-1])
    bare = [n for n, line in enumerate(out[:-1]) if line == texts.body(line)]
    for n in bare:
        out[n] += end
    if open_end and out and (bare or out[-1] not in lines):
        out[-1] = texts.body(out[-1])
    return "".join(out)


def _cleaner(matched: Sequence[tuple[str, str]]) -> Callable[[str], str]:
    """Takes out of new lines what the search text shows the model got wrong in the old ones."""
    blanks = any(b != b.rstrip() and f == f.rstrip() for b, f in matched)
    smart = any(b != b.translate(SMART) and f == f.translate(SMART) for b, f in matched)

    def clean(line: str) -> str:
        line = line.rstrip() if blanks else line
        return line.translate(SMART) if smart else line

    return clean


def _hunk(
    file: Sequence[str],
    block: Sequence[str],
    new: Sequence[str],
    one: Fit,
    change: diff.Range,
) -> tuple[int, int, list[tuple[str, int | None]]] | None:
    """The file's lines ``[start, stop)`` and what they become: text, and the line it comes from.

    None when what should go is not there anyway.
    """
    i, j, k, m = change
    _no_drift(block, new, one, change)
    rows = [n for n in range(i, j) if one.lines[n] is not None]
    if not rows:
        if k == m:
            return None
        if i < j:
            raise _Unclear(f"this line is not in the file: {block[i].strip()[:80]}")
        point = _point(one, i)
        return point, point, [(line, None) for line in new[k:m]]
    places = [at for n in rows if (at := one.lines[n]) is not None]
    if places != list(range(places[0], places[-1] + 1)):
        raise _Unclear("the search text leaves out lines inside the part that changes")
    partner_of = partners([block[n] for n in rows], new[k:m])
    fresh: list[tuple[str, int | None]] = []
    for line, partner in zip(new[k:m], partner_of, strict=True):
        if partner is None:
            fresh.append((line, None))
            continue
        own = file[places[partner]]
        exact = one.how == "exact"
        carried = line if exact else transplant(block[rows[partner]], line, own)
        if carried is None:
            raise _Unclear(f"the file's own line differs: {own.strip()[:80]}")
        fresh.append((carried, places[partner]))
    for n, (row, at) in enumerate(zip(rows, places, strict=True)):
        if n not in partner_of and key(block[row]) != key(file[at]):
            raise _Unclear(f"the line to be replaced reads differently: {file[at].strip()[:80]}")
    if k < m:
        _no_gap(one, i, j, places, partner_of, len(rows))
    return places[0], places[-1] + 1, fresh


def _no_gap(
    one: Fit, i: int, j: int, places: Sequence[int], partner_of: Sequence[int | None], rows: int
) -> None:
    """Beside lines the search text left out, new lines could go on either side of them."""
    before = next((at for at in reversed(one.lines[:i]) if at is not None), None)
    after = next((at for at in one.lines[j:] if at is not None), None)
    left = i > 0 and (before is None or before + 1 != places[0])
    right = j < len(one.lines) and (after is None or after != places[-1] + 1)
    if (left and partner_of[0] != 0) or (right and partner_of[-1] != rows - 1):
        raise _Unclear("the search text leaves out lines beside the part that changes")


def _no_drift(block: Sequence[str], new: Sequence[str], one: Fit, change: diff.Range) -> None:
    """Lines added or taken out among equal ones must not be able to slide past a gap."""
    i, j, k, m = change
    if i < j and k < m:
        return
    moved, low, high = (block[i:j] or new[k:m]), i, j
    while low > 0 and block[low - 1] == moved[(low - 1 - i) % len(moved)]:
        low -= 1
    while high < len(block) and block[high] == moved[(high - i) % len(moved)]:
        high += 1
    if (low, high) == (i, j):
        return
    places = one.lines[max(0, low - 1) : high + 1]
    if places[0] is None or places != tuple(range(places[0], places[0] + len(places))):
        raise _Unclear("the search text leaves out lines among repeated ones")


def _point(one: Fit, i: int) -> int:
    """The file's line before which new lines before the block's line ``i`` go."""
    before = next((at for at in reversed(one.lines[:i]) if at is not None), None)
    after = next((at for at in one.lines[i:] if at is not None), None)
    if before is not None and after is not None:
        if before + 1 == after:
            return after
    elif i == len(one.lines) and before is not None and one.lines[i - 1] is not None:
        return before + 1
    elif i == 0 and after is not None and one.lines[0] is not None:
        return after
    raise _Unclear("the search text leaves out lines beside the place of the new ones")
