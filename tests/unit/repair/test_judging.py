"""The search may change the product, never what judges it (R8)."""

from samokoder.agents.repair.judging import judging_lines

HELPER = """\
import unittest


def close(one, other):
    return abs(one - other) < 1e-6
"""
SCRIPT = """\
import unittest


def double(x):
    return x * 3


def check_even(x):
    if x % 2:
        raise AssertionError(x)


class DoubleTest(unittest.TestCase):
    def test_two(self):
        check_even(double(2))
"""


def test_a_module_of_helpers_judges_as_a_whole() -> None:
    assert judging_lines(HELPER) == frozenset(range(1, 7))


def test_in_a_script_only_the_tests_judge() -> None:
    found = judging_lines(SCRIPT)
    assert not found & {4, 5}, "the product may change"
    assert {8, 9, 10, 13, 14, 15} <= found


def test_product_code_does_not_judge() -> None:
    text = (
        "def verify(name):\n    return bool(name)\n\n\ndef area(a):\n    assert a\n    return a\n"
    )
    assert judging_lines(text) == frozenset()
    assert judging_lines("def broken(:\n") == frozenset()
