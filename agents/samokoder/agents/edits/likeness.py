"""How much two lines of code are alike, past what models get wrong: spaces, quotes, dashes."""

import re
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
