"""Search/replace edits: applied in the one right place, or refused with the reason."""

import importlib.util
import random
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from samokoder.agents.edits.applier import Edited, Refused, edit

FILE = """\
import os


def area(width, height):
    total = width + height
    return total


class Shape:
    def area(self):
        if self.width:
            return self.width * self.height
        return None

    def name(self):
        label = 'shape'
        return label
"""


def check(search: str, replace: str, *changes: tuple[str, str], file: str = FILE) -> None:
    """The expected text is the file with ``changes`` made in turn."""
    expected = file
    for old, new in changes:
        assert expected.count(old) == 1, old
        expected = expected.replace(old, new)
    result = edit(file, search, replace, path="m.py")
    assert isinstance(result, Edited), result
    assert result.text == expected


def refused(search: str, replace: str, why: str, *, file: str = FILE, path: str = "m.py") -> None:
    result = edit(file, search, replace, path=path)
    assert isinstance(result, Refused), result
    assert why in result.reason


FIX = ("width + height", "width * height")
SEARCH = "def area(width, height):\n    total = width + height\n    return total\n"
REPLACE = SEARCH.replace(*FIX)


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        (SEARCH, REPLACE),
        (SEARCH.replace("\n", "  \n"), REPLACE.replace("\n", " \n")),
        (SEARCH.replace("\n", "\r\n"), REPLACE.replace("\n", "\r\n")),
        (SEARCH.replace("    ", "  "), REPLACE.replace("    ", "  ")),
        (SEARCH.replace("    ", "\t"), REPLACE.replace("    ", "\t")),
        (textwrap.indent(SEARCH, "    "), textwrap.indent(REPLACE, "    ")),
        (SEARCH.replace("return total", "retrun total"), REPLACE),
        (SEARCH.replace("urn total", "rn total"), REPLACE.replace("urn total", "rn total")),
        (f"import os\n\n{SEARCH}", f"import os\n\n{REPLACE}"),
        (SEARCH.replace("    total", "    check(width)\n    total"), REPLACE),
    ],
)
def test_drifted_context_does_not_matter(search: str, replace: str) -> None:
    check(search, replace, FIX)


def test_lines_the_model_merely_repeats_keep_their_bytes() -> None:
    file = "a = 1   \nb\t=\t2\nc = “3”\nd = 4\n"
    check('a = 1\nb = 2\nc = "3"\nd = 4\n', 'a = 1\nb = 2\nc = "3"\nd = 5\n', ("4", "5"), file=file)


def test_typography_of_the_file_stays() -> None:
    check(
        "label = ‘shape’\nreturn label\n",
        "label = ‘form’\nreturn label\n",
        ("'shape'", "'form'"),
    )
    file = "# the “old” way — slow\nx = 1\n"
    check(
        '# the "old" way - slow\nx = 1', '# the "new" way - slow\nx = 1', ("old", "new"), file=file
    )


def test_new_lines_get_the_file_s_indentation_and_line_ends() -> None:
    file = FILE.replace("\n", "\r\n")
    check(
        "if self.width:\n    return self.width * self.height\n",
        "if self.width:\n    self.seen = True\n    return self.width * self.height\n",
        ("if self.width:\r\n", "if self.width:\r\n            self.seen = True\r\n"),
        file=file,
    )


def test_a_missing_last_line_end_stays_missing() -> None:
    file = "a = 1\nb = 2"
    check("b = 2\n", "b = 3\n", ("b = 2", "b = 3"), file=file)
    check("b = 2\n", "b = 2\nc = 3\n", ("b = 2", "b = 2\nc = 3"), file=file)


def test_an_empty_file_can_be_filled() -> None:
    assert edit("", "", "x = 1\n") == Edited("x = 1\n")
    refused("", "x\n", "search text is empty")


@pytest.mark.parametrize(
    ("search", "replace", "why"),
    [
        ("def area", "def volume", "is in the file"),
        ("return nothing_like_this\n", "return 1\n", "is in the file"),
        (SEARCH, SEARCH, "changes nothing"),
        (SEARCH, REPLACE.replace("* height", "* (height"), "cannot be parsed"),
        ("    total = width - height\n", "    total = width * height\n", "differ"),
        ("label = 'shape'\n", "label = 'shape'\n  x = 1\n", "cannot be parsed"),
        (
            "def area(width, height):\n    return total\n",
            "def area(w, h):\n    x = 1\n",
            "leaves out",
        ),
    ],
)
def test_refused_with_a_reason(search: str, replace: str, why: str) -> None:
    result = edit(FILE, search, replace, path="m.py")
    assert isinstance(result, Refused), result
    assert why in result.reason


