"""Reading an answer: blocks and code in whatever prose, and nothing out of half an answer."""

import pytest

from samokoder.agents.edits.blocks import Code, Parsed, SearchReplace, parse

BLOCK = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
EDIT = SearchReplace("src/a.py", "old\n", "new\n")


def check(answer: str, *edits: SearchReplace, path: str = "") -> None:
    assert parse(answer, path=path) == Parsed(edits=edits)


@pytest.mark.parametrize(
    "answer",
    [
        f"src/a.py\n{BLOCK}",
        f"I will change it.\n\n**src/a.py**\n{BLOCK}Done: it works.\n",
        f"### `src/a.py`:\n\n{BLOCK}",
        f"File: src/a.py\n```python\n{BLOCK}```\n",
        f"src/a.py\n```\n{BLOCK}```\nThat is all.\n",
        f"```python\nsrc/a.py\n{BLOCK}```\n",
        f"```src/a.py\n{BLOCK}```\n",
        f"```python:src/a.py\n{BLOCK}```\n",
        f"# src/a.py\n{BLOCK}",
        f"src/a.py\n{BLOCK}".replace("\n", "\r\n"),
    ],
)
def test_a_block_in_any_dress(answer: str) -> None:
    check(answer, EDIT)


def test_several_blocks_keep_their_file() -> None:
    other = SearchReplace("b.py", "old\n", "new\n")
    check(f"src/a.py\n{BLOCK}\nand\n\n{BLOCK}\nb.py\n{BLOCK}", EDIT, EDIT, other)


def test_the_file_may_be_known_beforehand() -> None:
    check(BLOCK, EDIT, path="src/a.py")


def test_empty_sides() -> None:
    create = "n.py\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n"
    check(create, SearchReplace("n.py", "", "new\n"))
    delete = "n.py\n<<<<<<< SEARCH\nold\n=======\n>>>>>>> REPLACE\n"
    check(delete, SearchReplace("n.py", "old\n", ""))


def test_a_heading_underline_in_the_replacement_is_text() -> None:
    answer = "a.md\n<<<<<<< SEARCH\nold\n=======\nTitle\n=====\n>>>>>>> REPLACE\n"
    check(answer, SearchReplace("a.md", "old\n", "Title\n=====\n"))


@pytest.mark.parametrize(
    "answer",
    [
        "a.py\n<<<<<<< SEARCH\nold\n=======\nnew\n",
        "a.py\n<<<<<<< SEARCH\nold\n",
        "a.py\n<<<<<<< SEARCH\nold\n>>>>>>> REPLACE\n",
        f"a.py\n<<<<<<< SEARCH\nold\n{BLOCK}",
        "a.md\n<<<<<<< SEARCH\nA\n=======\nB\n=======\nC\n>>>>>>> REPLACE\n",
        "a.py\nold\n=======\nnew\n>>>>>>> REPLACE\n",
        "```python\ndef f():\n    return",
        BLOCK,
        "I cannot help with that.",
        "",
    ],
)
def test_what_is_cut_off_or_nameless_is_a_problem_not_an_edit(answer: str) -> None:
    parsed = parse(answer)
    assert parsed.problems
    assert not parsed.edits
    assert not parsed.code


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Here:\n```python\nx = 1\n```\n", Code("x = 1\n", "", "python")),
        ("```\nx = 1\n```\n", Code("x = 1\n")),
        ("~~~py\nx\n~~~\n", Code("x\n", "", "py")),
        ("src/a.py\n```python\nx\n```\n", Code("x\n", "src/a.py", "python")),
        ("```python src/a.py\nx\n```\n", Code("x\n", "src/a.py", "python")),
        ("````md\n```\nx\n```\n````\n", Code("```\nx\n```\n", "", "md")),
        ("Use `f` like this.\n```python\nx\n```\n", Code("x\n", "", "python")),
    ],
)
def test_fenced_code(answer: str, expected: Code) -> None:
    assert parse(answer) == Parsed(code=(expected,))
