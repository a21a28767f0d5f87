"""Python's own parser, for one text at a time.

Threads that parse at the same moment disturb each other in CPython before 3.11.8 and 3.12.2: the
parser then raises SystemError ("AST constructor recursion depth mismatch"). The interpreter's lock
lets only one of them work anyway, so waiting costs nothing. Filters of warnings are shared too.
"""

import ast
import threading
import warnings

_ONE = threading.Lock()
_TRIES = 5
"""Somebody else's code may still parse at the same moment."""


def parse(text: str) -> ast.Module:
    """The tree. Raises SyntaxError, ValueError, RecursionError or MemoryError as ``ast.parse``."""
    for _ in range(_TRIES - 1):
        try:
            return _parsed(text)
        except SystemError:
            continue
    return _parsed(text)


def _parsed(text: str) -> ast.Module:
    with _ONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
