"""Python is parsed in many threads at once without one of them failing."""

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from samokoder.agents import pysyntax

TEXT = "\n".join(
    f"def f{n}(x):\n    return [g(h(k(x + {n}))) for x in range({n})]\n" for n in range(60)
)


def test_threads_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: pysyntax.parse(TEXT), range(80)))
    assert {len(tree.body) for tree in trees} == {60}


def test_what_is_no_python_is_an_error_at_once() -> None:
    with pytest.raises(SyntaxError):
        pysyntax.parse("def (")
    assert isinstance(pysyntax.parse("'\\d'"), ast.Module), "a warning is none"
