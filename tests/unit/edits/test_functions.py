"""Whole functions from small models: the function that was asked for, its changed lines only."""

import textwrap

import pytest

from samokoder.agents.edits.applier import Edited, Refused
from samokoder.agents.edits.functions import replace_function

FILE = '''\
"""Module."""

import os
from typing import Any


def first(items: list[int]) -> int:
    """The first item."""
    # not the second
    return items[1]


class Box:
    @property
    def size(self):
        text = """
raw
"""
        if self.items:
            return len(self.items) + 1   # wrong
        return 0

    async def load(self, path, *, strict=False):
        return path


def outer():
    def inner(x):
        return x
    return inner
'''


def check(name: str, answer: str, *changes: tuple[str, str], file: str = FILE) -> None:
    expected = file
    for old, new in changes:
        assert old in expected
        expected = expected.replace(old, new, 1)
    result = replace_function(file, name, answer, path="m.py")
    assert isinstance(result, Edited), result
    assert result.text == expected


def refused(name: str, answer: str, why: str, file: str = FILE) -> None:
    result = replace_function(file, name, answer, path="m.py")
    assert isinstance(result, Refused)
    assert why in result.reason


FIX = ("return items[1]", "return items[0]")


@pytest.mark.parametrize(
    "answer",
    [
        "def first(items: list[int]) -> int:\n    return items[0]\n",
        'def first(items: list[int]) -> int:\n    """The first item."""\n    return items[0]',
        "def first(items: list[int]) -> int:\n  return items[0]\n",
        "def first(items: list[int]) -> int:\n\treturn items[0]\n",
        "    def first(items: list[int]) -> int:\n        return items[0]\n",
        "def first(items: list[int]) -> int:\r\n    return items[0]\r\n",
        "import os\n\ndef first(items: list[int]) -> int:\n    return items[0]\n\nprint(1)\n",
        FILE.replace(*FIX),
    ],
)
def test_only_the_changed_line_is_taken(answer: str) -> None:
    """Comments and docstrings the model left out stay, looks do not count."""
    check("first", answer, FIX)


SIZE = "            return len(self.items) + 1   # wrong\n"


METHOD = """\
@property
def size(self):
    text = \"\"\"
raw
\"\"\"
    if self.items:
        return len(self.items)
    return 0
"""
RAW = ("raw", '"""')


def moved(by: str, code: str) -> str:
    """The code further in; the inside of its string stays."""
    return "".join(x if x.startswith(RAW) else by + x for x in code.splitlines(True))


@pytest.mark.parametrize(
    "answer",
    [
        METHOD,
        METHOD.removeprefix("@property\n"),
        moved("    ", METHOD),
        "class Box:\n" + moved("  ", METHOD.replace("    ", "  ")),
    ],
)
def test_methods_with_or_without_their_class(answer: str) -> None:
    check("Box.size", answer, (SIZE, "            return len(self.items)\n"))


def test_strings_keep_their_lines() -> None:
    answer = 'def size(self):\n    text = """\nraw\n  more\n"""\n    return 0\n'
    result = replace_function(FILE, "Box.size", answer)
    assert isinstance(result, Edited)
    assert '        text = """\nraw\n  more\n"""\n        return 0\n' in result.text
    assert "    @property\n    def size" in result.text


def test_async_and_nested_functions() -> None:
    check(
        "Box.load",
        "async def load(self, path, *, strict=False):\n    return open(path)",
        ("return path", "return open(path)"),
    )
    check("outer.inner", "def inner(x):\n    return x + 1", ("return x\n", "return x + 1\n"))
    check("outer.<locals>.inner", "def inner(x):\n    return -x", ("return x\n", "return -x\n"))


def test_line_ends_and_a_missing_last_one_are_kept() -> None:
    file = FILE.replace("\n", "\r\n").removesuffix("\r\n")
    check("first", "def first(items: list[int]) -> int:\n    return items[0]\n", FIX, file=file)
    answer = "def outer():\n    def inner(x):\n        return x\n    return inner(1)\n"
    check("outer", answer, ("return inner", "return inner(1)"), file=file)


def test_tabs_stay_tabs() -> None:
    file = "class A:\n\tdef f(self):\n\t\tif self:\n\t\t\treturn 1\n\t\treturn 2\n"
    answer = "def f(self):\n    if self:\n        return 3\n    return 2\n"
    check("A.f", answer, ("return 1", "return 3"), file=file)


def test_new_imports_and_functions_come_along() -> None:
    answer = textwrap.dedent("""\
        import os
        import math
        import unused
        from typing import Any, Iterable

        def clamp(x):
            return helper(x)

        def helper(x):
            return math.floor(x)

        def test_first():
            assert first([1]) == 1

        def first(items: list[int]) -> int:
            return clamp(items[0])
        """)
    check(
        "first",
        answer,
        ("return items[1]", "return clamp(items[0])"),
        ("from typing import Any\n", "from typing import Any\nimport math\n"),
        (
            "def first",
            "def clamp(x):\n    return helper(x)\n\n\n"
            "def helper(x):\n    return math.floor(x)\n\n\ndef first",
        ),
    )


@pytest.mark.parametrize(
    ("name", "answer", "why"),
    [
        ("first", "def second(items):\n    return 1\n", "defines second instead of first"),
        ("first", "def test_first():\n    assert first([1]) == 1\n", "tests instead"),
        ("first", "assert first([1]) == 1\n", "tests instead"),
        ("first", "x = 1\n", "no function first"),
        ("first", "def first(items: list[int]) -> int:\n    return items[", "not valid Python"),
        ("first", "async def first(items):\n    return items[0]\n", "ordinary function"),
        ("Box.load", "def load(self, path, *, strict=False):\n    return 1\n", "must stay async"),
        ("first", "def first(things):\n    return things[0]\n", "parameters of first"),
        ("first", "def first(items, n):\n    return items[n]\n", "parameters of first"),
        (
            "Box.load",
            "async def load(path, *, strict=False):\n    return 1\n",
            "parameters of load",
        ),
        ("first", "def first(items: list[int]) -> int:\n    return items[1]\n", "already is"),
        ("third", "def third():\n    pass\n", "no function third"),
        ("first", "def first(items):\n    return 1\ndef first(items):\n    return 2\n", "2 times"),
    ],
)
def test_refused_with_a_reason(name: str, answer: str, why: str) -> None:
    refused(name, answer, why)


def test_parameters_may_be_added_with_defaults() -> None:
    check(
        "first",
        "def first(items: list[int], default=None, *, key=len) -> int:\n    return items[0]\n",
        FIX,
        ("(items: list[int])", "(items: list[int], default=None, *, key=len)"),
    )


def test_a_file_that_does_not_parse_is_refused() -> None:
    refused("f", "def f():\n    pass\n", "cannot be parsed", file="def f(:\n")


def test_a_name_defined_twice_is_refused() -> None:
    refused("f", "def f():\n    pass\n", "2 times", file="def f(): 1\n\ndef f(): 2\n")
