"""Calls with which versions of a module are compared: those the claims make, and like ones.

What a version answers to them says more than whether a claim holds: claims are guesses about
results, answers are results.
"""

import ast
from collections.abc import Collection, Iterator, Sequence

from samokoder.agents.generate.small.claims import called

_MOST = 10
"""Calls of one function, and as many like them."""


def calls(claims: Sequence[str], names: Collection[str]) -> tuple[str, ...]:
    """Calls the claims make of the module's functions, with plain values; each once."""
    found: dict[str, dict[str, None]] = {}
    for claim in claims:
        call = called(claim, names)
        if call is not None and _plain(call):
            found.setdefault(ast.unparse(call.func), {})[ast.unparse(call)] = None
    return tuple(text for mine in found.values() for text in list(mine)[:_MOST])


def like(made: Sequence[str]) -> tuple[str, ...]:
    """Calls like these, with one value changed: empty, doubled, turned round, one more."""
    found: dict[str, dict[str, None]] = {}
    for text in made:
        for other in _changed(text):
            found.setdefault(other.partition("(")[0], {})[other] = None
    mine = [text for ones in found.values() for text in [t for t in ones if t not in made][:_MOST]]
    return tuple(mine)


def inverses(claims: Sequence[str], one: str, other: str) -> tuple[str, ...]:
    """Where two functions undo each other: claims that going there and back changes nothing."""
    found: dict[str, None] = {}
    for name, back in ((one, other), (other, one)):
        mine = [c for claim in claims if (c := _compared(claim, name)) is not None]
        for call in mine[:_MOST]:
            first, *rest = (ast.unparse(a) for a in call.args)
            again = ", ".join([ast.unparse(call), *rest])
            found[f"assert {back}({again}) == {first}"] = None
    return tuple(found)


def _compared(claim: str, name: str) -> ast.Call | None:
    """The call of a claim that says what it returns."""
    statement = ast.parse(claim).body[0]
    test = statement.test if isinstance(statement, ast.Assert) else None
    left = test.left if isinstance(test, ast.Compare) else None
    if not isinstance(left, ast.Call) or not isinstance(left.func, ast.Name):
        return None
    return left if left.func.id == name and left.args and _plain(left) else None


def _plain(call: ast.Call) -> bool:
    """Only literals go in, by position."""
    if call.keywords:
        return False
    try:
        for argument in call.args:
            ast.literal_eval(argument)
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


def _changed(text: str) -> Iterator[str]:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    values = [ast.literal_eval(a) for a in call.args]
    for place, value in enumerate(values):
        for other in _others(value):
            words = [repr(v) for v in (*values[:place], other, *values[place + 1 :])]
            yield f"{ast.unparse(call.func)}({', '.join(words)})"


def _others(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, 0, -value)
    if isinstance(value, float):
        return (value + 0.5, -value)
    if isinstance(value, str):
        return ("", value + value, value[::-1], value.swapcase())
    if isinstance(value, list | tuple):
        make, found = type(value), list(value)
        return (make(), make(found[::-1]), make(found + found[:1]))
    return ()
