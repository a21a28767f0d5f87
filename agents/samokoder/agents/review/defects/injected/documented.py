"""Examples of the documentation of one module, as tests."""

from __future__ import annotations

import importlib
import math
import types
import unittest
from typing import Any

MODULE = ""
EXAMPLES: list[Any] = []


def plain(value: Any) -> Any:
    if isinstance(value, (types.GeneratorType, range, map, filter, zip, list, tuple)):
        return [plain(v) for v in value]
    return value


def same(got: Any, want: Any) -> bool:
    if isinstance(got, bool) or isinstance(want, bool):
        return bool(got == want)
    if isinstance(got, (int, float)) and isinstance(want, (int, float)):
        return math.isclose(got, want, rel_tol=1e-4, abs_tol=1e-6)
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(map(same, got, want))
    return bool(got == want)


def agrees(got: Any, text: str, names: dict[str, Any]) -> bool:
    """Whether a result is what the text says."""
    if " ".join(repr(got).split()) == " ".join(text.split()) or str(got) == text:
        return True
    try:
        want = eval(text, names)
    except Exception:  # noqa: BLE001  words are no value: they say nothing
        return True
    got, want = plain(got), plain(want)
    many = isinstance(got, (list, dict, set)), isinstance(want, (list, dict, set))
    if many[0] != many[1] and got is not None and want is not None:
        return True  # one item of many, as in a formula: it speaks of something else
    return same(got, want)


class DocumentedExamples(unittest.TestCase):
    def example(self, steps: Any) -> None:
        try:
            names = dict(vars(importlib.import_module(MODULE)))
        except ImportError as error:
            self.skipTest(str(error))
        for source, want in steps:
            if want is None:
                exec(source, names)
                continue
            got = eval(source, names)
            if not agrees(got, want, names):
                self.fail(f"{source} is said to be {want} but is {str(plain(got))[:300]}")


def _test(steps: Any) -> Any:
    return lambda self: self.example(steps)


for _line, _steps in EXAMPLES:
    setattr(DocumentedExamples, f"test_line_{_line}", _test(_steps))

if __name__ == "__main__":
    unittest.main()
