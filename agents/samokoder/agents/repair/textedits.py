"""Edits of a Python text that does not parse which take several lines: depth, quotes, conditions.

Each yields its cost, a whole text, and what was done in plain words.
"""

import re
from collections.abc import Iterator, Sequence

from samokoder.agents.repair import linedits

_CONDITION = re.compile(r"\s*(?:el)?if\b|\s*while\b")
_STATEMENT = re.compile(r"(?m)^\s*(?:def \w+\(.*:|return\b|for .*:|while .*:|if .*:|\w+ = )")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _shift(lines: Sequence[str], start: int, stop: int, by: int) -> list[str]:
    copy = list(lines)
    for i in range(start, stop):
        if copy[i].strip():
            copy[i] = " " * max(0, _indent(copy[i]) + by) + copy[i].lstrip()
    return copy


def _clauses(lines: Sequence[str], at: int) -> int:
    """Where the ``else`` and the like that begin at ``at`` end, with what belongs to them."""
    while at < len(lines) and re.match(r"\s*(?:else|elif|except|finally)\b", lines[at]):
        margin = _indent(lines[at])
        at += 1
        while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > margin):
            at += 1
    return at


def reindented(lines: Sequence[str], at: int, message: str) -> Iterator[tuple[float, str, str]]:
    """The line at ``at`` and those that belong to it, at other depths."""
    lines = [line.expandtabs(4) if "\t" in line[: _indent(line)] else line for line in lines]
    here = _indent(lines[at])
    above = [i for i in range(at) if lines[i].strip() and not lines[i].lstrip().startswith("#")]
    levels = {0, *(_indent(lines[i]) for i in above)}
    if above:
        header = lines[above[-1]]
        if header.rstrip().endswith(":"):
            step = 4
            levels |= {_indent(header) + step}
    note = f"line {at + 1}: indentation"
    ends = [at + 1]
    for i in range(at + 1, len(lines)):
        if not lines[i].strip():
            continue
        if _indent(lines[i]) > here:
            continue
        if _indent(lines[i]) == here:
            if len(ends) < 12:
                ends.append(i)
            continue
        ends.append(i)
        after = _clauses(lines, i)
        if after > i:
            ends.append(after)
        break
    else:
        ends.append(len(lines))
    expected = _indent(lines[above[-1]]) + 4 if above and "expected an" in message else None
    for level in sorted(levels, key=lambda v: abs(v - here)):
        if level == here:
            continue
        for stop in dict.fromkeys(ends):
            cost = 0.9 + 0.05 * abs(level - here) / 4
            if expected is not None:
                cost = 0.7 if level == expected else 1.4
            if stop not in (at + 1, ends[-1]):
                cost += 0.3
            yield cost, "\n".join(_shift(lines, at, stop, level - here)), note
    if above and "expected an" in message:
        filler = " " * (_indent(lines[above[-1]]) + 4) + "pass"
        yield 2.0, "\n".join([*lines[:at], filler, *lines[at:]]), f"line {at}: an empty block"
        yield 2.3, "\n".join([*lines[: above[-1]], *lines[at:]]), f"line {at}: no empty block"
        body = _shift(lines, above[-1], above[-1] + 1, -4)
        yield 2.0, "\n".join(body), f"line {above[-1] + 1}: indentation"
    if above and "unexpected indent" in message:
        for start in above[-1:-4:-1]:
            by = here - _indent(lines[start])
            yield 1.6, "\n".join(_shift(lines, start, at, by)), f"line {start + 1}: indentation"


def equals_everywhere(lines: Sequence[str], at: int) -> Iterator[tuple[float, str, str]]:
    """The same comparison in every condition that assigns, this line being one of several."""
    wrong = re.compile(r"(?<![=!<>:+\-*/%&|^])=(?!=)")
    heads = [i for i, line in enumerate(lines) if _CONDITION.match(line) and wrong.search(line)]
    if at not in heads or len(heads) < 2:
        return
    for sign, cost in (("==", 0.7), *linedits.MEANT):
        copy = list(lines)
        for i in heads:
            code, rest = linedits.without_comment(lines[i])
            copy[i] = wrong.sub(sign, code) + rest
        yield cost, "\n".join(copy), f"`=` is `{sign}` in every condition"


def quoted_code(lines: Sequence[str], at: int) -> Iterator[tuple[float, str, str]]:
    """Code between triple quotes, near the line ``at``, runs again."""
    for sign in ("'''", '"""'):
        marks = [i for i, line in enumerate(lines) for _ in range(line.count(sign))]
        for start, stop in zip(marks[::2], marks[1::2], strict=False):
            inner = "\n".join(lines[start : stop + 1]).replace(sign, "   ")
            if start - 3 <= at <= stop + 1 and _STATEMENT.search(inner):
                new = [*lines[:start], *inner.rstrip().split("\n"), *lines[stop + 1 :]]
                yield 1.2, "\n".join(new), f"lines {start + 1}–{stop + 1} are code"


def triple_quotes(lines: Sequence[str], at: int, message: str) -> Iterator[tuple[float, str, str]]:
    """An open triple quote is closed somewhere below, or goes."""
    if "triple-quoted" not in message:
        return
    line = lines[at]
    for sign in ('"""', "'''"):
        spot = line.find(sign)
        if spot < 0:
            continue
        note = f"line {at + 1}: triple quotes"
        yield 1.2, "\n".join([*lines[:at], line[:spot] + line[spot + 3 :], *lines[at + 1 :]]), note
        for i in range(at, min(len(lines), at + 25)):
            closed = lines[i].rstrip() + sign
            cost = 0.7 if i == at else 1.6 + 0.1 * (i - at)
            yield cost, "\n".join([*lines[:i], closed, *lines[i + 1 :]]), note
        if not line[:spot].strip():
            yield 1.5, "\n".join([*lines[:at], *lines[at + 1 :]]), note
            comment = f"{line[:spot]}# {line[spot + 3 :]}"
            yield 1.1, "\n".join([*lines[:at], comment, *lines[at + 1 :]]), note
