"""Imports, names and syntax: what L0 makes of small broken texts."""

import pytest

from samokoder.agents.repair import imports, names, syntax
from samokoder.agents.repair.imports import Import

SYNTAX = {
    "colon": ("def f(a)\n    return a\n", "def f(a):\n    return a\n"),
    "bracket": ("x = max(1, 2\nprint(x)\n", "x = max(1, 2)\nprint(x)\n"),
    "bracket before a colon": ("if f(1:\n    pass\n", "if f(1):\n    pass\n"),
    "quote": ("print('a)\n", "print('a')\n"),
    "equals": ("if a = 1:\n    pass\n", "if a == 1:\n    pass\n"),
    "two equals": ("if a = 1 and b = 2:\n    pass\n", "if a == 1 and b == 2:\n    pass\n"),
    "else if": ("if a:\n    b\nelse if c:\n    d\n", "if a:\n    b\nelif c:\n    d\n"),
    "increment": ("i++\n", "i += 1\n"),
    "and": ("if a && b:\n    c\n", "if a  and  b:\n    c\n"),
    "comment": ("x = 1 // the one\n", "x = 1 \n"),
    "keyword": ("def f():\n    retrun 1\n", "def f():\n    return 1\n"),
    "indentation": ("def f():\nreturn 1\n", "def f():\n    return 1\n"),
    "unexpected indent": ("a = 1\n    b = 2\n", "a = 1\nb = 2\n"),
    "smart quotes": ("print(“a”)\n", 'print("a")\n'),
    "another closing quote": ("print(['|\"])\n", "print(['|'])\n"),
    "equals in every condition": (
        "if a = 1:\n    b\nwhile c = 2:\n    d\n",
        "if a != 1:\n    b\nwhile c != 2:\n    d\n",
    ),
    "code between quotes": (
        "class A:\n''' def f(self):\n        return 1'''\n",
        "class A:\n    def f(self):\n        return 1\n",
    ),
    "no def": ("f(a, b):\n    return a\n", "def f(a, b):\n    return a\n"),
    "two errors": ("def f(a)\n    return (a\n", "def f(a):\n    return (a)\n"),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax_is_repaired(name: str) -> None:
    broken, right = SYNTAX[name]
    found = [r.text for r in syntax.repairs(broken)]
    assert found, "no repair was found"
    assert right.split() in [text.split() for text in found[:6]]
    for text in found:
        assert syntax.first_error(text) is None


def test_a_text_that_parses_is_left_alone() -> None:
    assert syntax.repairs("a = 1\n") == []


PLACED = {
    "no imports": ("x = 1\n", Import("math"), "import math\n\nx = 1\n"),
    "before a function": (
        "def f():\n    pass\n",
        Import("re"),
        "import re\n\n\ndef f():\n    pass\n",
    ),
    "after the docstring": (
        '"""Doc."""\n\nx = 1\n',
        Import("os"),
        '"""Doc."""\n\nimport os\n\nx = 1\n',
    ),
    "sorted": (
        "import ast\nimport re\n\nx\n",
        Import("os"),
        "import ast\nimport os\nimport re\n\nx\n",
    ),
    "from after import": (
        "import re\n\nx\n",
        Import("math", "pi"),
        "import re\nfrom math import pi\n\nx\n",
    ),
    "joined": (
        "from math import ceil, pi\n\nx\n",
        Import("math", "floor"),
        "from math import ceil, floor, pi\n\nx\n",
    ),
    "before third parties": (
        "import numpy\n\nx\n",
        Import("os"),
        "import os\n\nimport numpy\n\nx\n",
    ),
    "future stays first": (
        "from __future__ import annotations\n\nx = 1\n",
        Import("os"),
        "from __future__ import annotations\n\nimport os\n\nx = 1\n",
    ),
    "line ends": ("import re\r\n\r\nx\r\n", Import("os"), "import os\r\nimport re\r\n\r\nx\r\n"),
}


@pytest.mark.parametrize("name", PLACED)
def test_imports_go_where_sorted_imports_are(name: str) -> None:
    text, wanted, right = PLACED[name]
    assert imports.added(text, [wanted]) == right


def test_sources_prefer_the_project_and_need_one_definition() -> None:
    texts = {"a.py": "def sqrt(x):\n    return x\n", "b.py": "y = sqrt(2)\n"}
    places = imports.definitions(texts, ["sqrt"])
    assert imports.sources("sqrt", "b.py", places)[0] == Import("a", "sqrt")
    twice = {**texts, "c.py": "def sqrt(x):\n    return x\n"}
    places = imports.definitions(twice, ["sqrt"])
    assert imports.sources("sqrt", "b.py", places) == [Import("math", "sqrt")]
    assert imports.sources("defaultdict", "b.py", {}) == [Import("collections", "defaultdict")]
    assert imports.sources("np", "b.py", {}) == [Import("numpy", "", "np")]
    assert imports.sources("nowhere_to_be_found", "b.py", {}) == []


def test_a_stale_import_follows_its_symbol() -> None:
    text = "from old import area\n\nprint(area(1))\n"
    texts = {"main.py": text, "shapes.py": "def area(r):\n    return r\n"}
    places = imports.definitions(texts, ["area"])
    found = imports.moved(text, "old", places, texts, "main.py")
    assert found[0][0] == text.replace("from old", "from shapes")


def test_misspelt_names() -> None:
    text = "def f(width):\n    return widht * 2\n"
    found = [new for new, _ in names.repairs(text, 2, "NameError: name 'widht' is not defined")]
    assert found[0] == text.replace("widht", "width")
    text = "x = [1]\nx.apend(2)\n"
    message = "'list' object has no attribute 'apend'. Did you mean: 'append'?"
    assert next(names.repairs(text, 2, message))[0] == text.replace("apend", "append")