@pytest.mark.parametrize("drift", [str, str.lstrip, str.rstrip, lambda s: s.replace("x", "ex")])
def test_a_block_that_occurs_twice_is_refused(drift: object) -> None:
    file = "def f():\n    x = 1\n    return x\n\n\ndef g():\n    x = 1\n    return x\n"
    assert callable(drift)
    search = "".join(f"{drift(line)}\n" for line in ("    x = 1", "    return x"))
    refused(search, search.replace("1", "2"), "several places", file=file)
    nested = "x = 1\nif x:\n    x = 1\n"
    refused("x = 1\n", "x = 2\n", "several places", file=nested)


def test_a_line_tells_two_alike_blocks_apart() -> None:
    file = "def f():\n    x = 1\n    return x\n\n\ndef g():\n    x = 1\n    return x\n"
    check(
        "def g():\n  x = 1 \n  retrun x\n",
        "def g():\n  x = 2 \n  retrun x\n",
        ("g():\n    x = 1", "g():\n    x = 2"),
        file=file,
    )


def test_an_edit_made_before_is_not_made_again() -> None:
    done = FILE.replace(*FIX)
    refused(SEARCH, REPLACE, "already applied", file=done)
    add = "import os\nimport sys\n"
    refused("import os\n", add, "already applied", file=FILE.replace("import os\n", add))
    file = "import os\nimport sys\n\n\ndef a():\n    pass\n"
    head = "import os\nimport sys\n\n\ndef a():\n"
    refused(head.replace("import sys", "import re\nimport sys"), head, "already", file=file)


def test_where_new_lines_go_must_be_clear() -> None:
    """The search text leaves out the line between which and the next the new one would go."""
    file = "a_one()\nb_two()\nc_three()\nd_four()\ne_five()\n"
    refused("a_one()\nc_three()\n", "a_one()\nnew()\nc_three()\n", "leaves out", file=file)
    check(
        "a_one()\nc_three()\nd_four()\n",
        "a_one()\nc_three()\nnew()\nd_four()\n",
        ("c_three()\n", "c_three()\nnew()\n"),
        file=file,
    )

    three = "c_three()\nd_four()\ne_five()\n"
    refused(
        "a_one()\n" + three, "a_one()\nnew()\nc_3()\nd_four()\ne_five()\n", "leaves out", file=file
    )
    file = "a_one()\n\nb_two()\n\nc_three()\nd_four()\n"
    search = "a_one()\n\n\nc_three()\nd_four()\n"
    refused(search, search.replace("\n\n\n", "\n\n"), "among repeated", file=file)


def test_flattened_indentation_is_refused() -> None:
    search = "if self.width:\nreturn self.width * self.height\nreturn None\n"
    refused(search, search.replace("None", "0"), "indentation")


def test_other_languages_must_not_lose_a_bracket() -> None:
    file = 'function f() {\n  return "}";\n}\n'
    refused("}\n", "\n", "no partner", file=file, path="a.ts")
    check('  return "}";\n', '  return "]";\n', ('"}"', '"]"'), file=file)
    refused('{"a": 1}\n', '{"a": }\n', "cannot be parsed", file='{"a": 1}\n', path="a.json")


def test_a_file_that_was_broken_before_may_be_mended() -> None:
    check("def f(:\n", "def f():\n", ("(:", "():"), file="def f(:\n    pass\n")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks/edit_applier.py"
    spec = importlib.util.spec_from_file_location("edit_applier_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [1, random.SystemRandom().randrange(1 << 30)])
def test_drifted_edits_of_real_files(benchmark: ModuleType, seed: int) -> None:
    """None wrong, at least 98 % applied where an application is right."""
    wrong: list[object] = []

    def show(case: object, outcome: str, why: str) -> None:
        if outcome == "wrong":
            wrong.append(case)

    table = benchmark.run(seed, 150, show)
    assert not wrong, (seed, wrong[:1])
    assert benchmark.totals(table)[1] > 0.96, (seed, table)
