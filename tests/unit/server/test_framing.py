"""Any stream, cut anywhere, gives the same messages."""

from hypothesis import given
from hypothesis import strategies as st

from samokoder.server.framing import MAX_BODY, MAX_HEADER, FrameError, Framer, frame

HEADERS = st.sampled_from(
    [
        b"Content-Length: %d\r\n\r\n",
        b"content-length:%d\n\n",
        b"CONTENT-LENGTH : %d \r\n\r\n",
        b"Content-Type: x; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"\r\n\nContent-Length: %d\r\nX: y\r\n\r\n",
        b"stray words\r\nContent-Length: %d\r\n\r\n",
    ]
)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(
    st.lists(st.tuples(HEADERS, st.binary(max_size=40)), max_size=6),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_messages_come_out_whole_however_the_stream_is_cut(messages, cuts):
    stream = b"".join(header % len(body) + body for header, body in messages)
    framer = Framer()
    got = [item for chunk in chunks(stream, cuts) for item in framer.feed(chunk)]
    assert got == [body for _, body in messages]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_never_raises(pieces):
    framer = Framer()
    for piece in pieces:
        list(framer.feed(piece))


def test_what_is_framed_is_read_back():
    assert list(Framer().feed(frame(b"{}") + frame(b""))) == [b"{}", b""]


def test_a_lost_length_loses_one_message_only():
    stream = b'X: 1\r\n\r\n{"lost": 1}' + frame(b"kept")
    error, kept = Framer().feed(stream)
    assert isinstance(error, FrameError)
    assert not error.fatal
    assert kept == b"kept"


def test_a_length_that_is_no_number_is_no_length():
    for value in (b"x", b"-1", b"1.5", b"0x10", b"9" * 30, b""):
        [error] = Framer().feed(b"Content-Length: " + value + b"\r\n\r\n")
        assert isinstance(error, FrameError), value


def test_too_large_is_fatal_and_nothing_is_read_after_it():
    framer = Framer()
    [error] = framer.feed(b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + frame(b"{}"))
    assert isinstance(error, FrameError)
    assert error.fatal
    assert list(framer.feed(frame(b"{}"))) == []


def test_a_header_without_end_is_fatal():
    framer = Framer()
    assert list(framer.feed(b"x" * MAX_HEADER)) == []
    [error] = framer.feed(b"x")
    assert isinstance(error, FrameError)
    assert error.fatal
