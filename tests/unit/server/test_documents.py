"""Open documents: impossible messages change nothing, half characters do no harm."""

from pathlib import Path

from samokoder.server.documents import Documents
from samokoder.server.text import Position, Range


def test_changes_of_what_is_not_open_or_is_stale_change_nothing():
    documents = Documents()
    assert documents.changed("file:///a", 2, [(None, "x")]) is None
    documents.opened("file:///a", "python", 5, "text")
    assert documents.changed("file:///a", 4, [(None, "old")]) is None
    document = documents.get("file:///a")
    assert document is not None
    assert (str(document.text), document.version) == ("text", 5)
    assert documents.closed("file:///a") is document
    assert documents.closed("file:///a") is None


def test_observers_see_every_single_change():
    documents = Documents()
    document = documents.opened("file:///a", "python", 1, "")
    seen: list[str] = []
    document.observers.append(lambda d: seen.append(str(d.text)))
    documents.changed("file:///a", 2, [(None, "one"), (None, "two")])
    assert seen == ["one", "two"]


def test_half_a_surrogate_pair_keeps_its_width():
    documents = Documents("utf-16")
    document = documents.opened("file:///a", "python", 1, "a\ud83db")
    str(document.text).encode()
    assert len(str(document.text)) == 3
    after = Range(Position(0, 2), Position(0, 3))
    documents.changed("file:///a", 2, [(after, "c\ude00")])
    assert str(document.text) == "a\ufffdc\ufffd"


def test_a_document_without_a_file():
    document = Documents().opened("untitled:Untitled-1", "python", 1, "x")
    assert document.path is None
    assert not document.is_file(Path("/Untitled-1"))
