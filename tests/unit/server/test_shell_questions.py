"""Answers typed in a shell: a number or the beginning of the words is enough."""

import os
import pty
import threading

import anyio
import pytest

from samokoder.server.cli.call import ShellCall, meant

OPTIONS = ("Always in this workspace", "Only now", "No")


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        ("1", OPTIONS[0]), ("3", "No"), ("no", "No"), (" only ", "Only now"), ("al", OPTIONS[0]),
        ("0", None), ("4", None), ("", None), ("y", None), ("Always in this workspace", OPTIONS[0]),
    ],
)  # fmt: skip
def test_what_was_typed(typed: str, option: str | None) -> None:
    assert meant(typed, OPTIONS) == option


def test_two_that_begin_alike_are_not_guessed() -> None:
    assert meant("run", ("Run it", "Run it with network access", "No")) is None
    assert meant("run it", ("Run it", "Run it with network access", "No")) == "Run it"


@pytest.mark.parametrize(("keys", "answer"), [(b"what\n2\n", "Only now"), (b"\x04", None)])
def test_asked_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, keys: bytes, answer: str | None
) -> None:
    """The end of input is no answer: what waits for one waits on."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def type_in() -> None:
        while b"3  No" not in b"".join(shown):
            shown.append(os.read(ours, 1000))
        os.write(ours, keys)

    with open(theirs, "r+b", buffering=0) as terminal:
        read, write = os.fdopen(os.dup(theirs)), os.fdopen(os.dup(theirs), "w")
        monkeypatch.setattr("sys.stdin", read)
        monkeypatch.setattr("sys.stdout", write)
        monkeypatch.setattr("sys.stderr", write)
        typist = threading.Thread(target=type_in)
        typist.start()
        found = anyio.run(ShellCall(None).choose, "Allow it?", OPTIONS)
        typist.join()
        assert not terminal.closed
    monkeypatch.undo()
    read.close()
    write.close()
    os.close(ours)
    assert found == answer
