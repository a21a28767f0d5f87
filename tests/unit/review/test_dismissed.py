"""The file of dismissals: read strictly, written without losing what others wrote (R9)."""

import pytest

from samokoder.agents.errors import InvalidInput
from samokoder.agents.review import dismissed
from samokoder.state.dismissals import Dismissal


def one(name: str, reason: str = "why") -> Dismissal:
    return Dismissal(name, "b", "a", "p.py", 3, 'q = "x"\n\ty', "r", "m", reason)


def test_what_is_written_is_read_again() -> None:
    data = dismissed.added(b"", [one("f1"), one("f2", 'because of "this" ё\n')])
    assert dismissed.parse(data) == (one("f1"), one("f2", 'because of "this" ё\n'))
    assert data.startswith(b"# Findings this project does not want to hear of")


def test_comments_and_other_entries_stay() -> None:
    data = dismissed.added(b"", [one("f1"), one("f2")])
    data = b"# by hand\n" + data.replace(b'fingerprint = "f1"', b'fingerprint = "f1" # mine')
    again = dismissed.added(data, [one("f2", "better")])
    assert again.startswith(b"# by hand\n")
    assert b"# mine" in again
    assert [(d.fingerprint, d.reason) for d in dismissed.parse(again)] == [
        ("f1", "why"),
        ("f2", "better"),
    ]
    left = dismissed.removed(again, "f1")
    assert [d.fingerprint for d in dismissed.parse(left)] == ["f2"]
    none = dismissed.removed(left, "f2")
    assert dismissed.parse(none) == ()
    assert dismissed.removed(none, "f2") == none
    assert dismissed.parse(dismissed.added(none, [one("f3")])) == (one("f3"),)


@pytest.mark.parametrize(
    "data",
    [
        b"dismissal = 5",
        b"[[dismissal]]\n",
        b"[[dismissal]]\nfingerprint = 5\n",
        b'[[dismissal]]\nfingerprint = "x"\nsurprise = 1\n',
        b"\xff\xfe",
        b"[[",
        b"x" * (2 << 20),
    ],
)
def test_what_is_not_right_is_refused_and_never_overwritten(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"dismissals\.toml"):
        dismissed.parse(data)
    with pytest.raises(InvalidInput):
        dismissed.added(data, [one("f")])
