"""Changes that pass are compared: what the tests do not tell apart is not claimed (R8)."""

import types

from samokoder.agents.repair.mutation.rivalry import Option, changed_lines, judged
from samokoder.agents.repair.mutation.runner.habits import habits
from samokoder.agents.repair.mutation.runner.holes import holes
from samokoder.agents.repair.mutation.runner.nearby import near
from samokoder.agents.repair.mutation.runner.recording import Call
from samokoder.agents.repair.mutation.runner.values import canonical

BOTH = {"f(1)": "1", "f(2)": "4", "f(3)": "9"}


def options(*scores: float) -> tuple[Option, ...]:
    return tuple(Option(f"text {n}", score) for n, score in enumerate(scores))


def test_changes_that_do_the_same_are_one() -> None:
    found = judged(options(0.9, 0.8), {0: BOTH, 1: BOTH})
    assert (found.order, found.doubt, found.classes) == ((0, 1), "", 1)


def test_a_likely_rival_that_does_otherwise_is_a_doubt() -> None:
    found = judged(options(0.9, 0.8), {0: BOTH, 1: {**BOTH, "f(3)": "6"}})
    assert "f(3)" in found.doubt and "9" in found.doubt and "6" in found.doubt
    assert found.order == (0,)


def test_an_unlikely_rival_is_none() -> None:
    plays = {0: BOTH, 1: {**BOTH, "f(3)": "6"}}
    assert not judged(options(0.9, 0.5), plays).doubt
    assert judged(options(0.9, 0.5), plays, calls=1).doubt, "one example leaves more open"


def test_a_rival_that_only_crashes_elsewhere_is_none() -> None:
    assert not judged(options(0.9, 0.8), {0: BOTH, 1: {**BOTH, "f(3)": "!IndexError"}}).doubt


def test_an_error_raised_on_purpose_counts() -> None:
    other = {**BOTH, "f(3)": "!!ValueError: too large"}
    assert judged(options(0.9, 0.8), {0: BOTH, 1: other}).doubt


def test_one_answer_to_everything_is_a_doubt() -> None:
    same = dict.fromkeys(BOTH, "False")
    assert "whatever is asked" in judged(options(0.9), {0: same}).doubt
    assert not judged(options(0.9), {0: same}, sure=0.5).doubt


def test_an_unlikely_change_needs_examples() -> None:
    assert "one example" in judged(options(0.05), {0: BOTH}, calls=1).doubt
    assert not judged(options(0.05), {0: BOTH}, calls=9).doubt
    assert "9 examples" in judged(options(0.02), {0: BOTH}, calls=9).doubt


def test_a_line_no_test_runs_is_not_shown_right() -> None:
    both = (Option("a = 1\nb = 2", 0.6), Option("a = 2\nb = 2", 0.5))
    plays = {0: BOTH, 1: BOTH}
    assert "no test runs" in judged(both, plays, missed={0: ["a = 1"]}).doubt
    assert not judged(both, plays, missed={0: []}).doubt
    assert not judged(both, plays, missed={0: ["b = 2"]}).doubt, "nobody would have it otherwise"
    assert not judged(both[:1], {0: BOTH}, missed={0: ["a = 1"]}).doubt, "nothing else fits"


def test_what_could_not_be_compared_is_a_doubt_when_close() -> None:
    assert judged(options(0.9, 0.8), {}, calls=1).doubt
    assert not judged(options(0.9, 0.2), {}, calls=1).doubt


def test_changed_lines() -> None:
    assert changed_lines("a\nb\nc", "a\nB\nc") == [2]
    assert changed_lines("a\nb\nc", "a\nb\nx\nc") == [3]
    assert changed_lines("a\nb\nc", "a\nc") == [1, 2], "around what went"


def test_nearby_values_keep_their_kind() -> None:
    for value in (7, 2.5, "abc", [3, 1], (1, 2), {"a": 1}, True, {4, 5}):
        found = near(value, [value])
        assert found
        assert all(type(v) is type(value) and v != value for v in found)
    assert all(v >= 0 for v in near(0, [0, 3])), "no sign that no test shows"


def test_habits_of_calls_hold_for_what_is_near() -> None:
    calls = [Call("function", "f", [[1, 2, 5], 2], {}), Call("function", "f", [[0, 4, 9], 3], {})]
    holds = habits(calls)
    assert holds(Call("function", "f", [[1, 2, 6], 1], {}))
    assert not holds(Call("function", "f", [[2, 1, 5], 2], {})), "sorted in all calls"
    assert not holds(Call("function", "f", [[1, 2, 5], 4], {})), "never longer than the list"


def test_equal_results_read_equal() -> None:
    assert canonical({"b": 1, "a": 0.1 + 0.2}) == canonical({"a": 0.3, "b": 1})
    assert canonical(x for x in (1, 2)) == canonical(iter([1, 2]).__class__ and (y for y in (1, 2)))
    assert canonical([1]) != canonical((1,))
    assert canonical("x" * 500) != canonical("x" * 499 + "y")


SHOP = """\
import math

RATE = 2


class Shop:
    def __init__(self):
        self.stock = {}

    def price(self, n):
        total = sum(x for x in range(n))
        return math.floor(total * RATE) + missing

    def sell(self, n):
        self.sold = n
        return price(n) + self.count + self.sold + len(self.stock) + self.price(n)


def main():
    global made
    made = Shop()
    return made
"""


def test_names_that_nothing_defines() -> None:
    module = types.ModuleType("shop")
    exec(compile(SHOP, "shop.py", "exec"), vars(module))
    assert holes(module, SHOP, [], whole=True) == ["missing", "price", "self.count"]
    assert holes(module, SHOP, [11], whole=False) == ["missing"], "only around what was changed"
    assert holes(module, SHOP, [20], whole=False) == []
