"""Line differences: which lines of one content became which lines of another.

Lines shared by both ends are skipped, lines that are unique on both sides anchor the rest
(patience; blank lines and lone brackets only where nothing better is there), and the gaps between
anchors get a longest common subsequence in native code. Equal inputs always give equal hunks.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from samokoder.agents.workspace import text as texts
from samokoder.agents.workspace.target import TextEdit

_CELLS: Final = 1 << 26
"""Bits of the table one gap may take (8 MiB); a larger gap counts as replaced as a whole."""

Range = tuple[int, int, int, int]
"""Lines ``[a, b)`` of the old content became lines ``[c, d)`` of the new; counted from 0."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines ``[start, end)`` of the old content became ``[new_start, new_end)`` of the new.

    Lines count from 0. ``before`` and ``after`` are those lines, ends included; ``offset`` and
    ``new_offset`` are where they stand, in bytes.
    """

    start: int
    end: int
    new_start: int
    new_end: int
    before: bytes
    after: bytes
    offset: int = 0
    new_offset: int = 0


def ranges(
    old: Sequence[str] | Sequence[bytes], new: Sequence[str] | Sequence[bytes]
) -> list[Range]:
    """The changed ranges of two lists of lines, sorted, never touching each other."""
    names: dict[str | bytes, int] = {}
    a = [names.setdefault(line, len(names)) for line in old]
    b = [names.setdefault(line, len(names)) for line in new]
    lines = list(names)
    found: list[Range] = []
    for i, j, k, m in _changed(a, b, 0, len(a), 0, len(b), lines):
        if found and found[-1][1] == i and found[-1][3] == k:
            found[-1] = (found[-1][0], j, found[-1][2], m)
        else:
            found.append((i, j, k, m))
    return [_slide(a, b, r, found, n) for n, r in enumerate(found)]


def hunks(before: bytes, after: bytes) -> tuple[Hunk, ...]:
    """The hunks that lead from one content to another."""
    if before == after:
        return ()
    old, new = texts.byte_lines(before), texts.byte_lines(after)
    at, new_at = _offsets(old), _offsets(new)
    return tuple(
        Hunk(i, j, k, m, b"".join(old[i:j]), b"".join(new[k:m]), at[i], new_at[k])
        for i, j, k, m in ranges(old, new)
    )


def edits(before: str, after: str) -> tuple[TextEdit, ...]:
    """The least text edits, in code points, that turn one text into the other."""
    if before == after:
        return ()
    old, new = texts.lines(before), texts.lines(after)
    starts = _offsets(old)
    return tuple(
        _trim(starts[i], "".join(old[i:j]), "".join(new[k:m])) for i, j, k, m in ranges(old, new)
    )


def unified(path: str, before: bytes | None, after: bytes | None, *, context: int = 3) -> str:
    """A diff for people; ``None`` stands for a file that is not there. Bytes that are not UTF-8
    are shown with replacement characters.
    """
    old = [line.decode("utf-8", "replace") for line in texts.byte_lines(before or b"")]
    new = [line.decode("utf-8", "replace") for line in texts.byte_lines(after or b"")]
    source = f"a/{path}" if before is not None else "/dev/null"
    target = f"b/{path}" if after is not None else "/dev/null"
    out = [f"--- {source}", f"+++ {target}"]
    for group in _groups(ranges(old, new), context):
        out += _render(old, new, group, context)
    return "\n".join(out) + "\n"


def bounded(diff: str, chars: int) -> str:
    """A diff cut after whole lines to at most about ``chars`` characters, saying what is left."""
    if len(diff) <= chars:
        return diff
    cut = diff.rfind("\n", 0, chars) + 1
    return f"{diff[:cut]}… {diff.count(chr(10), cut)} more lines\n"


def _changed(
    a: Sequence[int], b: Sequence[int], i: int, j: int, k: int, m: int, lines: list[str | bytes]
) -> Iterator[Range]:
    while i < j and k < m and a[i] == b[k]:
        i, k = i + 1, k + 1
    while i < j and k < m and a[j - 1] == b[m - 1]:
        j, m = j - 1, m - 1
    if i == j and k == m:
        return
    if i == j or k == m:
        yield i, j, k, m
        return
    anchors = _anchors(a, b, i, j, k, m, lines)
    if anchors:
        for (i0, k0), (i1, k1) in pairwise([(i - 1, k - 1), *anchors, (j, m)]):
            yield from _changed(a, b, i0 + 1, i1, k0 + 1, k1, lines)
    elif (j - i) * (m - k) > _CELLS:
        yield i, j, k, m
    else:
        from rapidfuzz.distance import LCSseq

        for op in LCSseq.opcodes(a[i:j], b[k:m]):
            if op.tag != "equal":
                yield i + op.src_start, i + op.src_end, k + op.dest_start, k + op.dest_end


def _telling(line: str | bytes) -> bool:
    text = line if isinstance(line, str) else line.decode("utf-8", "replace")
    return any(c.isalnum() for c in text)


def _anchors(
    a: Sequence[int], b: Sequence[int], i: int, j: int, k: int, m: int, lines: list[str | bytes]
) -> list[tuple[int, int]]:
    """Pairs of lines that are unique on both sides, in an order that both sides share."""
    once_a, once_b = Counter(a[i:j]), Counter(b[k:m])
    where = {line: n for n, line in enumerate(b[k:m], k) if once_b[line] == 1}
    pairs = [(n, where[a[n]]) for n in range(i, j) if once_a[a[n]] == 1 and a[n] in where]
    pairs = [p for p in pairs if _telling(lines[a[p[0]]])] or pairs
    tails: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for n, (_, at) in enumerate(pairs):
        spot = bisect_left(tails, at)
        back.append(ends[spot - 1] if spot else -1)
        if spot == len(tails):
            tails.append(at)
            ends.append(n)
        else:
            tails[spot], ends[spot] = at, n
    chain: list[tuple[int, int]] = []
    n = ends[-1] if ends else -1
    while n >= 0:
        chain.append(pairs[n])
        n = back[n]
    return chain[::-1]


def _slide(a: list[int], b: list[int], r: Range, found: list[Range], n: int) -> Range:
    """An insertion or deletion that fits in several places goes to the last of them."""
    i, j, k, m = r
    limit = found[n + 1][0] - 1 if n + 1 < len(found) else len(a)
    while j < limit and (b[k] == a[j] if i == j else k == m and a[i] == a[j]):
        i, j, k, m = i + 1, j + 1, k + 1, m + 1
    return i, j, k, m


def _offsets(lines: Sequence[str] | Sequence[bytes]) -> list[int]:
    return list(accumulate(map(len, lines), initial=0))


def _trim(start: int, old: str, new: str) -> TextEdit:
    """Without the characters both sides share; never between a ``\\r`` and its ``\\n``."""
    head = 0
    most = min(len(old), len(new))
    while head < most and old[head] == new[head]:
        head += 1
    if head and old[head - 1] == "\r":
        head -= 1
    tail = 0
    most -= head
    while tail < most and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    i, j = len(old) - tail, len(new) - tail
    if tail and old[i] == "\n" and "\r" in (old[i - 1 : i], new[j - 1 : j]):
        i, j = i + 1, j + 1
    return TextEdit(start + head, start + i, new[head:j])


def _groups(found: list[Range], context: int) -> Iterator[list[Range]]:
    group: list[Range] = []
    for r in found:
        if group and r[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(r)
    if group:
        yield group


def _render(old: list[str], new: list[str], group: list[Range], context: int) -> Iterator[str]:
    first, last = group[0], group[-1]
    i, k = max(0, first[0] - context), max(0, first[2] - context)
    j, m = min(len(old), last[1] + context), min(len(new), last[3] + context)
    yield f"@@ -{_span(i, j)} +{_span(k, m)} @@"
    at = i
    for a, b, c, d in group:
        yield from _marked(" ", old[at:a])
        yield from _marked("-", old[a:b])
        yield from _marked("+", new[c:d])
        at = b
    yield from _marked(" ", old[at:j])


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        end = line[-2:] if line.endswith("\r\n") else line[-1:]
        if end == "\n":
            yield mark + line[:-1]
        elif end in ("\r\n", "\r"):
            yield mark + line.rstrip("\r\n") + "␍"
        else:
            yield mark + line
            yield "\\ No newline at end of file"


def _span(start: int, end: int) -> str:
    size = end - start
    return f"{start + 1 if size else start},{size}" if size != 1 else str(start + 1)
