"""What the grammars find in a file of each language."""

import pytest

from samokoder.agents.context.tags import LARGEST, NOTHING, is_test, tags_of

CASES: dict[str, tuple[str, set[str], set[str], set[str]]] = {
    # path: text, definitions (kind qualified-name), names called, modules imported
    "a.py": (
        "import os.path\nfrom pkg.mod import Foo\nfrom .near import x\nLIMIT = 3\n"
        "class A(Foo):\n    def m(self, a: Foo) -> int:\n        return bar(a).baz(LIMIT)\n\n"
        "@deco\nasync def bar(q):\n    def inner():\n        return A()\n    return inner\n",
        {"constant LIMIT", "class A", "function A.m", "function bar", "function bar.inner"},
        {"bar", "baz", "deco", "A"},
        {"os/path", "pkg/mod", "near"},
    ),
    "a.js": (
        "import {q} from './q.js';\nconst z = require('../lib/z');\nexport const K = 1;\n"
        "const f = (a) => g(a);\n"
        "export default class A extends B {\n  m(x) { return new C(x.y()); }\n}\n"
        "function g(z) { return q(z, f); }\n",
        {"constant K", "constant z", "function f", "class A", "function A.m", "function g"},
        {"g", "C", "y", "q", "require"},
        {"q", "lib/z"},
    ),
    "a.jsx": (
        "export function App() { return <Foo a={1}><Bar/></Foo>; }\n",
        {"function App"},
        {"Foo", "Bar"},
        set(),
    ),
    "a.ts": (
        "import type { P } from './types';\ninterface I { m(): void }\ntype T = I | null;\n"
        "enum E { A }\nexport abstract class A<T> implements I {\n  abstract z(): void;\n"
        "  m(x: T): E { return f(x); }\n}\nexport const k: T = null;\n",
        {"type I", "type T", "type E", "class A", "function A.z", "function A.m", "constant k"},
        {"f"},
        {"types"},
    ),
    "a.tsx": ("export const App = (p: P) => <Foo/>;\n", {"function App"}, {"Foo"}, set()),
    "a.go": (
        'package m\nimport "example.org/app/store"\nconst K = 1\ntype S struct { a T }\n'
        "func (s *S) M(x int) error { return f(x) }\nfunc f(x int) error { return store.H(x) }\n",
        {"constant K", "type S", "function S.M", "function f"},
        {"f", "H"},
        {"example.org/app/store"},
    ),
    "a.rs": (
        "use crate::a::B;\nmod m { pub fn f() {} }\nstruct S { b: B }\n"
        "impl S {\n    fn n(&self) -> i32 { f(self.q()) }\n}\n"
        "impl<T> Tr for G<T> { fn o(&self) { p!(1) } }\n"
        "trait Tr { fn t(&self); }\nconst K: i32 = 1;\n",
        {"module m", "function m.f", "class S", "function S.n", "function G.o", "type Tr"}
        | {"function Tr.t", "constant K"},
        {"f", "q", "p"},
        {"a/B", "a"},
    ),
    "A.java": (
        "import org.x.D;\nclass A extends B {\n  A() {}\n  int m(D d) { return f(d).g(new H()); }\n"
        "  interface I { void q(); }\n}\n",
        {"class A", "function A.A", "function A.m", "type A.I", "function A.I.q"},
        {"f", "g", "H"},
        {"org/x/D", "org/x"},
    ),
    "a.c": (
        '#include "lib/b.h"\n#define K 1\n#define F(x) (x)\ntypedef struct { int a; } P;\n'
        "struct S { int b; };\nint *f(struct S *s) { return g(F(K)); }\n"
        "int main(void) { return 0; }\n",
        {"constant K", "function F", "type P", "type S", "function f", "function main"},
        {"g", "F"},
        {"lib/b"},
    ),
    "a.cpp": (
        "namespace n { class A { public: int m(int x) { return f(x); } int d(); }; }\n"
        "int n::A::d() { return g(); }\nA& h() { return *new A(); }\n",
        {"module n", "class n.A", "function n.A.m", "function n.A.d", "function h"},
        {"f", "g", "A"},
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", CASES)
def test_definitions_and_references(path: str) -> None:
    text, definitions, called, modules = CASES[path]
    tags = tags_of(path, text.encode())
    assert {f"{d.kind} {d.qualified}" for d in tags.definitions} == definitions
    assert {r.name for r in tags.references if r.called} == called
    assert modules <= tags.modules
    lines = [d.line for d in tags.definitions]
    assert all(1 <= d.line <= d.end <= text.count("\n") + 1 for d in tags.definitions)
    assert lines == sorted(lines)


def test_lines_and_signatures() -> None:
    text = "\n\n@one\n@two\ndef f(\n    a: int,\n    b: str = 'x',\n) -> None:\n    pass\n"
    (found,) = tags_of("a.py", text.encode()).definitions
    assert (found.line, found.end) == (5, 9)
    assert found.signature == "def f( a: int, b: str = 'x', ) -> None"


def test_the_value_of_a_constant_is_not_shown() -> None:
    """It may be a secret, and it may be long."""
    (found,) = tags_of("a.py", b"KEY = 'hunter2'\n").definitions
    assert found.signature == "KEY"


def test_what_cannot_be_parsed_gives_what_could_be_read() -> None:
    tags = tags_of("a.py", b"def good():\n    pass\n\ndef bad(:\n\nclass Fine:\n    pass\n")
    assert {"good", "Fine"} <= {d.name for d in tags.definitions}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.txt", b"def f(): pass"),
        ("a.py", b"\0\0def f(): pass"),
        ("a.py", b"x = 1\n" * (LARGEST // 6 + 1)),
        ("Makefile", b"all:\n"),
    ],
)
def test_what_is_no_source_has_no_tags(path: str, data: bytes) -> None:
    assert tags_of(path, data) == NOTHING


def test_not_even_utf_8_breaks_it() -> None:
    tags = tags_of("a.py", "def функция():\n    return 'ж'\n".encode() + b"# \xff\xfe\n")
    assert [d.name for d in tags.definitions] == ["функция"]


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/a.py", True),
        ("src/test_a.py", True),
        ("src/a_test.go", True),
        ("web/a.spec.ts", True),
        ("web/a.test.js", True),
        ("src/contest.py", False),
        ("src/attestation.py", False),
        ("latest/a.py", False),
    ],
)
def test_tests_are_told_from_the_rest(path: str, test: bool) -> None:
    assert is_test(path) is test
