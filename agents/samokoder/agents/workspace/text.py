"""Bytes and text of one file: UTF-8 with or without a byte-order mark, LSP line ends only.

A line ends with ``\\n``, ``\\r\\n`` or ``\\r`` and with nothing else: ``str.splitlines`` also cuts
at form feeds and other separators and would shift every line after them.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from samokoder.agents.errors import InvalidInput

BOM: Final = codecs.BOM_UTF8
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_BYTES: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_END: Final = re.compile(r"\r\n|\r|\n")
_PROBE: Final = 8192
"""Bytes looked at for a NUL, as git does."""


class NotText(InvalidInput):
    """That file is not UTF-8 text, so it cannot be edited here."""

    code = "not-text"


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file; ``text`` keeps the file's own line ends and is without the mark."""

    text: str
    bom: bool = False

    def encode(self) -> bytes:
        """The bytes this text came from."""
        data = self.text.encode("utf-8", "surrogatepass")
        return BOM + data if self.bom else data


def is_binary(data: bytes) -> bool:
    """Whether the content holds a NUL near its start."""
    return b"\0" in data[:_PROBE]


def decode(data: bytes, name: str = "") -> Text:
    """The text of a file; :class:`NotText` when it is binary or not UTF-8."""
    if b"\0" in data:
        raise NotText(f"{name} is binary" if name else "it is binary")
    bom = data.startswith(BOM)
    try:
        return Text((data[len(BOM) :] if bom else data).decode("utf-8"), bom)
    except UnicodeDecodeError as error:
        where = f"{name}: " if name else ""
        raise NotText(f"{where}byte {error.start} is not valid UTF-8") from error


def lines(text: str) -> list[str]:
    """The lines with their ends; joined they are the text again."""
    return _LINE.findall(text)


def byte_lines(data: bytes) -> list[bytes]:
    """Like :func:`lines`, for undecoded content."""
    return _LINE_BYTES.findall(data)


def body(line: str) -> str:
    """A line without its end."""
    return line.rstrip("\r\n")


def ends(text: str) -> Counter[str]:
    """How often each line end occurs."""
    return Counter(_END.findall(text))


def line_end(text: str) -> str:
    """The line end that is commonest; ``\\n`` for a text without any."""
    found = ends(text)
    return max(found, key=lambda end: (found[end], end == "\n")) if found else "\n"


def with_ends(text: str, end: str) -> str:
    """The text with every line end replaced by ``end``."""
    return _END.sub(end, text)


def from_buffer(buffer: str, disk: bytes | None) -> bytes:
    """What an editor would save: its text with the mark and line ends of the file on disk.

    Some editors hand out ``\\n`` for files whose lines all end in ``\\r\\n`` or ``\\r``, and all of
    them strip the byte-order mark; saving brings both back.
    """
    return _dress(buffer, disk).encode()


def to_buffer(data: bytes, buffer: str, disk: bytes | None) -> str:
    """The inverse of :func:`from_buffer` for a changed content: what the buffer should hold."""
    text = decode(data).text if not buffer.startswith("\ufeff") else data.decode("utf-8")
    strange = _strange_end(buffer, disk)
    return text.replace(strange, "\n") if strange else text


def _dress(buffer: str, disk: bytes | None) -> Text:
    strange = _strange_end(buffer, disk)
    bom = disk is not None and disk.startswith(BOM) and not buffer.startswith("\ufeff")
    return Text(buffer.replace("\n", strange) if strange else buffer, bom)


def _strange_end(buffer: str, disk: bytes | None) -> str:
    """The one line end of the file on disk when the buffer shows ``\\n`` in its place."""
    if disk is None or "\r" in buffer or b"\r" not in disk:
        return ""
    found = {end.decode() for end in re.findall(rb"\r\n|\r|\n", disk)}
    return found.pop() if len(found) == 1 else ""
