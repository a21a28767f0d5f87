"""Repairs of Python texts that do not parse: brackets, quotes, colons, indentation, foreign words.

A beam search over small edits at the place of the first error: an edit is kept when the parser gets
further afterwards. Results parse; whether they are right is for the proof to say.
"""

import ast
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from samokoder.agents.repair import linedits, testcode, textedits

WIDTH = 10
"""States kept per round; set by hand, other widths were not compared."""
DEPTH = 8
"""Edits in one repair at most."""
PARSES = 4000
"""Parses of one search at most, for a text of up to ``_SMALL`` characters."""
_SMALL = 4000


@dataclass(frozen=True, slots=True)
class Repair:
    """A text that parses. ``cost`` is lower for likelier repairs; ``note`` says what was done."""

    text: str
    cost: float
    note: str


@dataclass(frozen=True, slots=True)
class Error:
    """The first syntax error; line and column count from 1."""

    line: int
    column: int
    message: str


def first_error(text: str) -> Error | None:
    """Where the text stops being Python; None when it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<text>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Error(error.lineno or 1, error.offset or 1, error.msg or "")
    except (ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        return Error(1, 1, str(error))
    return None


def repairs(text: str, limit: int = 12) -> list[Repair]:
    """Texts that parse, likeliest first; empty when none was found or the text already parses."""
    error = first_error(text)
    if error is None:
        return []
    budget = max(200, PARSES * _SMALL // max(_SMALL, len(text)))
    beam: list[tuple[float, str, Error, str]] = [(0.0, text, error, "")]
    seen = {text}
    found: dict[str, Repair] = {}
    for _ in range(DEPTH):
        grown: list[tuple[float, float, str, Error, str]] = []
        for cost, state, where, note in beam:
            for step_cost, candidate, what in _edits(state, where):
                if candidate in seen:
                    continue
                seen.add(candidate)
                budget -= 1
                if budget <= 0:
                    return _ranked(found, limit)
                total = cost + step_cost
                notes = f"{note}; {what}" if note else what
                failure = first_error(candidate)
                if failure is None:
                    if candidate not in found:
                        found[candidate] = Repair(candidate, total, notes)
                elif _further(failure, where):
                    gain = (failure.line - where.line) * 0.15
                    grown.append((total - min(gain, 2.0), total, candidate, failure, notes))
        grown.sort(key=lambda g: g[0])
        beam = [g[1:] for g in grown[:WIDTH]]
        best = min((r.cost for r in found.values()), default=float("inf"))
        beam = [b for b in beam if b[0] < best + 1.5]
        if not beam:
            break
    return _ranked(found, limit)


def _ranked(found: dict[str, Repair], limit: int) -> list[Repair]:
    """The likeliest; of those that mean the same to Python only one."""
    kept: dict[str, Repair] = {}
    for repair in sorted(found.values(), key=lambda r: r.cost):
        kept.setdefault(_meaning(repair.text), repair)
        if len(kept) == limit:
            break
    return list(kept.values())


def _meaning(text: str) -> str:
    tree = testcode.parse(text)
    return ast.dump(tree) if tree is not None else text


def _further(new: Error, old: Error) -> bool:
    if (new.line, new.column) > (old.line, old.column):
        return True
    return new.line == old.line and new.message != old.message and new.column >= old.column - 1


def _edits(text: str, error: Error) -> Iterator[tuple[float, str, str]]:
    """Cost, new text, note."""
    lines = text.split("\n")
    at = min(max(error.line, 1), len(lines)) - 1
    indentation = isinstance(error.message, str) and (
        "indent" in error.message or "expected an" in error.message
    )
    if indentation:
        yield from textedits.reindented(lines, at, error.message)
    unclosed = re.match(r"'(.)' was never closed", error.message)
    places = [at]
    above = next((i for i in range(at - 1, -1, -1) if lines[i].strip()), None)
    if above is not None:
        places.append(above)
    if unclosed:
        places += range(at + 1, min(at + 4, len(lines)))
    opened = re.search(r"on line (\d+)", error.message)
    if opened:
        places.append(int(opened.group(1)) - 1)
    for far, place in enumerate(dict.fromkeys(places)):
        if not 0 <= place < len(lines):
            continue
        column = error.column if place == at else 0
        for cost, changed, note in linedits.changed(lines[place], column, error.message):
            copy = list(lines)
            copy[place : place + 1] = changed
            yield cost + 0.3 * far, "\n".join(copy), f"line {place + 1}: {note}"
    yield from textedits.triple_quotes(lines, at, error.message)
    yield from textedits.quoted_code(lines, at)
    yield from textedits.equals_everywhere(lines, at)
    if not indentation:
        for cost, candidate, note in textedits.reindented(lines, at, error.message):
            yield cost + 1.5, candidate, note
