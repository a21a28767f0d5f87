"""Addresses and paths."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.server import uris
from samokoder.server.uris import path_of, uri_of

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1)


@given(st.lists(NAMES.filter(lambda n: n not in (".", "..")), min_size=1, max_size=3))
def test_every_path_survives(parts):
    path = Path("/", *parts)
    assert path_of(uri_of(path)) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a%20b/%C3%A9.py", "/a b/é.py"),
        ("file:///a;b.py", "/a;b.py"),
        ("file:///a%23b%3Fc.py", "/a#b?c.py"),
        ("file://localhost/a", "/a"),
        ("file:///a/../b", "/b"),
        ("file:///c%3A/x", "/c:/x"),
        ("file://server/share/x", "//server/share/x"),
    ],
)
def test_forms_that_editors_send(uri, path):
    assert path_of(uri) == Path(path)


@pytest.mark.parametrize(
    "uri", ["untitled:x", "git:/a", "", "file://", "/a", "file:///a%00b", "http://["]
)
def test_what_names_no_file(uri):
    assert path_of(uri) is None


@pytest.mark.parametrize("uri", ["file:///c%3A/a%20b", "file:///C:/a%20b"])
def test_drive_letters_where_there_are_drives(uri, monkeypatch):
    monkeypatch.setattr(uris, "WINDOWS", True)
    assert path_of(uri) == Path("c:/a b")
    assert uri_of(Path("c:/a b")) == "file:///c%3A/a%20b"
