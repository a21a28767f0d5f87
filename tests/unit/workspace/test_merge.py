"""Three-way merge: nothing of either side is lost, and what has no clear order is a conflict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.workspace import text
from samokoder.agents.workspace.merge import merge

ATOMS = ["a\n", "b\n", "c\n", "\n", "x\r\n", "y\r", "tail"]
TEXTS = st.lists(st.sampled_from(ATOMS), max_size=10).map(lambda parts: "".join(parts).encode())
BASE = "".join(f"{n}\n" for n in range(1, 10))


def check(base: str, ours: str, theirs: str, expected: str | None) -> None:
    """``expected`` is the merged text, None for a conflict."""
    merged = merge(base.encode(), ours.encode(), theirs.encode())
    assert merged.content == (expected.encode() if expected is not None else None)
    assert bool(merged.clashes) == (expected is None)


def test_changes_in_different_places_are_both_there() -> None:
    ours = BASE.replace("2\n", "two\n")
    theirs = BASE.replace("8\n", "")
    check(BASE, ours, theirs, ours.replace("8\n", ""))


def test_the_same_change_on_both_sides_counts_once() -> None:
    both = BASE.replace("5\n", "five\nand more\n")
    check(BASE, both.replace("1\n", "one\n"), both, both.replace("1\n", "one\n"))


def test_different_changes_of_one_line_conflict_and_both_are_kept() -> None:
    merged = merge(b"a\nb\nc\n", b"a\nB1\nc\n", b"a\nB2\nc\n")
    assert merged.content is None
    (clash,) = merged.clashes
    assert (clash.line, clash.base, clash.ours, clash.theirs) == (2, b"b\n", b"B1\n", b"B2\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("1\nA\n3\n", "1\n2\nB\n", "1\nA\nB\n"),  # neighbours, line for line
        ("1\nA\n2\n3\n", "1\nB\n2\n3\n", None),  # two insertions at one point
        ("1\nA\n2\n3\n", "1\nTWO\n3\n", "1\nA\nTWO\n3\n"),  # insertion before a changed line
        ("1\n2\nA\n3\n", "1\nTWO\n3\n", "1\nTWO\nA\n3\n"),  # insertion after it
        ("1\n2\nA\n3\n", "1\nTWO\nB\n3\n", None),  # both add after line 2
        ("1\n2\nA\n3\n", "1\n3\n", "1\nA\n3\n"),  # insertion beside a deletion
        ("1\nX\nY\n", "1\n3\n", None),  # a change of what the other deleted
        ("", "1\n2\n3\n4\n", "4\n"),  # all deleted, one appended
        ("", "1\n2\nx\n3\n", None),  # all deleted, one added inside
    ],
)
def test_neighbouring_changes(ours: str, theirs: str, expected: str | None) -> None:
    check("1\n2\n3\n", ours, theirs, expected)


def test_an_insertion_that_could_stand_elsewhere_claims_all_these_lines() -> None:
    check("f\n\ng\n", "f\n\n\ng\n", "f\nnew\n\ng\n", None)
    check("a\na\nb\nz\n", "a\nb\nz\n", "a\nx\na\nb\nz\n", None)


def test_lines_are_never_glued_together() -> None:
    check("a\n", "a", "a\nb\n", None)
    check("x\ny\n", "x\ry\n", "x\n\ny\n", None)


@given(TEXTS, TEXTS)
def test_one_silent_side_changes_nothing(base: bytes, side: bytes) -> None:
    assert merge(base, side, base).content == side
    assert merge(base, base, side).content == side
    assert merge(base, side, side).content == side


@given(TEXTS, TEXTS, TEXTS)
def test_the_sides_are_equals(base: bytes, ours: bytes, theirs: bytes) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.content == other.content
    assert [(c.ours, c.theirs) for c in one.clashes] == [(c.theirs, c.ours) for c in other.clashes]
    assert (one.content is None) == bool(one.clashes)


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    """A base of distinct and repeated lines and two sides that add tagged lines and delete."""
    base = draw(
        st.lists(st.sampled_from(["\n", "}\n", *(f"{n}\n" for n in range(8))]), max_size=12)
    )

    def side(tag: str) -> list[str]:
        out: list[str] = []
        for n, line in enumerate(base):
            what = draw(st.sampled_from("kkkkkkadc"))
            out += {
                "k": [line],
                "a": [f"{tag}{n}\n", line],
                "d": [],
                "c": [f"{tag}{n}\n"],
            }[what]
        return out

    return base, side("A"), side("B")


@given(sides())
def test_what_either_side_added_is_there_once_and_in_order(
    case: tuple[list[str], list[str], list[str]],
) -> None:
    base, ours, theirs = case
    merged = merge(*("".join(lines).encode() for lines in (base, ours, theirs))).content
    if merged is None:
        return
    found = text.lines(merged.decode())
    for tag, side in (("A", ours), ("B", theirs)):
        assert [x for x in found if x[0] == tag] == [x for x in side if x[0] == tag]
    for line in set(base):
        gone = 2 * base.count(line) - ours.count(line) - theirs.count(line)
        assert base.count(line) - gone <= found.count(line) <= base.count(line)
