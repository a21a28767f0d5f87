"""A change of one line, carried over to the file's own version of that line."""

import re
from typing import Final

from samokoder.agents.edits.likeness import SMART
from samokoder.agents.workspace.merge import merge

_TOKEN: Final = re.compile(r"\w+|[^\S\n]+|[^\w\s]|\n")


def transplant(search: str, replace: str, own: str) -> str | None:
    """What ``own`` becomes when ``search`` becomes ``replace``; None when it is not clear.

    ``search`` is the model's version of ``own``: other quotes, a typo. Blanks at the end are the
    file's.
    """
    tail = own[len(own.rstrip()) :]
    search, replace = search.rstrip() + tail, replace.rstrip() + tail
    if own.translate(SMART) == own and search != own:
        search, replace = search.translate(SMART), replace.translate(SMART)
    if search == own:
        return replace
    if search == replace:
        return own
    merged = merge(_rows(search), _rows(own), _rows(replace)).content
    return merged.decode().replace("\n", "") if merged is not None else None


def _rows(line: str) -> bytes:
    """One token a line, so that lines can be merged like texts."""
    return "".join(token + "\n" for token in _TOKEN.findall(line)).encode("utf-8", "surrogatepass")
