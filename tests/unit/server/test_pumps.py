"""Copies between pipes and a socket, and the exit code at the end."""

import os
import socket
import threading
from collections.abc import Callable

import pytest

from samokoder.server import pumps


def received(send: Callable[[socket.socket], None]) -> tuple[bytes, int]:
    """What arrives on the editor's side, and the code."""
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    got: list[bytes] = []

    def collect() -> None:
        while chunk := os.read(read, 1 << 16):
            got.append(chunk)

    reader = threading.Thread(target=collect)
    sender = threading.Thread(target=lambda: (send(theirs), theirs.close()))
    reader.start()
    sender.start()
    code = pumps.daemon_to_editor(ours, write)
    os.close(write)
    for thread in (sender, reader):
        thread.join()
    os.close(read)
    ours.close()
    return b"".join(got), code


@pytest.mark.parametrize("code", [0, 1])
def test_the_code_at_the_end_is_not_part_of_the_stream(code):
    assert received(lambda s: s.sendall(b"abc\0%d" % code)) == (b"abc", code)


def test_the_code_may_come_in_pieces():
    def send(sock: socket.socket) -> None:
        for piece in (b"abc", b"\0", b"0"):
            sock.sendall(piece)
            threading.Event().wait(0.02)

    assert received(send) == (b"abc", 0)


def test_no_code_is_a_failure():
    assert received(lambda s: s.sendall(b"abc")) == (b"abc", 1)


def test_a_large_stream_arrives_whole():
    data = bytes(range(1, 256)) * 20_000
    assert received(lambda s: s.sendall(data + b"\0" + b"0")) == (data, 0)


def test_the_editors_end_is_passed_on():
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    os.write(write, b"bytes")
    os.close(write)
    pumps.editor_to_daemon(read, ours)
    assert theirs.recv(100) == b"bytes"
    assert theirs.recv(100) == b""
    os.close(read)
    ours.close()
    theirs.close()


def test_a_daemon_that_is_gone_is_no_exception():
    ours, theirs = socket.socketpair()
    theirs.close()
    read, write = os.pipe()
    os.write(write, b"bytes")
    os.close(write)
    pumps.editor_to_daemon(read, ours)
    os.close(read)
    ours.close()
