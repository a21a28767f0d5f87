"""Mistakes in JavaScript and TypeScript, each with a twin that is right."""

import pytest

from samokoder.agents.review import finding
from samokoder.agents.review.defects.scripts import analyse

PAIRS = [
    ("same-operands", "const x = a.b === a.b;", "const x = a.b === c.b;"),
    ("same-operands", "const x = a || a;", "const x = f() || f();"),
    ("compared-with-nan", "if (x === NaN) f();", "if (Number.isNaN(x)) f();"),
    ("impossible-type", "if (typeof x === 'strng') f();", "if (typeof x === 'string') f();"),
    (
        "misread-precedence",
        "const m = argv.yolo || false ? A : B;",
        "const m = (argv.yolo || argv.y) ? A : B;",
    ),
    ("always-true", "if (x !== 1 || x !== 2) f();", "if (x !== 1 && x !== 2) f();"),
    ("never-true", "if (x === 1 && x === 2) f();", "if (x === 1 || x === 2) f();"),
    (
        "repeated-test",
        "if (a) f(); else if (b) g(); else if (a) h();",
        "if (a) f(); else if (b) g();",
    ),
    ("assignment-as-test", "if (a = 1) f();", "if ((a = g())) f();"),
    (
        "repeated-case",
        "switch (a) { case 1: f(); break; case 1: g(); }",
        "switch (a) { case 1: f(); break; case 2: g(); }",
    ),
    ("repeated-key", "const o = {a: 1, b: 2, a: 3};", "const o = {a: 1, ...p, a: 3};"),
    (
        "unreachable",
        "function f() { return 1; g(); }",
        "function f() { return g(); function g() { return 1; } }",
    ),
    ("loop-moves-away", "for (let i = 0; i < n; i--) f(i);", "for (let i = n; i > 0; i--) f(i);"),
    (
        "index-past-end",
        "for (let i = 0; i <= a.length; i++) { f(a[i]); }",
        "for (let i = 0; i < a.length; i++) { f(a[i]); }",
    ),
    ("missing-await", "a.forEach(async (x) => { await f(x); });", "a.forEach((x) => { f(x); });"),
]


@pytest.mark.parametrize("path", ["a.js", "a.ts", "a.tsx"])
@pytest.mark.parametrize(("rule", "wrong", "right"), PAIRS)
def test_the_mistake_is_told_and_its_twin_is_not(
    path: str, rule: str, wrong: str, right: str
) -> None:
    code = f"// öäü 𝒳\nconst s = '𝒳'; {wrong}\n"
    found = analyse(path, code)
    assert [f.rule for f in found] == [rule]
    assert all(finding.stands(f, code) for f in found), "every quote stands at its place"
    assert analyse(path, right) == ()


def test_broken_files_are_read_as_far_as_they_parse() -> None:
    code = "const x = a === a;\nfunction (((\n"
    assert [f.line for f in analyse("a.js", code)] in ([1], [])
