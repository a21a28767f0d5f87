"""Hunks and text edits: they lead exactly from one text to the other, and are small."""

import random
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.workspace import diff, text

ATOMS = ["a\n", "b\n", "c\n", "\n", "x\r\n", "y\r", "long line of text\n", "d"]
TEXTS = st.lists(st.sampled_from(ATOMS), max_size=14).map("".join)


def patched(before: bytes, hunks: tuple[diff.Hunk, ...]) -> bytes:
    out, at = b"", 0
    for hunk in hunks:
        assert before[hunk.offset : hunk.offset + len(hunk.before)] == hunk.before
        out += before[at : hunk.offset]
        assert len(out) == hunk.new_offset
        out += hunk.after
        at = hunk.offset + len(hunk.before)
    return out + before[at:]


@given(TEXTS, TEXTS)
def test_hunks_lead_from_one_content_to_the_other(before: str, after: str) -> None:
    a, b = before.encode(), after.encode()
    found = diff.hunks(a, b)
    assert patched(a, found) == b
    for one, other in pairwise(found):
        assert one.end < other.start, "neighbouring hunks are one hunk"
    assert found == diff.hunks(a, b)


@given(TEXTS, TEXTS)
def test_edits_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    out, at = "", 0
    for edit in diff.edits(before, after):
        assert at <= edit.start <= edit.end
        for end in (edit.start, edit.end):
            assert before[end - 1 : end + 1] != "\r\n" or end == 0, "an end inside a line end"
        out += before[at : edit.start] + edit.text
        at = edit.end
    assert out + before[at:] == after


def test_an_edit_is_as_small_as_the_change() -> None:
    (edit,) = diff.edits("α = 1\nβ = 20\n", "α = 1\nβ = 25\n")
    assert (edit.start, edit.end, edit.text) == (11, 12, "5")


def test_one_line_in_a_big_file_costs_little() -> None:
    lines = [f"line {n % 997} of {n // 3}\n" for n in range(60_000)]
    changed = [*lines]
    changed[31_000] = "changed\n"
    changed[59_000:59_000] = ["new\n"]
    before, after = "".join(lines).encode(), "".join(changed).encode()
    start = time.process_time()
    found = diff.hunks(before, after)
    assert [h.after for h in found] == [b"changed\n", b"new\n"]
    assert time.process_time() - start < 2


def test_unrelated_big_files_do_not_explode() -> None:
    dice = random.Random(1)
    before = "".join(f"{dice.randrange(40)}\n" for _ in range(20_000)).encode()
    after = "".join(f"{dice.randrange(40)}\n" for _ in range(20_000)).encode()
    start = time.process_time()
    assert patched(before, diff.hunks(before, after)) == after
    assert time.process_time() - start < 5


def test_a_diff_for_people() -> None:
    before = b"".join(b"%d\n" % n for n in range(1, 21))
    after = before.replace(b"3\n", b"three\n", 1).replace(b"20\n", b"20")
    assert diff.unified("f.txt", before, after) == (
        "--- a/f.txt\n+++ b/f.txt\n@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+three\n 4\n 5\n 6\n"
        "@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+20\n\\ No newline at end of file\n"
    )
    assert diff.unified("n", None, b"x\n") == "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n"


def test_a_long_diff_is_cut_after_a_whole_line() -> None:
    assert diff.bounded("aaaa\nbbbb\ncccc\n", 11) == "aaaa\nbbbb\n… 1 more lines\n"
    assert diff.bounded("aaaa\n", 11) == "aaaa\n"


def test_only_editor_line_ends_count() -> None:
    assert text.lines("a\x0cb\n") == ["a\x0cb\n"]
    (hunk,) = diff.hunks(b"a\x0cb\nc\n", b"a\x0cb\nd\n")
    assert (hunk.start, hunk.before) == (1, b"c\n")
