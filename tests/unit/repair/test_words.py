"""A change against a function's own words is not claimed (R8)."""

from samokoder.agents.repair.mutation.words import contradicted

FIND = 'def find(sets):\n    """Keys that hold every word."""\n    return set.intersection(*sets)\n'
TOP = "def largest(items):\n    return max(items)\n"


def test_the_contrary_of_what_is_said() -> None:
    assert contradicted(FIND, FIND.replace("intersection", "union")) == "every"
    assert contradicted(TOP, TOP.replace("max", "min")) == "largest"


def test_towards_what_is_said_is_fine() -> None:
    wrong = FIND.replace("intersection", "union")
    assert contradicted(wrong, FIND) == ""
    assert contradicted(TOP, TOP.replace("items)\n", "items, default=0)\n")) == ""
    assert contradicted(TOP, "def broken(:") == ""
