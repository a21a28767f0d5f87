"""How much two lines of code are alike, past what models get wrong: spaces, quotes, dashes."""

import re
from collections.abc import Sequence
from typing import Final

_SMART: Final = {
    "‘": "'",
    "’": "'",
    "‚": "'",
    "‛": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "‟": '"',
    "″": '"',
    "«": '"',
    "»": '"',
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "\u00a0": " ",
    "\u2002": " ",
    "\u2003": " ",
    "\u2009": " ",
    "\u202f": " ",
    "\u3000": " ",
    "\u200b": "",
    "\ufeff": "",
}
SMART: Final = str.maketrans(_SMART)
"""Typographic characters and what they stand for in code."""

_PARTNER: Final = 0.6
"""Likeness from which on a new line counts as the changed form of an old one."""

_SPACES: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"\w")


def key(line: str) -> str:
    """Equal for lines that differ only in spaces and typography."""
    return _SPACES.sub(" ", line.translate(SMART)).strip()


def indent(line: str) -> str:
    """The blanks a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def weight(line: str) -> float:
    """How much a line says about where it stands: little for blanks and lone brackets."""
    count = len(_WORD.findall(line))
    if count == 0:
        return 0.1 if not line.strip() else 0.3
    return 0.6 if count < 4 else 1.0


def likeness(one: str, other: str) -> float:
    """0 … 1 for two keys; 1 only for equal ones."""
    if one == other:
        return 1.0
    from rapidfuzz import fuzz

    return min(0.99, fuzz.ratio(one, other) / 100)


def partners(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """For each new line the old one it is a form of, in order; None for lines of its own."""
    if len(old) == len(new) == 1:
        return [0]
    worth = [[likeness(key(n), key(o)) for o in old] for n in new]
    best = [[0.0] * (len(old) + 1) for _ in range(len(new) + 1)]
    for n in range(len(new) - 1, -1, -1):
        for o in range(len(old) - 1, -1, -1):
            pair = worth[n][o] + best[n + 1][o + 1] if worth[n][o] >= _PARTNER else 0.0
            best[n][o] = max(pair, best[n + 1][o], best[n][o + 1])
    out: list[int | None] = []
    o = 0
    for n in range(len(new)):
        while o < len(old) and best[n][o] == best[n][o + 1] and best[n][o] > best[n + 1][o]:
            o += 1
        fits = o < len(old) and worth[n][o] >= _PARTNER
        if fits and best[n][o] == worth[n][o] + best[n + 1][o + 1]:
            out.append(o)
            o += 1
        else:
            out.append(None)
    return out
