"""Files in newer syntax are read with every character in its place."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samokoder.agents.review import newsyntax, pyfile

NEWER = [
    "x = f'{', '.join(a)}'",
    'x = f"{d["key"]} and {d["other"]!r:>{w["n"]}}"',
    "x = f'{b.replace('\\'', '&apos;')}'",
    "x = f'{f'{a}'}'",
    "x = f'{a:{'>'}10}' + 'b' f\"{\"c\"}\"",
    "x = f'''{'''a'''}'''",
    "def f[T](x: T) -> T:\n    return x",
    "class A[T]:\n    pass",
    "x = f'{a != 'b'}'",
    "x = rf'\\d{'a'}'",
]
PLAIN = [
    "x = 'f{' + \"it's\" # '{\ny = f'{a}'",
    "x = f'{{not a field}}'",
    "x = '''a\n'b' {c}\n'''",
    "x = f''",
]


@pytest.mark.parametrize("code", NEWER)
def test_what_newer_parsers_read_is_read(code: str) -> None:
    text = (
        f"é = 1; {code}\nz = 1\n" if not code.startswith(("def", "class")) else f"{code}\nz = 1\n"
    )
    readable = newsyntax.readable(text)
    assert len(readable) == len(text)
    assert readable.count("\n") == text.count("\n")
    ast.parse(readable)
    file = pyfile.read("a.py", text)
    assert file is not None
    assert file.place(file.tree.body[-1]).quote == "z = 1", "what follows stands where it stood"


@pytest.mark.parametrize("code", PLAIN)
def test_what_every_parser_reads_keeps_its_meaning(code: str) -> None:
    assert ast.dump(ast.parse(newsyntax.readable(code))) == ast.dump(ast.parse(code))


@given(st.text(alphabet="f'\"{}:!\\ab \n#[]()=", max_size=60))
def test_length_and_lines_never_change(text: str) -> None:
    readable = newsyntax.readable(text)
    assert len(readable) == len(text)
    assert [len(x) for x in readable.split("\n")] == [len(x) for x in text.split("\n")]


def test_what_nobody_can_read_is_no_file() -> None:
    assert pyfile.read("a.py", "def (:\n") is None
    assert pyfile.read("a.py", "x = '\0'") is None
    assert pyfile.read("a.py", "(" * 5000) is None
    assert pyfile.read("a.py", "x = 1\n" * (pyfile.LARGEST // 5)) is None
