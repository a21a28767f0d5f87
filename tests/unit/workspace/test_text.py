"""Decoding and line ends: only the editor's own line ends, bytes come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.workspace import text

CASES = [
    ("", []),
    ("a", ["a"]),
    ("a\n", ["a\n"]),
    ("a\r\nb\rc\n\n", ["a\r\n", "b\r", "c\n", "\n"]),
    ("a\x0cb\x0bc\x85d\u2028e\x1cf\n", ["a\x0cb\x0bc\x85d\u2028e\x1cf\n"]),
]


@pytest.mark.parametrize(("whole", "expected"), CASES)
def test_lines_end_only_where_an_editor_ends_them(whole: str, expected: list[str]) -> None:
    assert text.lines(whole) == expected
    assert text.byte_lines(whole.encode()) == [line.encode() for line in expected]


@given(st.binary(max_size=60))
def test_decoded_bytes_come_back(data: bytes) -> None:
    try:
        decoded = text.decode(data)
    except text.NotText:
        return
    assert decoded.encode() == data
    assert "".join(text.lines(decoded.text)) == decoded.text


@pytest.mark.parametrize(("data", "why"), [(b"a\0b", "binary"), (b"a\xff", "byte 1")])
def test_what_is_not_text_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(text.NotText, match=why):
        text.decode(data, "x.py")


def test_the_commonest_line_end_wins() -> None:
    assert text.line_end("a\r\nb\r\nc\n") == "\r\n"
    assert text.line_end("no end") == "\n"


@pytest.mark.parametrize(
    ("buffer", "disk", "saved"),
    [
        ("a\nb\n", b"a\r\nx\r\n", b"a\r\nb\r\n"),
        ("a\r\nb\r\n", b"a\r\nx\r\n", b"a\r\nb\r\n"),
        ("a\nb\n", b"a\rx\r", b"a\rb\r"),
        ("a\nb\n", b"a\nx\r\n", b"a\nb\n"),
        ("a\n", b"\xef\xbb\xbfx\n", b"\xef\xbb\xbfa\n"),
        ("\ufeffa\n", b"\xef\xbb\xbfx\n", b"\xef\xbb\xbfa\n"),
        ("a\n", None, b"a\n"),
    ],
)
def test_a_buffer_becomes_what_its_editor_would_save(
    buffer: str, disk: bytes | None, saved: bytes
) -> None:
    assert text.from_buffer(buffer, disk) == saved
    assert text.to_buffer(saved, buffer, disk) == buffer
