"""The documents one client has open, exactly as it has them."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from samokoder.server.text import Encoding, Range, Text
from samokoder.server.uris import path_of

log = logging.getLogger(__name__)

Observer = Callable[["Document"], None]


class Document:
    """One open document. ``real`` is the path with symbolic links resolved, once it is known."""

    __slots__ = ("language", "observers", "path", "real", "text", "uri", "version")

    def __init__(self, uri: str, language: str, version: int, text: str) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self.text = Text(_sound(text))
        self.path: Path | None = path_of(uri)
        self.real: Path | None = None
        self.observers: list[Observer] = []
        """Called after every single change, with the document as it is then."""

    def is_file(self, path: Path) -> bool:
        """Whether this document is that file, under whichever of its names."""
        return path in (self.path, self.real)


class Documents:
    """Open documents by URI. Impossible messages are reported to the log and change nothing."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding: Encoding = encoding
        self._open: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, uri: str) -> Document | None:
        """The open document of this URI."""
        return self._open.get(uri)

    def opened(self, uri: str, language: str, version: int, text: str) -> Document:
        """A document was opened; a second opening replaces the first."""
        document = self._open[uri] = Document(uri, language, version, text)
        return document

    def changed(
        self, uri: str, version: int, changes: list[tuple[Range | None, str]]
    ) -> Document | None:
        """Changes in their order; a range of None is the whole text.

        None when the document is not open or the version is older than the one at hand: what
        such a change refers to is not known, applying it would make another text than the user's.
        """
        document = self._open.get(uri)
        if document is None:
            log.warning("change of a document that is not open: %s", uri)
            return None
        if version < document.version:
            log.warning("stale change of %s: %d after %d", uri, version, document.version)
            return None
        document.version = version
        for where, text in changes:
            if where is None:
                document.text.replace_all(_sound(text))
            else:
                document.text.replace(where, _sound(text), self.encoding)
            for observer in tuple(document.observers):
                observer(document)
        return document

    def closed(self, uri: str) -> Document | None:
        """A document was closed; None when it was not open."""
        return self._open.pop(uri, None)


def _sound(text: str) -> str:
    """Half a surrogate pair becomes U+FFFD, of equal length in every encoding: it has no bytes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
