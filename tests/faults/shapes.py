"""The runs that are killed: a broken program, what the scripted model says, what is asked."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FILES = 12
CHECK = f"{sys.executable} -m unittest -q"


@dataclass(frozen=True)
class Shape:
    """``files`` are the workspace, ``rules`` the model's script, ``fix`` arguments of the fix.

    ``held`` are files that are open in the editor; ``undo``: it is the undo of the fix that is
    killed. ``late`` are seconds for which the new daemon is up before the editor is back.
    """

    name: str
    files: Mapping[str, str]
    rules: tuple[Mapping[str, Any], ...]
    fix: Mapping[str, Any] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    undo: bool = False
    late: float = 0.0


def _module(n: int) -> str:
    return f'"""Number {n}."""\n\n\ndef times{n:02}(x):\n    y = x ** {n}\n    return y\n'


def _block(n: int) -> str:
    return (
        f"mod{n:02}.py\n<<<<<<< SEARCH\n    y = x ** {n}\n=======\n    y = x * {n}\n"
        ">>>>>>> REPLACE\n"
    )


def _test(*numbers: int) -> str:
    imports = "".join(f"from mod{n:02} import times{n:02}\n" for n in numbers)
    found = ", ".join(f"times{n:02}(7)" for n in numbers)
    return (
        f"import unittest\n\n{imports}\n\nclass T(unittest.TestCase):\n"
        f"    def test_{numbers[0]:02}(self):\n"
        f"        self.assertEqual([{found}], {[7 * n for n in numbers]})\n"
    )


NUMBERS = range(2, FILES + 2)
MODULES = {f"mod{n:02}.py": _module(n) for n in NUMBERS}

ONE = Shape(
    "one file",
    {"mod02.py": _module(2), "test_all.py": _test(2)},
    ({"answer": _block(2)},),
)
MANY = Shape(
    "12 files in one change",
    {**MODULES, "test_all.py": _test(*NUMBERS)},
    ({"answer": "\n".join(map(_block, NUMBERS))},),
)
EACH = Shape(
    "12 changes of a file each",
    {**MODULES, **{f"test_{n:02}.py": _test(n) for n in NUMBERS}},
    tuple({"match": f"Failing: test_{n:02}.T", "answer": _block(n)} for n in NUMBERS),
    {"all": True},
)
HELD = Shape("one file, open in an editor", ONE.files, ONE.rules, held=("mod02.py",))
LATE = Shape("one file, in an editor that is late", ONE.files, ONE.rules, held=HELD.held, late=0.7)
SOME_HELD = Shape(
    "12 files, 3 open in an editor",
    MANY.files,
    MANY.rules,
    held=("mod02.py", "mod07.py", "mod13.py"),
)
UNDO = Shape("undo of 12 files", MANY.files, MANY.rules, undo=True)
UNDO_HELD = Shape(
    "undo of 12 files, 3 open", MANY.files, MANY.rules, held=SOME_HELD.held, undo=True
)
SHAPES = (ONE, MANY, EACH, HELD, LATE, SOME_HELD, UNDO, UNDO_HELD)
