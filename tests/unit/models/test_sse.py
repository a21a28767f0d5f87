"""Events come out the same however the bytes are cut and whatever ends their lines."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.models.sse import Decoder, Event

STREAM = (
    ": comment\n\n"
    'data: {"a": "é ✓ 𝄞 \u2028 \x85 \x0b"}\n\n'
    "event: ping\ndata: {}\n\n"
    "data:two\ndata:  lines\nid: 7\nretry: 3\nfoo\n\n"
    "event: lost\n\n"
    "data: [DONE]\n\n"
)
EVENTS = [
    Event('{"a": "é ✓ 𝄞 \u2028 \x85 \x0b"}'),
    Event("{}", "ping"),
    Event("two\n lines"),
    Event("[DONE]"),
]


def _decode(data: bytes, cuts: list[int]) -> list[Event]:
    decoder = Decoder()
    edges = [0, *sorted(c for c in cuts if c < len(data)), len(data)]
    out = []
    for start, end in itertools.pairwise(edges):
        out += decoder.feed(data[start:end])
    return [*out, *decoder.end()]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@given(cuts=st.lists(st.integers(0, 200)))
def test_cuts_and_line_ends(end: str, cuts: list[int]) -> None:
    assert _decode(STREAM.replace("\n", end).encode(), cuts) == EVENTS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_by_byte_with_a_mark(end: str) -> None:
    data = ("\ufeff" + STREAM).replace("\n", end).encode()
    assert _decode(data, list(range(len(data)))) == EVENTS


def test_an_event_without_its_end_is_not_whole() -> None:
    assert _decode(b"data: 1\n\ndata: 2", []) == [Event("1"), Event("2", whole=False)]
    assert _decode(b"data: 1\n\ndata: 2\n", []) == [Event("1"), Event("2", whole=False)]


def test_invalid_utf8_is_marked() -> None:
    assert _decode(b"data: \xff!\n\n", []) == [Event("\ufffd!")]


def test_a_huge_event_in_small_pieces_takes_linear_time() -> None:
    data = b"data: " + b"x" * 4_000_000 + b"\n\n"
    begun = time.process_time()
    (event,) = _decode(data, list(range(0, len(data), 1000)))
    assert len(event.data) == 4_000_000
    assert time.process_time() - begun < 2
