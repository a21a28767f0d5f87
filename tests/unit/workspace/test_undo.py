"""Undo: exactly one change goes, everyone else's text stays byte for byte, or it says why not."""

import random
from collections import Counter
from dataclasses import dataclass

import pytest

from samokoder.agents.workspace import text
from samokoder.agents.workspace.undo import Span, revert, spans, without

BASE = b"".join(b"%d\n" % n for n in range(1, 13))


def test_one_hunk_of_several_is_taken_back() -> None:
    after = BASE.replace(b"2\n", b"two\n", 1).replace(b"7\n", b"seven\nand a half\n")
    first, second = spans(BASE, after)
    assert without(BASE, after, [first, second]) == BASE
    now = after.replace(b"5\n", b"five, by the user\n")
    assert revert(BASE, after, now, [first]).content == now.replace(b"two", b"2")
    assert revert(BASE, after, now).content == BASE.replace(b"5\n", b"five, by the user\n")


def test_later_edits_of_the_same_lines_are_left_alone() -> None:
    after = BASE.replace(b"7\n", b"seven\n")
    now = after.replace(b"seven\n", b"seven and more\n")
    reverted = revert(BASE, after, now)
    assert reverted.content == now
    assert "line 7" in reverted.conflict
    assert reverted.clashes[0].theirs == b"seven and more\n"


def test_undoing_twice_changes_nothing_more() -> None:
    after = BASE.replace(b"7\n", b"seven\n")
    assert revert(BASE, after, BASE).content == BASE


def test_what_was_changed_is_on_record_and_not_guessed() -> None:
    """Compared anew, the two texts would seem to differ by a brace that others took out."""
    before, after = b"10\n\n}\n\n\nend\n", b"10\n}\n\nB\n\n\nend\n"
    taken = [Span((3, 4), (3, 3)), Span((7, 7), (6, 9))]
    assert without(before, after, taken) == before
    now = b"10\n\nB\nuser\n\n\nend\n"
    content = revert(before, after, now, taken).content
    assert content is not None
    assert b"}" not in content


@pytest.mark.parametrize(
    ("before", "after", "now", "content", "conflict"),
    [
        (None, b"new\n", b"new\n", None, ""),
        (None, b"new\n", None, None, ""),
        (None, b"new\n", b"new\ntyped\n", b"new\ntyped\n", "changed since"),
        (b"old\n", None, None, b"old\n", ""),
        (b"old\n", None, b"old\n", b"old\n", ""),
        (b"old\n", None, b"other\n", b"other\n", "is there"),
        (b"old\n", b"new\n", None, None, "gone"),
    ],
)
def test_files_made_and_deleted(
    before: bytes | None,
    after: bytes | None,
    now: bytes | None,
    content: bytes | None,
    conflict: str,
) -> None:
    reverted = revert(before, after, now)
    assert reverted.content == content
    assert conflict in reverted.conflict and bool(conflict) == bool(reverted.conflict)


@dataclass
class Change:
    who: str
    before: bytes
    after: bytes


def altered(lines: list[str], tag: str, dice: random.Random) -> list[str]:
    """Some lines added, replaced or deleted, the new ones with a tag of their own."""
    out = [*lines]
    for n in range(dice.randint(1, 3)):
        at = dice.randrange(len(out) + 1)
        kind = dice.choice("iirrd")
        new = [f"{tag}.{n}\n"] + ["\n"] * (dice.random() < 0.3)
        if kind == "i" or at == len(out):
            out[at:at] = new
        elif kind == "r":
            out[at : at + dice.randint(1, 2)] = new
        else:
            del out[at]
    return out


@pytest.mark.parametrize("seed", [*range(5), random.SystemRandom().randrange(1 << 30)])
def test_any_subset_in_any_order(seed: int) -> None:
    """R1: two runs and a user take turns on one file; then changes of the runs are taken back."""
    dice = random.Random(seed)
    undone = 0
    for _ in range(150):
        now = [dice.choice(["\n", "}\n", f"{n}\n", f"{n}\n"]) for n in range(dice.randint(4, 30))]
        changes: list[Change] = []
        for turn in range(dice.randint(2, 8)):
            who = dice.choice(["A", "B", "user"])
            new = altered(now, f"{who}{turn}", dice)
            changes.append(Change(who, "".join(now).encode(), "".join(new).encode()))
            now = new
        data = "".join(now).encode()
        ours = [c for c in changes if c.who != "user"]
        for change in dice.sample(ours, dice.randint(0, len(ours))):
            every = spans(change.before, change.after)
            taken = dice.sample(every, dice.randint(1, len(every))) if every else []
            reverted = revert(change.before, change.after, data, taken)
            if reverted.conflict:
                assert reverted.content == data
                continue
            assert reverted.content is not None
            undone += 1
            same(change, taken, data, reverted.content, seed)
            data = reverted.content
    assert undone > 100


def same(change: Change, taken: list[Span], old: bytes, new: bytes, seed: int) -> None:
    """Only lines of these spans went and came; the others' are all there in their old order."""
    was, is_now = text.byte_lines(old), text.byte_lines(new)
    gone = [x for s in taken for x in text.byte_lines(change.after[slice(*s.after)])]
    back = [x for s in taken for x in text.byte_lines(change.before[slice(*s.before)])]
    count, gone_count, back_count = Counter(is_now), Counter(gone), Counter(back)
    for line in {*was, *is_now}:
        # somebody may have taken a line out, or put it back, already
        low = was.count(line) - gone_count[line]
        assert low <= count[line] <= was.count(line) + back_count[line], (seed, line)
    once = {x for x in was if b"." in x and was.count(x) == 1 and x not in back}
    assert not [x for x in is_now if x in once and x in gone], seed
    others = [x for x in was if x in once and x not in gone]
    assert [x for x in is_now if x in once] == others, seed
