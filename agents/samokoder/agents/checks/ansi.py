"""Terminal control sequences and the text without them."""

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[@-Z\\-_]"
)
_OVERWRITTEN = re.compile(r"^.*\r(?!$)", re.MULTILINE)


def plain(text: str) -> str:
    """What a person would see: no control sequences, of an overwritten line its last state."""
    if "\x1b" in text:
        text = _SEQUENCE.sub("", text)
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text)
    return text
