# ruff: noqa: E501  (a table of cases reads best with one case a line)
"""Honest fixes: none of them may be taken for a cheat.

Each case is (path, before, after) with the test that fails before as the evidence.
"""

import pytest

from samokoder.agents.repair.hardcoded import hardcoded, literals
from samokoder.agents.repair.weakening import weakened

TEST = """\
from app import *

def test_all():
    assert area(3, 4) == 12
    assert grade(91) == "A"
    assert fib(10) == 55
    assert greet("Ann") == "Hello, Ann!"
    assert days("feb") == 28
    assert load({}) is None
"""


def f(body: str) -> str:
    return "def area(w, h):\n" + "".join(f"    {line}\n" for line in body.split("|"))


HONEST: dict[str, tuple[str, str, str]] = {
    "operator": ("app.py", f("return w + h"), f("return w * h")),
    "comparison": ("app.py", f("return w < h"), f("return w <= h")),
    "off by one": ("app.py", f("return range(w)"), f("return range(w + 1)")),
    "base case zero": ("app.py", f("return area(w - 1, h)"), f("if w == 0:|    return 0|return area(w - 1, h)")),
    "base case one": ("app.py", f("return area(w - 1, h)"), f("if w <= 1:|    return 1|return area(w - 1, h)")),
    "guard empty": ("app.py", f("return w[0]"), f("if not w:|    return None|return w[0]")),
    "guard none": ("app.py", f("return w.x"), f("if w is None:|    return ''|return w.x")),
    "guard empty list": ("app.py", f("return max(w)"), f("if w == []:|    return 0|return max(w)")),
    "guard raises": ("app.py", f("return w / h"), f("if h == 0:|    raise ValueError('h')|return w / h")),
    "swapped arguments": ("app.py", f("return div(h, w)"), f("return div(w, h)")),
    "wrong variable": ("app.py", f("return w * w"), f("return w * h")),
    "missing return": ("app.py", f("w * h"), f("return w * h")),
    "missing import": ("app.py", f("return math.pi * w"), "import math\n\n\n" + f("return math.pi * w")),
    "unused import gone": ("app.py", "import os\n\n\n" + f("return w"), f("return w")),
    "syntax colon": ("app.py", "def area(w, h)\n    return w * h\n", f("return w * h")),
    "syntax bracket": ("app.py", f("return max(w, h"), f("return max(w, h)")),
    "indentation": ("app.py", "def area(w, h):\nreturn w * h\n", f("return w * h")),
    "misspelt name": ("app.py", f("return widht * h"), f("return w * h")),
    "constant corrected": ("app.py", "TAX = 15\n", "TAX = 12\n"),
    "greeting corrected": ("app.py", "def greet(name):\n    return f'Hi {name}'\n", "def greet(name):\n    return f'Hello, {name}!'\n"),
    "constant function corrected": ("app.py", "def hello():\n    return 'Goodbye'\n", "def hello():\n    return 'Hello, World!'\n"),
    "row of a table": (
        "app.py",
        "def grade(n):\n    if n == 70:\n        return 'C'\n    if n == 80:\n        return 'B'\n    return 'F'\n",
        "def grade(n):\n    if n == 70:\n        return 'C'\n    if n == 80:\n        return 'B'\n    if n == 91:\n        return 'A'\n    return 'F'\n",
    ),
    "row corrected": (
        "app.py",
        "def grade(n):\n    if n > 90:\n        return 'B'\n    return 'C'\n",
        "def grade(n):\n    if n > 90:\n        return 'A'\n    return 'C'\n",
    ),
    "threshold": ("app.py", "def grade(n):\n    return n > 95\n", "def grade(n):\n    return n > 90\n"),
    "loop bound": ("app.py", f("for i in range(1, w):|    h += i|return h"), f("for i in range(1, w + 1):|    h += i|return h")),
    "append instead of extend": ("app.py", f("w.append(h)|return w"), f("w.extend(h)|return w")),
    "copy of a default": ("app.py", "def area(w, h=[]):\n    h.append(w)\n    return h\n", "def area(w, h=None):\n    if h is None:\n        h = []\n    h.append(w)\n    return h\n"),
    "negation": ("app.py", f("if w:|    return h|return w"), f("if not w:|    return h|return w")),
    "and to or": ("app.py", f("return w and h"), f("return w or h")),
    "specific handler": ("app.py", f("return int(w)"), f("try:|    return int(w)|except ValueError:|    return 0")),
    "handler narrowed": ("app.py", f("try:|    return int(w)|except Exception:|    return 0"), f("try:|    return int(w)|except ValueError:|    return 0")),
    "handler that raises": ("app.py", f("return int(w)"), f("try:|    return int(w)|except Exception as e:|    raise ValueError(w) from e")),
    "equality by value": ("app.py", "class P:\n    x = 1\n", "class P:\n    x = 1\n\n    def __eq__(self, other):\n        return self.x == other.x\n"),
    "exit code": ("app.py", f("print(w)"), f("if not w:|    sys.exit(2)|print(w)")),
    "exit of main": ("app.py", "main()\n", "if __name__ == '__main__':\n    sys.exit(main())\n"),
    "await": ("app.py", "async def area(w):\n    return w()\n", "async def area(w):\n    return await w()\n"),
    "yield": ("app.py", f("return w"), f("yield w")),
    "string in a condition": ("app.py", f("if w == 'add':|    return h - 1"), f("if w == 'add':|    return h + 1")),
    "suppression removed": ("app.py", f("return w  # type: ignore"), f("return w")),
    "annotation": ("app.py", "def area(w: str) -> int:\n    return w\n", "def area(w: int) -> int:\n    return w\n"),
    "method call": ("app.py", f("return w.strip"), f("return w.strip()")),
    "slice": ("app.py", f("return w[1:h]"), f("return w[:h]")),
    "whole rewrite": ("app.py", f("x = w|for _ in range(h):|    x += w|return x"), f("return sum(w for _ in range(h))")),
    "dependency added": ("pyproject.toml", "[project]\nname='x'\n", "[project]\nname='x'\ndependencies=['httpx']\n"),
    "npm dependency": ("package.json", '{"scripts":{"test":"jest"}}', '{"scripts":{"test":"jest"},"dependencies":{"a":"1"}}'),
    "test import repaired": ("tests/test_app.py", "from ap import area\n\ndef test_a():\n    assert area(3, 4) == 12\n", "from app import area\n\ndef test_a():\n    assert area(3, 4) == 12\n"),
    "test gains an import": ("tests/test_app.py", "def test_a():\n    assert math.floor(2.5) == 2\n", "import math\n\n\ndef test_a():\n    assert math.floor(2.5) == 2\n"),
    "test name repaired": ("tests/test_app.py", "def test_a():\n    result = f()\n    assert resutl == 12\n", "def test_a():\n    result = f()\n    assert result == 12\n"),
    "test syntax repaired": ("tests/test_app.py", "def test_a()\n    assert f() == 12\n", "def test_a():\n    assert f() == 12\n"),
    "test bracket repaired": ("tests/test_app.py", "def test_a():\n    assert f(3, (4) == 12\n", "def test_a():\n    assert f(3, (4)) == 12\n"),
    "test added": ("tests/test_app.py", "def test_a():\n    assert f() == 12\n", "def test_a():\n    assert f() == 12\n\n\ndef test_b():\n    assert f() > 7\n"),
    "js": ("app.js", "function f(a){ return a + 1 }\n", "function f(a){ return a - 1 }\n"),
    "cpp": ("app.cpp", "int main() { return x }\n", "int main() { int x = 3; return x; }\n"),
    "readme": ("README.md", "run `pytst`\n", "run `pytest`\n"),
    "import order": ("conftest.py", "import sys\nimport os\n", "import sys\nimport os  # order\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_fix_is_not_refused(name: str) -> None:
    path, before, after = HONEST[name]
    assert before != after
    reasons = weakened(
        {path: before.encode()},
        {path: after.encode()},
        raised=frozenset({"TypeError"}),
        exists=lambda module: module == "app",
    )
    reasons += hardcoded(before, after, literals([TEST])) if path.endswith(".py") else ()
    assert reasons == ()


def test_there_are_forty() -> None:
    assert len(HONEST) >= 40
