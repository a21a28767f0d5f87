"""Which examples are read from documentation, and as what."""

import pytest

from samokoder.agents.review import pyfile
from samokoder.agents.review.defects.examples import examples


def read(doc: str, head: str = "def f(a, b=0):") -> list[tuple[str, str | None]]:
    """The last step of each example in a function's docstring."""
    file = pyfile.read("a.py", f"{head}\n    '''{doc}\n    '''\n    return a\n")
    assert file is not None
    return [(e.last.source, e.last.want) for e in examples(file)]


@pytest.mark.parametrize(
    ("doc", "source", "want"),
    [
        (">>> f(1)\n    2", "f(1)", "2"),
        (">>> f(1) == 2", "f(1) == 2", "True"),
        ("f(1) == 2", "f(1)", "2"),
        ("f([1, 2]) => [2,\n      3]", "f([1, 2])", "[2,\n      3]"),
        ("f('a') ➞ 'b'", "f('a')", "'b'"),
        ("f(1) ==> 2 # because", "f(1)", "2"),
        ("For example, f(1) returns 2.", "f(1)", "2"),
        ("* f(1) should return -1", "f(1)", "-1"),
        ("f(3) -> true", "f(3)", "True"),
        ("assert f(1) == {'a': 1}", "f(1)", "{'a': 1}"),
        ("Input: a = 3\n    Output: 4", "f(a = 3)", "4"),
        ("For a = [1, 2] the output should be 5", "f(a = [1, 2])", "5"),
        ("f(a=1, b=2) = 3", "f(a=1, b=2)", "3"),
    ],
)
def test_read(doc: str, source: str, want: str) -> None:
    assert read(doc) == [(source, want)]


@pytest.mark.parametrize(
    "doc",
    [
        "f(n) -> f(n-1) + f(n-2)",
        "f(1) returns the next one",
        "f(1) == 2 + x",
        "f(1) == 2 or 3",
        ">>> f(undefined)\n    2",
        ">>> f(1)\n    Traceback (most recent call last):\n    ValueError",
        ">>> f(1)\n    [1, ..., 9]",
        "g(1) == 2",
        "f(1 == 2",
    ],
)
def test_left_alone(doc: str) -> None:
    assert read(doc) == []


def test_steps_before_an_example_belong_to_it() -> None:
    file = pyfile.read("a.py", "def f(a):\n    '''\n    >>> x = 1\n    >>> f(x)\n    2\n    '''\n")
    assert file is not None
    (found,) = examples(file)
    assert [(s.source, s.want) for s in found.steps] == [("x = 1", None), ("f(x)", "2")]
    assert found.line == 4


def test_documentation_behind_the_code() -> None:
    file = pyfile.read(
        "a.py", 'def f(a):\n    return a\n\n"""\nExample:\n    >>> f(1)\n    2\n"""\n'
    )
    assert file is not None
    assert [e.line for e in examples(file)] == [6]
