"""Mutants: the right one is among the first, and every one parses."""

import ast

import pytest

from samokoder.agents.repair.mutation import tokens
from samokoder.agents.repair.mutation.mutants import mutants

CASES = {
    "comparison": ("if n < 3:", "if n <= 3:", 10),
    "operator": ("total = a - b", "total = a + b", 10),
    "index": ("first = items[i]", "first = items[i + 1]", 25),
    "boolean": ("ok = a and b", "ok = a or b", 10),
    "not": ("return not a", "return a", 10),
    "range": ("for i in range(n):", "for i in range(n + 1):", 20),
    "swapped": ("return power(b, a)", "return power(a, b)", 15),
    "constant": ("limit = 9", "limit = 10", 8),
    "any": ("return any(items)", "return all(items)", 12),
    "variable": ("return a * a", "return a * b", 25),
    "augmented": ("n -= 1", "n += 1", 8),
    "break": ("break", "continue", 6),
    "while": ("while True:", "while items:", 25),
    "yield": ("yield walk(a)", "yield a", 12),
    "argument": ("b = f(a, n)", "b = f(a, n - i)", 120),
}


@pytest.mark.parametrize("name", CASES)
def test_the_right_mutant_is_near_the_top(name: str) -> None:
    line, right, within = CASES[name]
    body = f"    {line}\n" + ("        pass\n" if line.endswith(":") else "")
    if line == "break":
        body = "    for x in items:\n        break\n"
    text = f"def f(a, b, n, i, items):\n{body}    return a\n"
    number = 3 if line == "break" else 2
    found = mutants("m.py", text, {number: 1.0}, 500)
    wanted = text.replace(line, right, 1)
    texts = [m.text for m in found]
    assert wanted in texts
    assert texts.index(wanted) < within
    for mutant in found:
        ast.parse(mutant.text)
    assert len(set(texts)) == len(texts)


def test_only_suspicious_lines_change() -> None:
    text = "def f(a, b):\n    c = a + b\n    return c - 1\n"
    for mutant in mutants("m.py", text, {3: 1.0}, 500):
        assert "c = a + b" in mutant.text or "a + b" in mutant.text


TOKENS = {
    "semicolon": ("  int a\n  int b ;\n", 1, 8, "expected ‘;’ before ‘int’", "int a ;"),
    "undeclared loop variable": (
        "  for ( i = 0 ; i < 3 ; i ++ ) {\n", 1, 9,
        "‘i’ was not declared in this scope", "for ( int i = 0",
    ),
    "declared twice": ("  int n , m , n ;\n", 1, 15, "redeclaration of ‘int n’", "int n , m ;"),
    "doubled comma": (
        "  int a , , b ;\n", 1, 11, "expected unqualified-id before ‘,’ token", "int a , b ;",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_token_edits_of_cpp(name: str) -> None:
    text, line, column, message, right = TOKENS[name]
    found = sorted(tokens.edits(text, line, column, message), key=lambda e: -e[0])
    wanted = right.split()
    assert any(" ".join(wanted) in " ".join(new.split()) for _, new, _ in found[:6])
