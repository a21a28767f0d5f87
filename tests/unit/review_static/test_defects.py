# ruff: noqa: E501  (a table of programs reads best with one pair a line)
"""Mistakes in small programs, each with a twin that is right: the first is told, the other not."""

import textwrap

import pytest

from samokoder.agents.review import finding, pyfile
from samokoder.agents.review.defects.source import analyse

PAIRS = [
    ("same-operands", "def f(a, b):\n    return a.x == a.x", "def f(a, b):\n    return a.x == b.x"),
    ("same-operands", "def f(a, b):\n    return a and b and a", "def f(a, b):\n    return a and b"),
    ("same-operands", "def f(a, b):\n    return a - a", "def f(a, b):\n    return f(a) - f(a)"),
    ("same-operands", "def f(a):\n    return a < a", "def f(a):\n    assert a == a"),
    ("repeated-test", "def f(a):\n    if a == 1:\n        return 1\n    elif a == 1:\n        return 2",
     "def f(a):\n    if a == 1:\n        return 1\n    elif a == 2:\n        return 2"),
    ("never-true", "def f(a):\n    return a < 3 and a > 5", "def f(a):\n    return a < 5 and a > 3"),
    ("never-true", "def f(a):\n    return a == 1 and a == 2", "def f(a):\n    return a == 1 or a == 2"),
    ("always-true", "def f(a):\n    return a != 1 or a != 2",
     "def f(a):\n    return a != 1 and a != 2"),
    ("always-true", "def f(a):\n    return a > 3 or a < 5", "def f(a):\n    return a > 5 or a < 3"),
    ("always-true", "def f(a):\n    if a == 'x' or 'y':\n        return 1",
     "def f(a):\n    if a == 'x' or a == 'y':\n        return 1"),
    ("always-true", "def f(a):\n    return len(a) >= 0", "def f(a):\n    return len(a) > 0"),
    ("method-not-called", "def f(a):\n    return a.lower == 'x'",
     "def f(a):\n    return a.lower() == 'x'"),
    ("none-used", "def f(a):\n    return a is None and a.x", "def f(a):\n    return a is None or a.x"),
    ("none-used", "def f(a):\n    return a is not None or a.x",
     "def f(a):\n    return a is not None and a.x"),
    ("function-not-called",
     "class A:\n    def ok(self): return 1\n    def f(self):\n        if self.ok:\n            return 1",
     "class A:\n    @property\n    def ok(self): return 1\n    def f(self):\n        if self.ok:\n"
     "            return 1"),
    ("endless-loop", "def f(n):\n    s = 0\n    while n > 0:\n        s += 1\n    return s",
     "def f(n):\n    s = 0\n    while n > 0:\n        s += 1\n        n -= 1\n    return s"),
    ("endless-loop", "def f(a):\n    d = a // 2\n    while d:\n        print(1)",
     "def f(a):\n    d = [a]\n    while d:\n        g()"),
    ("loop-moves-away", "def f(n):\n    i = 0\n    while i < n:\n        i -= 1",
     "def f(n):\n    i = 0\n    while i < n:\n        i += 1"),
    ("empty-range", "def f(a):\n    return [a[i] for i in range(len(a) - 1, 0)]",
     "def f(a):\n    return [a[i] for i in range(len(a) - 1, 0, -1)]"),
    ("index-past-end", "def f(a):\n    return a[len(a)]", "def f(a):\n    return a[len(a) - 1]"),
    ("index-past-end", "def f(a):\n    for i in range(len(a)):\n        print(a[i + 1])",
     "def f(a):\n    for i in range(len(a) - 1):\n        print(a[i + 1])"),
    ("index-past-end", "def f(a):\n    for i in range(len(a) + 1):\n        print(a[i])",
     "def f(a):\n    for i in range(len(a) + 1):\n        if i < len(a):\n            print(a[i])"),
    ("changed-while-walked", "def f(a):\n    for x in a:\n        if x:\n            a.remove(x)",
     "def f(a):\n    for x in a:\n        if x:\n            a.remove(x)\n            break"),
    ("shadowed-loop-variable",
     "def f(a):\n    for i in a:\n        for i in range(3):\n            g(i)\n        g(i)",
     "def f(a):\n    for i in a:\n        for j in range(3):\n            g(j)\n        g(i)"),
    ("swapped-arguments", "def g(width, height): ...\ndef f(width, height):\n    g(height, width)",
     "def g(width, height): ...\ndef f(width, height):\n    g(width, height)"),
    ("swapped-arguments", "def g(low, high): ...\ndef f(low, high):\n    g(high, low)",
     "def g(low, high): ...\ndef f(low, high):\n    if low > high:\n        g(high, low)"),
    ("swapped-arguments", "def f(x):\n    return isinstance(str, x)",
     "def f(x):\n    return isinstance(x, str)"),
    ("swapped-names", "def f(a):\n    for item, i in enumerate(a):\n        g(item, i)",
     "def f(a):\n    for i, item in enumerate(a):\n        g(item, i)"),
    ("swapped-names", "def f(names, ages):\n    return [g(name, age) for name, age in zip(ages, names)]",
     "def f(names, ages):\n    return [g(name, age) for name, age in zip(names, ages)]"),
    ("flag-as-count", "import re\nre.sub('a', 'b', s, re.I)", "import re\nre.sub('a', 'b', s, flags=re.I)"),
    ("absolute-join", "import os\nos.path.join(a, '/b')", "import os\nos.path.join('/b', a)"),
    ("result-lost", "def f():\n    s = 'a'\n    s.upper()\n    return s",
     "def f():\n    s = 'a'\n    s = s.upper()\n    return s"),
    ("nothing-returned", "def f(a):\n    b = sorted(a)\n    return b.reverse()",
     "def f(a):\n    b = sorted(a)\n    b.reverse()\n    return b"),
    ("missing-await", "async def g(): ...\nasync def f():\n    g()",
     "async def g(): ...\nasync def f():\n    await g()"),
    ("called-too-early", "from threading import Thread\ndef g(): ...\nThread(target=g())",
     "from threading import Thread\ndef g(): ...\nThread(target=g)"),
    ("shared-default", "def f(a, b=[]):\n    b.append(a)\n    return b",
     "def f(a, b=None):\n    b = b or []\n    b.append(a)\n    return b"),
    ("position-as-truth", "def f(s):\n    if s.find('x'):\n        return 1",
     "def f(s):\n    if s.find('x') >= 0:\n        return 1"),
    ("unreachable", "def f(a):\n    return a\n    g(a)", "def f(a):\n    g(a)\n    return a"),
    ("unreachable", "def f(a):\n    for x in a:\n        continue\n        g(x)",
     "def f():\n    return\n    yield"),
    ("missing-return", "def f(a) -> int:\n    if a:\n        return 1",
     "def f(a) -> int | None:\n    if a:\n        return 1"),
    ("handler-never-reached",
     "try:\n    f()\nexcept Exception:\n    a()\nexcept ValueError:\n    b()",
     "try:\n    f()\nexcept ValueError:\n    b()\nexcept Exception:\n    a()"),
    ("counted-in-memory", "from django.db import models\ndef f(o):\n    return len(o.items.all())",
     "from django.db import models\ndef f(o):\n    return o.items.count()"),
    ("lost-update", "from django.db import models\ndef f(p):\n    p.n += 1\n    p.save()",
     "from django.db import models\ndef f(p):\n    p.n = models.F('n') + 1\n    p.save()"),
    ("reversed-operator", "def f(n):\n    n =+ 1\n    return n", "def f(n):\n    n = +1\n    return n"),
]  # fmt: skip


def rules(code: str) -> set[str]:
    file = pyfile.read("a.py", textwrap.dedent(code) + "\n")
    assert file is not None, "the case itself must parse"
    found = analyse(file)
    assert all(finding.stands(f, file.text) for f in found), "every quote stands at its place"
    return {f.rule for f in found}


@pytest.mark.parametrize(("rule", "wrong", "right"), PAIRS)
def test_the_mistake_is_told_and_its_twin_is_not(rule: str, wrong: str, right: str) -> None:
    assert rule in rules(wrong)
    assert rules(right) == set()
